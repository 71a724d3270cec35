package controlplane

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
)

// advertised is the address the API server believes others reach it at. It
// refuses a loopback address; this one is reserved for documentation, and no
// one dials it because the server is told not to publish its endpoints.
const advertised = "192.0.2.1"

func (c *ControlPlane) apiServerArgs() []string {
	file := func(name string) string { return filepath.Join(c.dir, name) }
	args := []string{
		"--etcd-servers=http://" + loopback(c.ports.etcd),
		"--bind-address=127.0.0.1",
		fmt.Sprint("--secure-port=", c.ports.apiServer),
		"--advertise-address=" + advertised,
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=198.51.100.0/24",
		"--cert-dir=" + c.dir,
		"--tls-cert-file=" + file("apiserver.crt"),
		"--tls-private-key-file=" + file("apiserver.key"),
		"--client-ca-file=" + file("ca.crt"),
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		"--service-account-issuer=https://" + loopback(c.ports.apiServer),
		"--service-account-signing-key-file=" + file("serviceaccount.key"),
		"--service-account-key-file=" + file("serviceaccount.key"),
		"--requestheader-client-ca-file=" + file("ca.crt"),
		"--requestheader-allowed-names=" + proxyUser,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + file("proxy.crt"),
		"--proxy-client-key-file=" + file("proxy.key"),
	}
	return append(args, c.opts.APIServerArgs...)
}

// apiServerReady returns when the server answers its readiness probe.
func (c *ControlPlane) apiServerReady(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	return c.apiServer.until(ctx, "it is ready", func(ctx context.Context) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// RestartAPIServer stops kube-apiserver as a rolling update does, with SIGTERM,
// and starts it again on the same port with the same database. It returns when
// the server, the aggregated API and the webhooks answer again (after
// StopVirtAPI, the server alone). Clients see
// their watches end and connections refused for about six seconds; virt-api,
// virt-controller and the nodes reconnect by themselves.
func (c *ControlPlane) RestartAPIServer(ctx context.Context) error {
	c.operation.Lock()
	defer c.operation.Unlock()
	if c.stopped {
		return errStopped
	}
	c.apiServer.stop(10 * time.Second)
	if err := errors.Join(c.apiServer.start(), c.apiServerReady(ctx)); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	if c.virtAPIDown {
		return nil
	}
	return c.serving(ctx)
}

var errStopped = errors.New("the control plane is stopped")
