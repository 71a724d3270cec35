package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// Users and servers of the control plane, by the names their peers check.
const (
	proxyUser      = "shepherd-e2e-front-proxy"
	virtAPIUser    = "system:serviceaccount:kubevirt:kubevirt-apiserver"
	controllerUser = "system:serviceaccount:kubevirt:kubevirt-controller"
	// handlerServer and handlerClient are the two ends of virt-api's
	// connection to virt-handler.
	handlerServer = "kubevirt.io:system:node:virt-handler"
	handlerClient = "kubevirt.io:system:client:virt-handler"
	// virtAPIHost is the name the API server asks virt-api's certificate for.
	virtAPIHost = "virt-api.kubevirt.svc"
)

func serviceAccountGroups() []string {
	return []string{"system:serviceaccounts", "system:serviceaccounts:" + Namespace}
}

func (c *ControlPlane) virtAPIArgs() []string {
	return []string{
		"--kubeconfig=" + filepath.Join(c.dir, "virt-api.kubeconfig"),
		"--listen=127.0.0.1",
		fmt.Sprint("--port=", c.ports.virtAPI),
		fmt.Sprint("--console-server-port=", c.ports.handler),
		"--tls-cert-file=" + filepath.Join(c.dir, "virt-api.crt"),
		"--tls-key-file=" + filepath.Join(c.dir, "virt-api.key"),
		"--handler-cert-file=" + filepath.Join(c.dir, "handler-client.crt"),
		"--handler-key-file=" + filepath.Join(c.dir, "handler-client.key"),
	}
}

func (c *ControlPlane) virtControllerArgs() []string {
	return []string{
		"--kubeconfig=" + filepath.Join(c.dir, "virt-controller.kubeconfig"),
		"--listen=127.0.0.1",
		fmt.Sprint("--port=", c.ports.virtController),
		"--launcher-image=" + registry + "/virt-launcher:" + KubeVirtVersion,
		"--exporter-image=" + registry + "/virt-exportserver:" + KubeVirtVersion,
		"--prom-cert-file=" + filepath.Join(c.dir, "virt-controller.crt"),
		"--prom-key-file=" + filepath.Join(c.dir, "virt-controller.key"),
		// With the usual 15 s it would give up, and exit, while the API server
		// restarts on a busy machine. Nobody else competes for the lease, and
		// a restarted virt-controller is the same holder.
		"--leader-elect-lease-duration=120s",
		"--leader-elect-renew-deadline=100s",
	}
}

// probe answers nil when the page says 200 and its body contains the text.
func (c *ControlPlane) probe(page, text string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
		if err != nil {
			return fmt.Errorf("make a probe: %w", err)
		}
		answer, err := c.prober.Do(request)
		if err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
		if err != nil {
			return fmt.Errorf("read the probe's answer: %w", err)
		}
		if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), text) {
			return fmt.Errorf("probe %s: %s: %s", page, answer.Status, body)
		}
		return nil
	}
}

// newProber trusts the authority only. It keeps no connection open, so that
// nothing has to be closed with it.
func newProber(ca *authority) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}}
}
