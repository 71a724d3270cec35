package providertest

import (
	"context"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// What checks do with VMs over and over. Names without a place mean e.cluster and e.ns.

// spec is a small VM.
func (e *env) spec(name string, strategy domain.RunStrategy) domain.VMSpec {
	if e.Spec != nil {
		return e.Spec(name, strategy)
	}
	return domain.VMSpec{
		Name:        name,
		RunStrategy: strategy,
		MemoryBytes: 128 << 20,
		Disks:       []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "registry.example/disk:1"}},
	}
}

func (e *env) ref(name string) domain.Ref {
	return domain.Ref{Cluster: e.cluster, Namespace: e.ns, Name: name}
}

// create makes a VM; the check ends if that is refused.
func (e *env) create(spec domain.VMSpec) *domain.VM {
	vm, err := e.Provider.CreateVM(e.ctx, e.cluster, e.ns, spec, provider.CreateOptions{})
	e.must("create "+spec.Name, err)
	if vm == nil {
		e.Fatalf("create %s: neither a VM nor an error", spec.Name)
	}
	return vm
}

// put makes a VM that lives under knobs.
func (e *env) put(spec domain.VMSpec, knobs Knobs) {
	e.must("put "+spec.Name, e.Put(e.ctx, e.cluster, e.ns, spec, knobs))
}

// turn sets the knobs of a VM.
func (e *env) turn(name string, knobs Knobs) {
	e.must("turn the knobs of "+name, e.Turn(e.ctx, e.ref(name), knobs))
}

// get reads a VM; the check ends if that is not possible.
func (e *env) get(name string) *domain.VM {
	vm, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, name)
	e.must("get "+name, err)
	if vm == nil {
		e.Fatalf("get %s: neither a VM nor an error", name)
	}
	return vm
}

// until waits for a condition, and returns the VM as it was then.
func (e *env) until(name, what string, holds func(*domain.VM) bool) *domain.VM {
	ctx, cancel := context.WithTimeout(e.ctx, e.h.settle())
	defer cancel()
	var last *domain.VM
	vm, err := provider.WaitVM(ctx, e.Provider, e.cluster, e.ns, name, func(vm *domain.VM) bool { last = vm; return holds(vm) }, e.waitOptions())
	if err != nil || vm == nil {
		e.Fatalf("%s does not get %s: %v; it is %s", name, what, err, summary(last))
	}
	return vm
}

// summary is what one wants to know of a VM that is not as it should be.
func summary(vm *domain.VM) string {
	if vm == nil {
		return "unknown"
	}
	return string(vm.Status) + " " + string(vm.Reason) + " (" + vm.RawStatus + "), run strategy " + string(vm.RunStrategy) +
		", instance " + string(vm.Instance)
}

// settles waits for a status that stays: for RUNNING and STOPPED until nothing is queued any more either.
func (e *env) settles(name string, status domain.VMStatus) *domain.VM {
	return e.until(name, string(status), func(vm *domain.VM) bool {
		switch {
		case vm.Status != status:
			return false
		case status == domain.StatusRunning:
			return !vm.ChangeQueued && !vm.StopPending
		case status == domain.StatusStopped:
			return !vm.ChangeQueued && !vm.StopPending && vm.Instance != domain.InstanceLive
		default:
			return true
		}
	})
}

// quiet waits until nothing is written to a VM any more, so that what changes afterwards is the check's own doing. It
// returns the VM as it is then.
func (e *env) quiet(name string) *domain.VM {
	const enough = 8 // looks in a row
	deadline := time.Now().Add(e.h.settle())
	last := e.get(name)
	for looks := 1; looks < enough; looks++ {
		e.sleep(4 * e.h.interval())
		vm := e.get(name)
		if vm.Revision != last.Revision || vm.InstanceRevision != last.InstanceRevision {
			looks = 0
		}
		last = vm
		if time.Now().After(deadline) {
			e.Fatalf("%s does not come to rest within %s", name, e.h.settle())
		}
	}
	return last
}

// halted makes a VM of strategy Halted and waits until it is off and quiet.
func (e *env) halted(name string) *domain.VM {
	return e.stopped(e.spec(name, domain.RunStrategyHalted))
}

// stopped makes a VM and waits until it is off and quiet.
func (e *env) stopped(spec domain.VMSpec) *domain.VM {
	e.create(spec)
	e.settles(spec.Name, domain.StatusStopped)
	return e.quiet(spec.Name)
}

// running makes a VM of strategy Always and waits until it runs and is quiet.
func (e *env) running(name string) *domain.VM { return e.runs(e.spec(name, domain.RunStrategyAlways)) }

// runs makes a VM of any strategy, starts it if that does not start by itself, and waits until it runs and is quiet.
func (e *env) runs(spec domain.VMSpec) *domain.VM {
	e.create(spec)
	if spec.RunStrategy == domain.RunStrategyManual || spec.RunStrategy == domain.RunStrategyHalted {
		e.settles(spec.Name, domain.StatusStopped)
		e.must("start "+spec.Name, e.start(spec.Name))
	}
	e.settles(spec.Name, domain.StatusRunning)
	return e.quiet(spec.Name)
}

// Verbs with their zero options.

func (e *env) start(name string) error {
	return e.Provider.StartVM(e.ctx, e.cluster, e.ns, name, provider.StartOptions{})
}

func (e *env) stop(name string) error {
	return e.Provider.StopVM(e.ctx, e.cluster, e.ns, name, provider.StopOptions{})
}

func (e *env) restart(name string) error {
	return e.Provider.RestartVM(e.ctx, e.cluster, e.ns, name, provider.RestartOptions{})
}

func (e *env) pause(name string) error {
	return e.Provider.PauseVM(e.ctx, e.cluster, e.ns, name, provider.PauseOptions{})
}

func (e *env) unpause(name string) error {
	return e.Provider.UnpauseVM(e.ctx, e.cluster, e.ns, name, provider.UnpauseOptions{})
}

func (e *env) softReboot(name string) error {
	return e.Provider.SoftRebootVM(e.ctx, e.cluster, e.ns, name, provider.SoftRebootOptions{})
}

func (e *env) reset(name string) error {
	return e.Provider.ResetVM(e.ctx, e.cluster, e.ns, name, provider.ResetOptions{})
}

func (e *env) migrate(name string) (*domain.Migration, error) {
	return e.Provider.MigrateVM(e.ctx, e.cluster, e.ns, name, provider.MigrateOptions{})
}

func (e *env) remove(name string) error {
	return e.Provider.DeleteVM(e.ctx, e.cluster, e.ns, name, provider.DeleteOptions{})
}

func (e *env) update(name string, change domain.VMChange) (*domain.VM, domain.Applied, error) {
	return e.Provider.UpdateVM(e.ctx, e.cluster, e.ns, name, change, provider.UpdateOptions{})
}

// list reads one page of the check's namespace; the check ends if that is not possible.
func (e *env) list(opts provider.ListOptions) *domain.VMList {
	page, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, opts)
	e.must("list", err)
	if page == nil {
		e.Fatalf("list: neither a page nor an error")
	}
	return page
}

// label is the smallest change there is.
func label(key, value string) domain.VMChange {
	return domain.VMChange{Labels: map[string]*string{key: &value}}
}
