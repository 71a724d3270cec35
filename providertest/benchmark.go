package providertest

import (
	"fmt"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Benchmark measures what a host does most with a provider: create, get, list in pages, start and stop. It needs no
// hand but [Harness.New], and asserts nothing but that the calls succeed.
func Benchmark(b *testing.B, h Harness) {
	b.Helper()
	if h.New == nil || len(h.Clusters) == 0 {
		b.Fatal("a harness needs New and Clusters")
	}
	b.Run("CreateVM", h.benchCreate)
	b.Run("GetVM", h.benchGet)
	b.Run("ListVMs", h.benchList)
	if _, missing := h.Missing[NeedPower]; !missing {
		b.Run("StartVM+StopVM", h.benchPower)
	}
}

// benchEnv is a provider with as many VMs as asked for.
func (h Harness) benchEnv(b *testing.B, id string, vms int) *env {
	b.Helper()
	backend := h.New(b)
	e := newEnv(b, h, backend, id)
	for n := range vms {
		if _, err := e.Provider.CreateVM(e.ctx, e.cluster, e.ns, e.spec(benchName(n), domain.RunStrategyHalted), provider.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	return e
}

func benchName(n int) string { return fmt.Sprintf("vm-%08d", n) }

func (h Harness) benchCreate(b *testing.B) {
	e := h.benchEnv(b, "bench-create", 0)
	n := 0
	for b.Loop() {
		if _, err := e.Provider.CreateVM(e.ctx, e.cluster, e.ns, e.spec(benchName(n), domain.RunStrategyHalted), provider.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "VMs/s")
}

// benchVMs is how many VMs the reading benchmarks have: few enough for a cluster, enough for several pages.
const benchVMs = 200

func (h Harness) benchGet(b *testing.B) {
	e := h.benchEnv(b, "bench-get", benchVMs)
	n := 0
	for b.Loop() {
		if _, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, benchName(n%benchVMs)); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "VMs/s")
}

func (h Harness) benchList(b *testing.B) {
	e := h.benchEnv(b, "bench-list", benchVMs)
	n := 0
	for b.Loop() {
		for _, err := range provider.VMs(e.ctx, e.Provider, e.cluster, e.ns, provider.ListOptions{Limit: 50}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "VMs/s")
}

func (h Harness) benchPower(b *testing.B) {
	e := h.benchEnv(b, "bench-power", 1)
	name := benchName(0)
	if err := waitStatus(e, name, domain.StatusStopped); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := e.start(name); err != nil {
			b.Fatal(err)
		}
		if err := waitStatus(e, name, domain.StatusRunning); err != nil {
			b.Fatal(err)
		}
		if err := e.stop(name); err != nil {
			b.Fatal(err)
		}
		if err := waitStatus(e, name, domain.StatusStopped); err != nil {
			b.Fatal(err)
		}
	}
}

func waitStatus(e *env, name string, status domain.VMStatus) error {
	_, err := provider.WaitVM(e.ctx, e.Provider, e.cluster, e.ns, name, func(vm *domain.VM) bool {
		return vm.Status == status && !vm.ChangeQueued && !vm.StopPending && (status != domain.StatusStopped || vm.Instance == domain.InstanceNone)
	}, e.waitOptions())
	return err
}
