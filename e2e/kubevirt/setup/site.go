package setup

import (
	"context"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
)

// Cluster is the name under which the control plane is a member of every test's fleet.
const Cluster = "c1"

// patience is how long a machine may take to a state on a computer that does other things as well.
const patience = 60 * time.Second

// Site is a provider with one namespace to work in.
type Site struct {
	*kubevirt.Provider
	Namespace string
	// Requests are all that the provider has sent.
	Requests *Requests
}

// New makes a provider over the shared control plane, as its administrator.
func New(tb testing.TB, namespace string) *Site {
	tb.Helper()
	return With(tb, namespace, harness.Get(tb).RESTConfig(), kubevirt.Options{})
}

// With is New with another user or other options. The config is not changed.
func With(tb testing.TB, namespace string, config *rest.Config, opts kubevirt.Options) *Site {
	tb.Helper()
	config = rest.CopyConfig(config)
	requests := &Requests{}
	config.Wrap(requests.wrap)
	clusters := kubevirt.NewClusters()
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the test's own has ended
		defer cancel()
		if err := clusters.Close(ctx); err != nil {
			tb.Errorf("close the clusters: %v", err)
		}
	})
	// Tests send as fast as they can; the client's own limit would only make them slow.
	if err := clusters.Add(Cluster, config, kubevirt.ClusterOptions{QPS: -1}); err != nil {
		tb.Fatalf("add the cluster: %v", err)
	}
	p, err := kubevirt.New(clusters, opts)
	if err != nil {
		tb.Fatalf("make the provider: %v", err)
	}
	return &Site{Provider: p, Namespace: namespace, Requests: requests}
}

// Spec returns a small machine with one image disk, for the caller to change.
func Spec(name string, strategy domain.RunStrategy) domain.VMSpec {
	return domain.VMSpec{
		Name:        name,
		RunStrategy: strategy,
		MemoryBytes: 128 << 20,
		Disks:       []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "registry.example/disk:1"}},
	}
}

// Create creates a VM; the test fails at once if that is refused.
func (s *Site) Create(tb testing.TB, spec domain.VMSpec) *VM {
	tb.Helper()
	made, err := s.CreateVM(tb.Context(), Cluster, s.Namespace, spec, provider.CreateOptions{})
	if err != nil {
		tb.Fatalf("create %s: %v", spec.Name, err)
	}
	return &VM{Site: s, Name: spec.Name, UID: made.UID}
}

// Running creates a VM and waits until it runs and nothing is written to it any more.
func (s *Site) Running(tb testing.TB, spec domain.VMSpec) *VM {
	tb.Helper()
	vm := s.Create(tb, spec)
	vm.WaitRunning(tb)
	vm.Settled(tb)
	return vm
}

// Stopped creates a VM and waits until the controller has seen it off.
func (s *Site) Stopped(tb testing.TB, spec domain.VMSpec) *VM {
	tb.Helper()
	vm := s.Create(tb, spec)
	vm.WaitStopped(tb)
	vm.Settled(tb)
	return vm
}
