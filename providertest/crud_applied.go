package providertest

import (
	"github.com/kv-shepherd/shepherd-go/domain"
)

// checkApplied changes what a running instance cannot take - KubeVirt plugs sockets, but no cores - and what it may take,
// its memory. Whichever of the three answers comes, the VM must live up to it.
func checkApplied(e *env) {
	spec := e.spec("vm", domain.RunStrategyAlways)
	spec.CPU = domain.CPU{Sockets: 1, Cores: 1, Threads: 1}
	bytes := spec.MemoryBytes
	before := e.runs(spec)
	e.same("vCPUs before", int64(1), before.CPU.VCPUs())
	e.holds(!before.RestartRequired, "a restart is required from the first")

	e.changes("more cores", domain.VMChange{CPU: &domain.CPU{Sockets: 1, Cores: 2, Threads: 1}},
		func(vm *domain.VM) bool { return vm.CPU.VCPUs() == 2 })
	e.changes("more memory", domain.VMChange{MemoryBytes: new(2 * bytes)},
		func(vm *domain.VM) bool { return vm.Memory.Bytes == 2*bytes })
	_, applied, err := e.update("vm", label("a", "1"))
	e.code("update of a label", err, "")
	e.same("when a label takes effect", domain.AppliedLive, applied)
}

// changes makes a change to the running VM and sees to it that the change takes effect as the answer says.
func (e *env) changes(what string, change domain.VMChange, effective func(*domain.VM) bool) {
	before := e.quiet("vm")
	vm, applied, err := e.update("vm", change)
	e.must(what, err)
	e.same(what+": instance", before.InstanceID, vm.InstanceID)
	switch applied {
	case domain.AppliedLive:
		e.until("vm", what+", which is said to be so at once", effective)
	case domain.AppliedMigrating:
		e.restarts(what) // whether somebody sees to the migration is the cluster's configuration
	case domain.AppliedRestartRequired:
		waiting := e.until("vm", what+", flagged for a restart", func(vm *domain.VM) bool { return vm.RestartRequired })
		e.holds(!effective(waiting), "%s: the instance has what is said to wait for a restart", what)
		e.restarts(what)
	default:
		e.Errorf("%s: takes effect %q", what, applied)
	}
	after := e.quiet("vm")
	e.holds(effective(after), "%s: applied %s, and the VM has %d vCPUs, %d bytes", what, applied, after.CPU.VCPUs(), after.Memory.Bytes)
	e.holds(!after.RestartRequired, "%s: applied %s, and a restart is required in the end", what, applied)
}

// restarts restarts the VM, once no migration is in the way of seeing what comes of it.
func (e *env) restarts(what string) {
	before := e.until("vm", what+", settled", func(vm *domain.VM) bool { return !vm.MigrationInFlight && !vm.Migrating && !vm.ChangeQueued })
	e.must(what+": restart", e.restart("vm"))
	e.until("vm", "running anew after "+what, func(vm *domain.VM) bool {
		return vm.Status == domain.StatusRunning && vm.InstanceID != before.InstanceID
	})
}
