package providertest

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// powered are VMs in the states in which an update must leave them: created with a strategy, then started or stopped or
// neither. Those whose strategy has changed since are the ones that an update which sends the created one again would
// start or stop.
var powered = map[string]struct {
	strategy domain.RunStrategy
	reach    func(e *env, spec domain.VMSpec)
}{
	"always-on":  {domain.RunStrategyAlways, turnedOn},
	"always-off": {domain.RunStrategyAlways, turnedOff},
	"halted-on":  {domain.RunStrategyHalted, turnedOn},
	"halted-off": {domain.RunStrategyHalted, neverOn},
	"manual-on":  {domain.RunStrategyManual, turnedOn},
	"manual-off": {domain.RunStrategyManual, neverOn},
	"rerun-on":   {domain.RunStrategyRerunOnFailure, turnedOn},
	"rerun-off":  {domain.RunStrategyRerunOnFailure, turnedOff},
	"once-on":    {domain.RunStrategyOnce, turnedOn},
	"once-off":   {domain.RunStrategyOnce, turnedOff},
}

func turnedOn(e *env, spec domain.VMSpec) { e.runs(spec) }

func neverOn(e *env, spec domain.VMSpec) { e.stopped(spec) }

func turnedOff(e *env, spec domain.VMSpec) {
	e.runs(spec)
	e.must("stop "+spec.Name, e.stop(spec.Name))
	e.until(spec.Name, "off, its instance gone", func(vm *domain.VM) bool { // an ended one may stay a while
		return vm.Status == domain.StatusStopped && vm.Instance == domain.InstanceNone && !vm.ChangeQueued
	})
}

func checkUpdateKeepsPower(e *env) {
	var names []string
	for name, at := range powered {
		if e.takes(at.strategy) {
			names = append(names, name)
		}
	}
	e.allAtOnce(names, func(name string) { powered[name].reach(e, e.spec(name, powered[name].strategy)) })
	e.allAtOnce(names, func(name string) {
		before := e.quiet(name)
		_, _, err := e.update(name, label("updated", "1"))
		e.must("update of "+name, err)
		e.staysPowered("update of "+name, before)
		if !e.has(NeedApply) {
			return
		}
		spec := e.spec(name, powered[name].strategy) // as it was made: the strategy of the time counts no more
		spec.Labels = map[string]string{"applied": "1"}
		_, err = e.Provider.ApplyVM(e.ctx, e.cluster, e.ns, spec, provider.ApplyOptions{UID: before.UID})
		e.must("apply of "+name, err)
		e.staysPowered("apply of "+name, before)
	})
}

// staysPowered looks at once and when whatever a write has begun has ended.
func (e *env) staysPowered(what string, before *domain.VM) {
	e.samePower(what, before)
	e.same(what+", later: power", powerOf(before), powerOf(e.quiet(before.Name)))
}
