package controlplane

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
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

// shutdownGrace is between SIGTERM and SIGKILL. The server refuses new
// connections then and waits for its watches, up to a minute and in vain, since
// nobody ends them; what else is under way ends within it.
const shutdownGrace = 2 * time.Second

// RestartAPIServer stops kube-apiserver as a rolling update does, with SIGTERM,
// and starts it again on the same port with the same database. It returns when
// the server, the aggregated API and the webhooks answer again (after
// StopVirtAPI, the server alone). Clients see their watches end and connections
// refused for some seconds.
//
// virt-api and virt-controller reconnect by themselves. They are frozen while
// there is no server, as otherwise the pauses between their attempts would
// grow, and machines stand still long after the return. The simulated nodes are
// replaced by new ones with the same names.
func (c *ControlPlane) RestartAPIServer(ctx context.Context) error {
	c.operation.Lock()
	defer c.operation.Unlock()
	if c.stopped {
		return errStopped
	}
	if err := c.swapAPIServer(ctx); err != nil {
		return fmt.Errorf("restart the API server: %w", err)
	}
	if err := c.startNodes(ctx); err != nil {
		return fmt.Errorf("restart the nodes: %w", err)
	}
	if c.virtAPIDown {
		return nil
	}
	return c.serving(ctx)
}

// swapAPIServer has the new server initialised before it stops the old one.
func (c *ControlPlane) swapAPIServer(ctx context.Context) error {
	next := c.newProcess(apiServerName, c.apiServerArgs()...)
	if err := next.start(); err != nil {
		return err
	}
	if err := next.until(ctx, "it is initialised", next.held); err != nil {
		next.stop(0)
		return err
	}
	err := c.nodes.stop(ctx)
	c.apiServer.stop(shutdownGrace)
	c.apiServer = next
	others := []*process{c.virtAPI, c.virtController}
	for _, other := range others {
		other.send(syscall.SIGSTOP)
		defer other.send(syscall.SIGCONT)
	}
	return errors.Join(err, next.release(), c.apiServerReady(ctx))
}

var errStopped = errors.New("the control plane is stopped")
