package providertest

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The family POW: VMs are started, stopped, restarted, paused, and seen while that happens. The codes are those of
// domain.Decide, which docs/lifecycle.md prints.
var powerChecks = slices.Concat(startChecks, stopChecks, restartChecks, pauseChecks, tableChecks, statusChecks)

// strategyNeeds are those of the run strategies that not every provider has.
var strategyNeeds = map[domain.RunStrategy]Need{
	domain.RunStrategyManual:         NeedManual,
	domain.RunStrategyRerunOnFailure: NeedRerun,
	domain.RunStrategyOnce:           NeedOnce,
	domain.RunStrategyWaitAsReceiver: NeedReceiver,
}

// takes says whether the provider has a run strategy.
func (e *env) takes(strategy domain.RunStrategy) bool {
	need, some := strategyNeeds[strategy]
	return !some || e.has(need)
}

// allAtOnce does something with each name at the same time, and ends the check if that was not possible for one of
// them. It is for what takes a while and changes nothing but that VM.
func (e *env) allAtOnce(names []string, do func(name string)) {
	e.concurrently(len(names), func(n int) { do(names[n]) })
	if len(e.findings()) > 0 {
		panic(ended{})
	}
}

// allRun makes a VM of each of the strategies that the provider has, all at once, and returns them by strategy as they
// run. Their names are those of nameOf.
func (e *env) allRun(strategies ...domain.RunStrategy) map[domain.RunStrategy]*domain.VM {
	strategies = slices.DeleteFunc(slices.Clone(strategies), func(s domain.RunStrategy) bool { return !e.takes(s) })
	running := make([]*domain.VM, len(strategies))
	e.concurrently(len(strategies), func(n int) {
		running[n] = e.runs(e.spec(nameOf(strategies[n]), strategies[n]))
	})
	byStrategy := map[domain.RunStrategy]*domain.VM{}
	for n, vm := range running {
		if vm == nil {
			panic(ended{}) // why stands among the findings
		}
		byStrategy[strategies[n]] = vm
	}
	return byStrategy
}

// nameOf is the name of the VM that a check has of a run strategy.
func nameOf(strategy domain.RunStrategy) string {
	return map[domain.RunStrategy]string{
		domain.RunStrategyAlways: "always", domain.RunStrategyHalted: "halted", domain.RunStrategyManual: "manual",
		domain.RunStrategyRerunOnFailure: "rerun", domain.RunStrategyOnce: "once", domain.RunStrategyWaitAsReceiver: "receiver",
	}[strategy]
}

// unwritten does something that must write nothing: neither to the VM nor, where requests are counted, to anything. The
// VM must be at rest.
func (e *env) unwritten(what, name string, do func()) {
	before, sent := e.get(name), e.writes()
	do()
	after := e.get(name)
	e.same(what+": requests that write", sent, e.writes())
	e.same(what+": revisions", [2]string{before.Revision, before.InstanceRevision}, [2]string{after.Revision, after.InstanceRevision})
}

// writes counts the writing requests of the provider, where somebody counts them.
func (e *env) writes() int {
	if !e.has(NeedRequests) {
		return 0
	}
	return e.Requests().Writes
}

// samePower finds fault with a VM whose power a refused verb has changed.
func (e *env) samePower(what string, before *domain.VM) {
	e.same(what+": power", powerOf(before), powerOf(e.get(before.Name)))
}

// powerState is what a verb changes about a VM, and nothing that comes and goes by itself.
type powerState struct {
	Strategy   domain.RunStrategy
	Status     domain.VMStatus
	Instance   domain.InstanceState
	InstanceID string
	Paused     bool
	Queued     bool
	Stopping   bool
}

func powerOf(vm *domain.VM) powerState {
	return powerState{vm.RunStrategy, vm.Status, vm.Instance, vm.InstanceID, vm.Paused, vm.ChangeQueued, vm.StopPending}
}

func (e *env) ensureRunning(name string) error {
	return provider.EnsureRunning(e.ctx, e.Provider, e.cluster, e.ns, name, provider.StartOptions{})
}

func (e *env) ensureStopped(name string) error {
	return provider.EnsureStopped(e.ctx, e.Provider, e.cluster, e.ns, name, provider.StopOptions{})
}
