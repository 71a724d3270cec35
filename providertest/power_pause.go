package providertest

import "github.com/kv-shepherd/shepherd-go/domain"

var pauseChecks = []check{
	{
		id: "POW-19",
		why: "pause settles PAUSED and unpause RUNNING, with the same instance; pause of a paused VM is VM_ALREADY_PAUSED, " +
			"unpause of one that runs VM_NOT_PAUSED",
		needs: need(NeedPause),
		run: func(e *env) {
			running := e.running("vm")
			e.code("unpause of a VM that runs", e.unpause("vm"), domain.CodeVMNotPaused)
			e.must("pause", e.pause("vm"))
			e.settles("vm", domain.StatusPaused)
			paused := e.quiet("vm")
			e.holds(paused.Paused, "a VM that is PAUSED says that it is not paused")
			e.same("instance of the paused VM", running.InstanceID, paused.InstanceID)
			e.code("pause of a paused VM", e.pause("vm"), domain.CodeVMAlreadyPaused)
			e.must("unpause", e.unpause("vm"))
			e.settles("vm", domain.StatusRunning)
			after := e.quiet("vm")
			e.holds(!after.Paused, "a VM that was unpaused says that it is paused")
			e.same("instance of the VM that runs again", running.InstanceID, after.InstanceID)
		},
	},
	{
		id: "POW-20",
		why: "pause, unpause, soft reboot and reset of a VM that is off are VM_NOT_RUNNING, though the back end has no instance " +
			"to find; of a missing VM they are VM_NOT_FOUND",
		needs: need(NeedPause, NeedReboot),
		run: func(e *env) {
			before := e.halted("vm")
			for verb, send := range map[domain.Verb]func(name string) error{
				domain.VerbPause: e.pause, domain.VerbUnpause: e.unpause, domain.VerbSoftReboot: e.softReboot, domain.VerbReset: e.reset,
			} {
				e.code(string(verb)+" of a VM that is off", send("vm"), domain.CodeVMNotRunning)
				e.code(string(verb)+" of a missing VM", send("missing"), domain.CodeVMNotFound)
			}
			e.samePower("after the refused verbs", before)
		},
	},
	{
		id:    "POW-21",
		why:   "pause of a VM with a liveness probe that it would fail is PROBE_FORBIDS_PAUSE, which is no question of permission",
		needs: all(need(NeedPause), knobs(Knobs{LivenessProbe: true})),
		run: func(e *env) {
			e.put(e.spec("vm", domain.RunStrategyAlways), Knobs{LivenessProbe: true})
			e.settles("vm", domain.StatusRunning)
			before := e.quiet("vm")
			e.code("pause", e.pause("vm"), domain.CodeProbeForbidsPause)
			e.samePower("after the pause", before)
		},
	},
	{
		id:    "POW-22",
		why:   "an update or apply leaves run strategy, instance and status as they are, whatever the strategy, on or off",
		needs: need(NeedUpdate, NeedPower),
		run:   checkUpdateKeepsPower,
	},
	{
		id:    "POW-23",
		why:   "unpause while a snapshot is being taken is SNAPSHOT_IN_PROGRESS, and is taken when that is finished",
		needs: all(need(NeedPause), knobs(Knobs{Snapshotting: true}), need(NeedTurn)),
		run: func(e *env) {
			e.running("vm")
			e.must("pause", e.pause("vm"))
			e.settles("vm", domain.StatusPaused)
			e.turn("vm", Knobs{Snapshotting: true})
			e.until("vm", "a snapshot", func(vm *domain.VM) bool { return vm.Snapshotting })
			before := e.quiet("vm")
			e.code("unpause", e.unpause("vm"), domain.CodeSnapshotInProgress)
			e.samePower("after the unpause", before)
			e.turn("vm", Knobs{})
			e.until("vm", "the end of the snapshot", func(vm *domain.VM) bool { return !vm.Snapshotting })
			e.must("unpause after the snapshot", e.unpause("vm"))
			e.settles("vm", domain.StatusRunning)
		},
	},
}
