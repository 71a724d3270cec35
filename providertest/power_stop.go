package providertest

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var stopChecks = []check{
	{
		id:    "POW-10",
		why:   "stop of a VM that runs settles STOPPED; Manual and RerunOnFailure stay, Always and Once become Halted",
		needs: need(NeedPower),
		run:   checkStop,
	},
	{
		id:    "POW-11",
		why:   "a Once VM that was stopped says Halted, and Always once it is started again: its strategy is lost, and seen to be",
		needs: need(NeedPower, NeedOnce),
		run: func(e *env) {
			e.runs(e.spec("vm", domain.RunStrategyOnce))
			e.must("stop", e.stop("vm"))
			e.settles("vm", domain.StatusStopped)
			e.same("run strategy of the stopped VM", domain.RunStrategyHalted, e.quiet("vm").RunStrategy)
			e.must("start", e.start("vm"))
			e.settles("vm", domain.StatusRunning)
			e.same("run strategy of the VM started again", domain.RunStrategyAlways, e.quiet("vm").RunStrategy)
		},
	},
	{
		id:    "POW-12",
		why:   "stop of a VM that is off is VM_NOT_RUNNING for Halted, Manual and RerunOnFailure; EnsureStopped is no error and writes nothing",
		needs: need(NeedPower),
		run:   checkStopOfStopped,
	},
	{
		id:    "POW-13",
		why:   "stop of an Always VM without an instance is taken: it settles STOPPED and Halted",
		needs: all(need(NeedPower), knobs(Knobs{CreateFails: true})),
		run: func(e *env) {
			e.put(e.spec("vm", domain.RunStrategyAlways), Knobs{CreateFails: true})
			e.until("vm", "FAILED without an instance", func(vm *domain.VM) bool {
				return vm.Status == domain.StatusFailed && vm.Instance == domain.InstanceNone
			})
			e.must("stop", e.stop("vm"))
			vm := e.settles("vm", domain.StatusStopped)
			e.same("run strategy", domain.RunStrategyHalted, vm.RunStrategy)
		},
	},
	{
		id: "POW-14",
		why: "stop of a VM that is being stopped is TRANSITION_IN_PROGRESS, unless its grace period is shorter than that of the " +
			"stop under way, which it then hastens",
		needs: all(need(NeedPower), knobs(Knobs{IgnoresShutdown: true})),
		run:   checkStopUnderWay,
	},
	{
		id:    "POW-15",
		why:   "stop of a paused VM is taken and settles STOPPED, not paused any more",
		needs: need(NeedPower, NeedPause),
		run: func(e *env) {
			e.running("vm")
			e.must("pause", e.pause("vm"))
			e.settles("vm", domain.StatusPaused)
			// A paused guest hears nothing, and is killed when its grace period ends.
			e.must("stop", e.stopWithin("vm", time.Second))
			vm := e.settles("vm", domain.StatusStopped)
			// KubeVirt leaves the condition Paused on a VM whose instance is gone.
			e.holds(!vm.Paused, "a VM that is off is paused")
		},
	},
}

func (e *env) stopWithin(name string, grace time.Duration) error {
	return e.Provider.StopVM(e.ctx, e.cluster, e.ns, name, provider.StopOptions{GracePeriod: &grace})
}

func checkStop(e *env) {
	becomes := map[domain.RunStrategy]domain.RunStrategy{
		domain.RunStrategyAlways:         domain.RunStrategyHalted,
		domain.RunStrategyOnce:           domain.RunStrategyHalted,
		domain.RunStrategyManual:         domain.RunStrategyManual,
		domain.RunStrategyRerunOnFailure: domain.RunStrategyRerunOnFailure,
	}
	running := e.allRun(domain.RunStrategyAlways, domain.RunStrategyOnce, domain.RunStrategyManual, domain.RunStrategyRerunOnFailure)
	for strategy := range running {
		e.must("stop of "+string(strategy), e.stop(nameOf(strategy)))
	}
	for strategy := range running {
		e.settles(nameOf(strategy), domain.StatusStopped)
		vm := e.quiet(nameOf(strategy))
		e.same(string(strategy)+" after the stop: status", domain.StatusStopped, vm.Status)
		e.same(string(strategy)+" after the stop: run strategy", becomes[strategy], vm.RunStrategy)
	}
}

// checkStopOfStopped stops the RerunOnFailure VM first: this strategy runs a new VM at once.
func checkStopOfStopped(e *env) {
	off := []string{"halted"}
	e.halted("halted")
	if e.takes(domain.RunStrategyManual) {
		off = append(off, "manual")
		e.stopped(e.spec("manual", domain.RunStrategyManual))
	}
	if e.takes(domain.RunStrategyRerunOnFailure) {
		off = append(off, "rerun")
		e.runs(e.spec("rerun", domain.RunStrategyRerunOnFailure))
		e.must("stop", e.stop("rerun"))
		e.settles("rerun", domain.StatusStopped)
	}
	for _, name := range off {
		before := e.quiet(name)
		e.code("stop of "+name, e.stop(name), domain.CodeVMNotRunning)
		e.samePower("stop of "+name, before)
		e.unwritten("EnsureStopped of "+name, name, func() { e.code("EnsureStopped of "+name, e.ensureStopped(name), "") })
	}
}

// checkStopUnderWay begins with a grace period so long that the VM settles only if a shorter one is taken.
func checkStopUnderWay(e *env) {
	const long = 10 * time.Minute
	e.put(e.spec("vm", domain.RunStrategyAlways), Knobs{IgnoresShutdown: true})
	e.settles("vm", domain.StatusRunning)
	e.quiet("vm")
	e.must("stop", e.stopWithin("vm", long))
	e.settles("vm", domain.StatusStopping)
	e.quiet("vm")
	e.code("stop without a grace period", e.stop("vm"), domain.CodeTransitionInProgress)
	e.code("stop with the same grace period", e.stopWithin("vm", long), domain.CodeTransitionInProgress)
	e.code("stop with a longer grace period", e.stopWithin("vm", 2*long), domain.CodeTransitionInProgress)
	e.code("EnsureStopped", e.ensureStopped("vm"), "")
	e.code("stop with a shorter grace period", e.stopWithin("vm", long/2), "")
	e.code("stop with a grace period that is shorter no more", e.stopWithin("vm", long/2), domain.CodeTransitionInProgress)
	e.must("stop at once", e.stopWithin("vm", 0))
	e.settles("vm", domain.StatusStopped)
}
