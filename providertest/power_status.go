package providertest

import (
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var statusChecks = []check{
	{
		id:    "POW-25",
		why:   "a VM that nobody has looked at is UNOBSERVED, not STOPPED, and ends no wait for STOPPED",
		needs: need(NeedUnobserved),
		run:   checkUnobserved,
	},
	{
		id:    "POW-26",
		why:   "each of KubeVirt's 17 words has its status, and one of a newer KubeVirt is UNKNOWN; the word itself is kept",
		needs: all(knobs(Knobs{Printable: "Running"}), need(NeedTurn)),
		run:   checkPrintableWords,
	},
	{
		id:    "POW-27",
		why:   "flags do not depend on the status: a paused VM that migrates is MIGRATING, and says that it is paused",
		needs: all(need(NeedMigration, NeedPause), knobs(Knobs{MigrationNeverEnds: true})),
		run: func(e *env) {
			e.put(e.spec("vm", domain.RunStrategyAlways), Knobs{MigrationNeverEnds: true})
			e.settles("vm", domain.StatusRunning)
			e.quiet("vm")
			_, err := e.migrate("vm")
			e.must("migrate", err)
			vm := e.settles("vm", domain.StatusMigrating)
			e.holds(!vm.Paused, "a VM that nobody paused says that it is")
			e.must("pause", e.pause("vm"))
			e.until("vm", "paused", func(vm *domain.VM) bool { return vm.Paused })
			vm = e.quiet("vm")
			e.same("status of the paused VM", domain.StatusMigrating, vm.Status)
			e.holds(vm.Paused && vm.Migrating, "paused: %t, migrating: %t", vm.Paused, vm.Migrating)
		},
	},
	{
		id:    "POW-28",
		why:   "a VM for which there is no room is FAILED with reason UNSCHEDULABLE and the scheduler's words, and settles RUNNING when there is",
		needs: all(knobs(Knobs{Unschedulable: true}), need(NeedTurn)),
		run: func(e *env) {
			e.put(e.spec("vm", domain.RunStrategyAlways), Knobs{Unschedulable: true})
			vm := e.settles("vm", domain.StatusFailed)
			e.same("reason", domain.ReasonUnschedulable, vm.Reason)
			e.holds(vm.SelfHealing, "it says that it does not recover by itself")
			e.holds(vm.Message != "", "no message")
			e.turn("vm", Knobs{})
			vm = e.settles("vm", domain.StatusRunning)
			e.same("reason of the VM that runs", domain.Reason(""), vm.Reason)
			checkHindrances(e)
		},
	},
	{
		id:    "POW-29",
		why:   "a VM whose starts fail again and again is FAILED with reason CRASH_LOOP, their count and the time of the next one",
		needs: knobs(Knobs{CrashLoop: true}),
		run: func(e *env) {
			e.put(e.spec("vm", domain.RunStrategyAlways), Knobs{CrashLoop: true})
			vm := e.until("vm", "FAILED in a crash loop", func(vm *domain.VM) bool {
				return vm.Status == domain.StatusFailed && vm.Reason == domain.ReasonCrashLoop
			})
			e.holds(vm.SelfHealing, "it says that it is not tried again")
			if !e.holds(vm.StartFailure != nil, "no start failure") {
				return
			}
			e.holds(vm.StartFailure.Count >= 1, "%d failed starts", vm.StartFailure.Count)
			e.holds(vm.StartFailure.RetryAfter.After(time.Now()), "the next start is at %s, it is %s", vm.StartFailure.RetryAfter, time.Now())
		},
	},
}

// hindrances keep a VM that should run from running, each by a knob, and it runs when that is turned back.
var hindrances = []struct {
	name   string
	knobs  Knobs
	status domain.VMStatus
	reason domain.Reason
}{
	{"image", Knobs{ImagePullFailure: true}, domain.StatusFailed, domain.ReasonImagePull},
	{"claim", Knobs{MissingClaim: true}, domain.StatusFailed, domain.ReasonMissingClaim},
	{"import", Knobs{DataVolumeError: true}, domain.StatusFailed, domain.ReasonDataVolumeError},
	{"unbound", Knobs{VolumesUnbound: true}, domain.StatusProvisioning, ""},
	{"disks", Knobs{Provisioning: true}, domain.StatusProvisioning, ""},
}

// checkHindrances has a VM for each knob that the harness can turn.
func checkHindrances(e *env) {
	for _, at := range hindrances {
		if !e.has(append(at.knobs.needs(), NeedPut, NeedTurn)...) {
			continue
		}
		e.put(e.spec(at.name, domain.RunStrategyAlways), at.knobs)
		vm := e.settles(at.name, at.status)
		e.same(at.name+": reason", at.reason, vm.Reason)
		e.same(at.name+": heals itself", at.status == domain.StatusFailed, vm.SelfHealing)
		e.turn(at.name, Knobs{})
		vm = e.settles(at.name, domain.StatusRunning)
		e.same(at.name+": reason of the VM that runs", domain.Reason(""), vm.Reason)
	}
}

// checkUnobserved has a VM that will run: KubeVirt's API server fills in printableStatus Stopped before the controller
// has seen it (kubevirt.io/api core/v1 types.go), and whoever believes that takes a VM on its way for one that is off.
func checkUnobserved(e *env) {
	made := e.create(e.spec("vm", domain.RunStrategyAlways))
	e.same("status of the VM that create returns", domain.StatusUnobserved, made.Status)
	seen := []domain.VMStatus{made.Status}
	e.until("vm", string(domain.StatusRunning), func(vm *domain.VM) bool {
		if vm.Status != seen[len(seen)-1] {
			seen = append(seen, vm.Status)
		}
		return vm.Status == domain.StatusRunning
	})
	e.holds(!slices.Contains(seen, domain.StatusStopped), "on its way to RUNNING it was %v", seen)

	e.create(e.spec("halted", domain.RunStrategyHalted))
	vm, err := provider.WaitVM(e.ctx, e.Provider, e.cluster, e.ns, "halted", provider.In(domain.StatusStopped), e.waitOptions())
	e.must("wait for STOPPED", err)
	e.same("status of a VM that was waited for", domain.StatusStopped, vm.Status)
}

// printable is what each of KubeVirt's words for a VM says of one that is Halted, never ran and has no instance: where
// it speaks of an instance that runs, it is late. VirtualMachinePrintableStatus, kubevirt.io/api core/v1 types.go, v1.9.0.
var printable = map[string]struct {
	status domain.VMStatus
	reason domain.Reason
}{
	"Stopped":                 {domain.StatusStopped, ""},
	"Provisioning":            {domain.StatusProvisioning, ""},
	"Starting":                {domain.StatusStarting, ""},
	"Running":                 {domain.StatusStopped, ""},
	"Paused":                  {domain.StatusStopped, ""},
	"Stopping":                {domain.StatusStopped, ""},
	"Terminating":             {domain.StatusDeleting, ""},
	"Migrating":               {domain.StatusStopped, ""},
	"CrashLoopBackOff":        {domain.StatusFailed, domain.ReasonCrashLoop},
	"ErrorUnschedulable":      {domain.StatusFailed, domain.ReasonUnschedulable},
	"ErrImagePull":            {domain.StatusFailed, domain.ReasonImagePull},
	"ImagePullBackOff":        {domain.StatusFailed, domain.ReasonImagePull},
	"ErrorPvcNotFound":        {domain.StatusFailed, domain.ReasonMissingClaim},
	"DataVolumeError":         {domain.StatusFailed, domain.ReasonDataVolumeError},
	"WaitingForVolumeBinding": {domain.StatusProvisioning, ""},
	"WaitingForReceiver":      {domain.StatusPending, ""},
	"Unknown":                 {domain.StatusUnknown, ""},
	"Hibernating":             {domain.StatusUnknown, ""}, // a word that no KubeVirt has yet
}

func checkPrintableWords(e *env) {
	e.put(e.spec("vm", domain.RunStrategyHalted), Knobs{})
	e.settles("vm", domain.StatusStopped)
	for word, want := range printable {
		e.turn("vm", Knobs{Printable: word})
		vm := e.until("vm", word, func(vm *domain.VM) bool { return vm.RawStatus == word })
		e.same(word+": status", want.status, vm.Status)
		e.same(word+": reason", want.reason, vm.Reason)
	}
}
