package providertest

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var startChecks = []check{
	{
		id:    "POW-01",
		why:   "start of a Halted VM without an instance is taken, makes it Always, and settles RUNNING with an instance",
		needs: need(NeedPower),
		run: func(e *env) {
			e.halted("vm")
			e.must("start", e.start("vm"))
			vm := e.settles("vm", domain.StatusRunning)
			e.same("run strategy", domain.RunStrategyAlways, vm.RunStrategy)
			e.same("instance", domain.InstanceLive, vm.Instance)
			e.holds(vm.InstanceID != "", "it runs without an instance id")
		},
	},
	{
		id:    "POW-02",
		why:   "start of a VM that runs is VM_ALREADY_RUNNING; EnsureRunning is no error and writes nothing",
		needs: need(NeedPower),
		run: func(e *env) {
			before := e.running("vm")
			e.code("start", e.start("vm"), domain.CodeVMAlreadyRunning)
			e.samePower("after the start", before)
			e.unwritten("EnsureRunning", "vm", func() { e.code("EnsureRunning", e.ensureRunning("vm"), "") })
		},
	},
	{
		id: "POW-03",
		why: "start of an Always or Once VM without a live instance is START_NOT_SUPPORTED; EnsureRunning of an Always one is " +
			"no error, writes nothing and waits for nothing",
		needs: all(need(NeedPower), knobs(Knobs{CreateFails: true}), need(NeedHappen)),
		run:   checkStartNotSupported,
	},
	{
		id:    "POW-04",
		why:   "start of a RerunOnFailure VM whose instance has failed is INSTANCE_FAILED: its strategy replaces it",
		needs: need(NeedPower, NeedRerun, NeedSituate),
		run: func(e *env) {
			at := domain.Situation{Strategy: domain.RunStrategyRerunOnFailure, Instance: domain.InstanceFailed}
			e.must("situate", e.Situate(e.ctx, e.cluster, e.ns, "vm", at))
			e.code("start", e.start("vm"), domain.CodeInstanceFailed)
		},
	},
	{
		id:    "POW-05",
		why:   "a Manual VM that was started settles RUNNING and is Manual still",
		needs: need(NeedPower, NeedManual),
		run: func(e *env) {
			e.stopped(e.spec("vm", domain.RunStrategyManual))
			e.must("start", e.start("vm"))
			e.settles("vm", domain.StatusRunning)
			e.same("run strategy", domain.RunStrategyManual, e.quiet("vm").RunStrategy)
		},
	},
	{
		id:    "POW-06",
		why:   "start or restart while a start, stop or restart is queued is TRANSITION_IN_PROGRESS, and no fault of the server's",
		needs: all(need(NeedPower, NeedManual), knobs(Knobs{IgnoresShutdown: true})),
		run:   checkQueuedChange,
	},
	{
		id:    "POW-07",
		why:   "start with option Paused settles PAUSED, with an instance",
		needs: need(NeedPower, NeedPause),
		run: func(e *env) {
			e.halted("vm")
			e.must("start", e.Provider.StartVM(e.ctx, e.cluster, e.ns, "vm", provider.StartOptions{Paused: true}))
			vm := e.settles("vm", domain.StatusPaused)
			e.same("instance", domain.InstanceLive, vm.Instance)
			e.holds(vm.Paused, "a VM that is PAUSED says that it is not paused")
		},
	},
	{
		id:    "POW-08",
		why:   "start of a VM whose volumes must be repaired by hand is MANUAL_RECOVERY_REQUIRED, and it stays off",
		needs: all(need(NeedPower), knobs(Knobs{ManualRecovery: true})),
		run: func(e *env) {
			e.put(e.spec("vm", domain.RunStrategyHalted), Knobs{ManualRecovery: true})
			e.settles("vm", domain.StatusStopped)
			e.until("vm", "to need a repair", func(vm *domain.VM) bool { return vm.ManualRecovery })
			before := e.quiet("vm")
			e.code("start", e.start("vm"), domain.CodeManualRecoveryRequired)
			e.samePower("after the start", before)
		},
	},
	{
		id:    "POW-09",
		why:   "start, stop and restart of a WaitAsReceiver VM are RECEIVER_STRATEGY, never a success that does nothing",
		needs: need(NeedPower, NeedReceiver),
		run: func(e *env) {
			e.create(e.spec("vm", domain.RunStrategyWaitAsReceiver))
			e.settles("vm", domain.StatusPending)
			before := e.quiet("vm")
			e.code("start", e.start("vm"), domain.CodeReceiverStrategy)
			e.code("stop", e.stop("vm"), domain.CodeReceiverStrategy)
			e.code("restart", e.restart("vm"), domain.CodeReceiverStrategy)
			e.samePower("after the refused verbs", before)
		},
	},
}

// checkStartNotSupported has an Always VM whose instance cannot be made - one that is starting would count as running -
// and a Once VM whose only instance has ended.
func checkStartNotSupported(e *env) {
	e.put(e.spec("always", domain.RunStrategyAlways), Knobs{CreateFails: true})
	e.until("always", "FAILED without an instance", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusFailed && vm.Instance == domain.InstanceNone
	})
	e.quiet("always")
	e.code("start of Always", e.start("always"), domain.CodeStartNotSupported)
	// It returns although the VM never gets to run.
	e.unwritten("EnsureRunning of Always", "always", func() {
		e.code("EnsureRunning of Always", e.ensureRunning("always"), "")
	})
	if !e.takes(domain.RunStrategyOnce) {
		return
	}
	e.runs(e.spec("once", domain.RunStrategyOnce))
	e.must("the guest shuts down", e.Happen(e.ctx, e.ref("once"), GuestShutdown))
	e.settles("once", domain.StatusStopped)
	e.code("start of Once", e.start("once"), domain.CodeStartNotSupported)
}

// checkQueuedChange uses strategy Manual, which queues every request, and a guest that is slow to go, so that the queue
// stays as it is. KubeVirt answers 500 to all of these (pkg/virt-api/rest/lifecycle.go, "already underway").
func checkQueuedChange(e *env) {
	e.put(e.spec("vm", domain.RunStrategyManual), Knobs{IgnoresShutdown: true})
	e.settles("vm", domain.StatusStopped)
	e.must("start", e.start("vm"))
	// The first start may have had its effect by now.
	e.codes("start again", e.start("vm"), domain.CodeTransitionInProgress, domain.CodeVMAlreadyRunning)
	e.settles("vm", domain.StatusRunning)
	e.quiet("vm")
	e.must("restart", e.restart("vm"))
	e.code("restart again", e.restart("vm"), domain.CodeTransitionInProgress)
	e.code("start after the restart", e.start("vm"), domain.CodeTransitionInProgress)
	e.must("stop", e.stop("vm")) // which takes the place of the restart
	e.code("start after the stop", e.start("vm"), domain.CodeTransitionInProgress)
	e.code("restart after the stop", e.restart("vm"), domain.CodeTransitionInProgress)
}
