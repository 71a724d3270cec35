package controlplane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// ControlPlane is a running Kubernetes and KubeVirt control plane. Its methods
// may be called concurrently.
type ControlPlane struct {
	opts   Options
	logger *slog.Logger
	dir    string
	ports  struct{ etcd, etcdPeer, apiServer, virtAPI, virtController, handler int }

	ca         *authority
	admin      *rest.Config
	kubeconfig []byte
	prober     *http.Client

	etcd                               database
	apiServer, virtAPI, virtController *process

	nodes nodes

	operation   sync.Mutex // one start, stop or restart at a time
	stopped     bool
	virtAPIDown bool // StopVirtAPI was called
}

// Start brings up a control plane and returns when everything answers: the
// API server, virt-api behind the aggregation layer, its webhooks,
// virt-controller and the simulated nodes. That takes about ten seconds.
//
// ctx bounds the start only; the control plane then runs until Stop. When
// Start fails it leaves nothing behind. Every binary that calls Start must
// have called RunChild before.
func Start(ctx context.Context, opts Options) (*ControlPlane, error) {
	c := &ControlPlane{opts: opts.withDefaults()}
	c.logger = c.opts.Logger
	started := time.Now()
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the control plane: %w", err), c.Stop(context.WithoutCancel(ctx)))
	}
	c.logger.Info("control plane is ready", "after", time.Since(started).Round(time.Millisecond), "server", c.admin.Host)
	return c, nil
}

func (c *ControlPlane) start(ctx context.Context) error {
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"prepare", c.prepare},
		{"etcd", c.startEtcd},
		{"kube-apiserver", c.firstAPIServer},
		{"KubeVirt's definitions", c.installDefinitions},
		{"virt-api and virt-controller", c.startKubeVirt},
		{"nodes", c.startNodes},
		{"readiness", c.serving},
	}
	for _, step := range steps {
		begin := time.Now()
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		c.logger.Debug("step done", "step", step.name, "took", time.Since(begin).Round(time.Millisecond))
	}
	return nil
}

// prepare makes the directory, draws the ports and writes all keys.
func (c *ControlPlane) prepare(context.Context) error {
	dir, err := os.MkdirTemp(c.opts.Dir, "shepherd-e2e-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	c.dir = dir
	taken := map[int]bool{}
	for _, port := range []*int{
		&c.ports.etcd, &c.ports.etcdPeer, &c.ports.apiServer,
		&c.ports.virtAPI, &c.ports.virtController, &c.ports.handler,
	} {
		if *port, err = freePort(taken); err != nil {
			return err
		}
	}
	if c.ca, err = newAuthority(); err != nil {
		return err
	}
	c.prober = newProber(c.ca)
	if err := c.writeKeys(); err != nil {
		return err
	}
	c.apiServer = c.newProcess(apiServerName, c.apiServerArgs()...)
	c.virtAPI = c.newProcess(virtAPIName, c.virtAPIArgs()...)
	c.virtController = c.newProcess(virtControllerName, c.virtControllerArgs()...)
	c.virtAPI.keep, c.virtController.keep = true, true
	return nil
}

func (c *ControlPlane) newProcess(name string, args ...string) *process {
	return &process{name: name, args: args, dir: c.dir, log: c.logFile(name), logger: c.logger, hold: true}
}

func (c *ControlPlane) logFile(name string) string {
	dir := c.opts.LogDir
	if dir == "" {
		dir = c.dir
	}
	return filepath.Join(dir, name+".log")
}

// firstAPIServer also forks KubeVirt's servers, on hold.
func (c *ControlPlane) firstAPIServer(ctx context.Context) error {
	if err := errors.Join(c.apiServer.release(), c.virtAPI.start(), c.virtController.start()); err != nil {
		return err
	}
	return c.apiServerReady(ctx)
}

func (c *ControlPlane) newInstaller() (installer, error) {
	client, err := dynamic.NewForConfig(c.admin)
	if err != nil {
		return installer{}, fmt.Errorf("make a client: %w", err)
	}
	discovery, err := discovery.NewDiscoveryClientForConfig(c.admin)
	if err != nil {
		return installer{}, fmt.Errorf("make a client: %w", err)
	}
	return installer{client: client, raw: discovery.RESTClient(), plane: c}, nil
}

func (c *ControlPlane) installDefinitions(ctx context.Context) error {
	install, err := c.newInstaller()
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		install.definitions, install.accounts, install.trust, install.kubeVirt, install.services,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// startKubeVirt starts both servers at once; each spends most of its start
// waiting for the API server.
func (c *ControlPlane) startKubeVirt(ctx context.Context) error {
	if err := errors.Join(c.virtAPI.release(), c.virtController.release()); err != nil {
		return err
	}
	if err := c.virtAPIHealthy(ctx); err != nil {
		return err
	}
	install, err := c.newInstaller()
	if err != nil {
		return err
	}
	if err := install.aggregation(ctx); err != nil {
		return err
	}
	if err := install.webhooks(ctx); err != nil {
		return err
	}
	return c.virtController.until(ctx, "it leads", c.probe("https://"+loopback(c.ports.virtController)+"/leader", `"true"`))
}

// Stop ends everything and removes the directory. Afterwards no process,
// goroutine, listening port or file of the control plane is left, except what
// Options.LogDir received. Calling it again does nothing. ctx bounds the wait
// for the simulated nodes to end; the servers are killed, as nothing they
// could still write is wanted.
func (c *ControlPlane) Stop(ctx context.Context) error {
	c.operation.Lock()
	defer c.operation.Unlock()
	if c.stopped {
		return nil
	}
	c.stopped = true
	err := c.nodes.stop(ctx)
	for _, child := range []*process{c.virtController, c.virtAPI, c.apiServer} {
		if child != nil {
			child.stop(0)
		}
	}
	c.etcd.stop()
	if c.dir != "" {
		err = errors.Join(err, os.RemoveAll(c.dir))
	}
	if err != nil {
		return fmt.Errorf("stop the control plane: %w", err)
	}
	return nil
}
