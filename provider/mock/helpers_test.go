package mock_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// virtual runs a test in a bubble, where a VM's life takes no time.
func virtual(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func spec(name string) domain.VMSpec {
	return domain.VMSpec{
		Name:        name,
		RunStrategy: domain.RunStrategyAlways,
		CPU:         domain.CPU{Sockets: 1, Cores: 2, Threads: 1, Milli: 1500},
		MemoryBytes: 2 << 30,
		Disks:       []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "quay.io/containerdisks/fedora:41"}},
	}
}

func with(strategy domain.RunStrategy) domain.VMSpec {
	s := spec("vm")
	s.RunStrategy = strategy
	return s
}

// calls has the cluster and namespace of nearly every test, and fails the test on errors.
type calls struct {
	t *testing.T
	p *mock.Provider
}

func on(t *testing.T, opts mock.Options) calls { return calls{t, mock.New(opts)} }

func (c calls) ctx() context.Context { return c.t.Context() }

func (c calls) create(s domain.VMSpec) *domain.VM {
	c.t.Helper()
	vm, err := c.p.CreateVM(c.ctx(), "mock", "team", s, provider.CreateOptions{})
	if err != nil {
		c.t.Fatalf("CreateVM(%s): %v", s.Name, err)
	}
	return vm
}

func (c calls) get(name string) *domain.VM {
	c.t.Helper()
	vm, err := c.p.GetVM(c.ctx(), "mock", "team", name)
	if err != nil {
		c.t.Fatalf("GetVM(%s): %v", name, err)
	}
	return vm
}

// is waits for a status and returns the VM.
func (c calls) is(name string, status domain.VMStatus) *domain.VM {
	c.t.Helper()
	vm, err := provider.WaitVM(c.ctx(), c.p, "mock", "team", name, provider.In(status), provider.WaitOptions{Interval: time.Millisecond, MaxInterval: time.Second})
	if err != nil {
		c.t.Fatalf("WaitVM(%s, %s): %v", name, status, err)
	}
	return vm
}

func (c calls) good(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// code fails unless err has the code, and is a complete *domain.Error about the VM.
func (c calls) code(err error, want domain.Code) {
	c.t.Helper()
	if got := domain.CodeOf(err); got != want {
		c.t.Errorf("error %v, want %s", err, want)
	}
}

func (c calls) ref(name string) domain.Ref {
	return domain.Ref{Cluster: "mock", Namespace: "team", Name: name}
}

// stream is what WatchVMs returns.
type stream = iter.Seq2[domain.Event[*domain.VM], error]
