package domain

import (
	"slices"
	"testing"
)

func TestDecide(t *testing.T) {
	const (
		always, haltd, manual, onFailure, onlyOnce = RunStrategyAlways, RunStrategyHalted, RunStrategyManual, RunStrategyRerunOnFailure, RunStrategyOnce
		none, starting, live, final, failed        = InstanceNone, InstanceStarting, InstanceLive, InstanceFinal, InstanceFailed
	)
	for _, c := range []struct {
		why  string
		verb Verb
		at   Situation
		want Code
	}{
		{"a halted VM starts", VerbStart, Situation{Strategy: haltd, Instance: none}, ""},
		{"409 for any strategy", VerbStart, Situation{Strategy: manual, Instance: live}, CodeVMAlreadyRunning},
		{"an instance being placed is running for KubeVirt", VerbStart, Situation{Strategy: always, Instance: starting}, CodeVMAlreadyRunning},
		{"paused is running", VerbStart, Situation{Strategy: always, Instance: live, Paused: true}, CodeVMAlreadyRunning},
		{"start right after stop is not 'already running'", VerbStart, Situation{Strategy: haltd, Instance: live}, CodeTransitionInProgress},
		{"the same where the strategy stays", VerbStart, Situation{Strategy: manual, Instance: live, StopPending: true}, CodeTransitionInProgress},
		{"a stop was requested, the instance does not know yet", VerbStart, Situation{Strategy: manual, Instance: live, ChangeQueued: true}, CodeTransitionInProgress},
		{"Always starts by itself", VerbStart, Situation{Strategy: always, Instance: none}, CodeStartNotSupported},
		{"Once never starts again", VerbStart, Situation{Strategy: onlyOnce, Instance: final}, CodeStartNotSupported},
		{"the controller replaces it", VerbStart, Situation{Strategy: onFailure, Instance: failed}, CodeInstanceFailed},
		{"a failed one under Manual is replaced by a start", VerbStart, Situation{Strategy: manual, Instance: failed}, ""},
		{"500 in KubeVirt's words", VerbStart, Situation{Strategy: manual, Instance: none, ChangeQueued: true}, CodeTransitionInProgress},
		{"a queue does not matter to Halted", VerbStart, Situation{Strategy: haltd, Instance: none, ChangeQueued: true}, ""},
		{"volumes to repair first", VerbStart, Situation{Strategy: haltd, Instance: none, ManualRecovery: true}, CodeManualRecoveryRequired},
		{"202 and nothing happens in KubeVirt", VerbStart, Situation{Strategy: RunStrategyWaitAsReceiver, Instance: none}, CodeReceiverStrategy},
		{"202 and nothing happens in KubeVirt", VerbStop, Situation{Strategy: RunStrategyWaitAsReceiver, Instance: live}, CodeReceiverStrategy},
		{"disks are being replaced", VerbStart, Situation{Strategy: haltd, Instance: none, Restoring: true}, CodeRestoreInProgress},
		{"running VMs stop", VerbStop, Situation{Strategy: always, Instance: live}, ""},
		{"paused ones too", VerbStop, Situation{Strategy: manual, Instance: live, Paused: true}, ""},
		{"Always without an instance is stopped for good", VerbStop, Situation{Strategy: always, Instance: none}, ""},
		{"nothing to stop", VerbStop, Situation{Strategy: haltd, Instance: none}, CodeVMNotRunning},
		{"nothing to stop", VerbStop, Situation{Strategy: manual, Instance: final}, CodeVMNotRunning},
		{"stopping already", VerbStop, Situation{Strategy: haltd, Instance: live, StopPending: true}, CodeTransitionInProgress},
		{"a repeated stop request is taken", VerbStop, Situation{Strategy: manual, Instance: live, ChangeQueued: true}, ""},
		{"the webhook refuses the strategy's change", VerbStop, Situation{Strategy: always, Instance: live, Snapshotting: true}, CodeSnapshotInProgress},
		{"no strategy's change, no refusal", VerbStop, Situation{Strategy: manual, Instance: live, Snapshotting: true}, ""},
		{"restart of a running one", VerbRestart, Situation{Strategy: always, Instance: live}, ""},
		{"a second restart", VerbRestart, Situation{Strategy: always, Instance: live, ChangeQueued: true}, CodeTransitionInProgress},
		{"off is off", VerbRestart, Situation{Strategy: haltd, Instance: none}, CodeVMNotRunning},
		{"Once", VerbRestart, Situation{Strategy: onlyOnce, Instance: live}, CodeStrategyForbids},
		{"pause on a stopped VM is not NotFound", VerbPause, Situation{Strategy: haltd, Instance: none}, CodeVMNotRunning},
		{"pause while starting", VerbPause, Situation{Strategy: always, Instance: starting}, CodeVMNotRunning},
		{"pause twice", VerbPause, Situation{Strategy: always, Instance: live, Paused: true}, CodeVMAlreadyPaused},
		{"403 which is no permission", VerbPause, Situation{Strategy: always, Instance: live, ProbeForbidsPause: true}, CodeProbeForbidsPause},
		{"unpause a running one", VerbUnpause, Situation{Strategy: always, Instance: live}, CodeVMNotPaused},
		{"unpause during a snapshot", VerbUnpause, Situation{Strategy: always, Instance: live, Paused: true, Snapshotting: true}, CodeSnapshotInProgress},
		{"no agent, no ACPI", VerbSoftReboot, Situation{Strategy: always, Instance: live, SoftRebootable: FactNo}, CodeNoGuestAgent},
		{"unknown is not no", VerbSoftReboot, Situation{Strategy: always, Instance: live}, ""},
		{"unknown is not no", VerbMigrate, Situation{Strategy: always, Instance: live}, ""},
		{"an explicit no", VerbMigrate, Situation{Strategy: always, Instance: live, LiveMigratable: FactNo}, CodeNotMigratable},
		{"one at a time", VerbMigrate, Situation{Strategy: always, Instance: live, MigrationInFlight: true}, CodeMigrationInProgress},
		{"delete again", VerbDelete, Situation{Strategy: always, Instance: live, Deleting: true}, ""},
		{"an unknown verb", "dance", Situation{Strategy: always, Instance: live}, CodeInvalidOption},
	} {
		if got := Decide(c.verb, c.at); got != c.want {
			t.Errorf("%s\nDecide(%s, %+v) = %q, want %q", c.why, c.verb, c.at, got, c.want)
		}
	}
}

// TestTableIsTotal walks every situation: each verb gets an answer, and every refusal is a FAILED_PRECONDITION.
func TestTableIsTotal(t *testing.T) {
	situations, allowed := 0, map[Verb]int{}
	everySituation(func(s Situation) {
		situations++
		for _, verb := range Verbs() {
			switch code := Decide(verb, s); {
			case code == "":
				allowed[verb]++
			case code.Kind() != KindFailedPrecondition:
				t.Fatalf("Decide(%s, %+v) = %s, which is no FAILED_PRECONDITION", verb, s, code)
			}
		}
		if s.Deleting {
			for _, action := range AvailableActions(vmAt(s)) {
				if action.Allowed != (action.Verb == VerbDelete) {
					t.Fatalf("%s on a VM that is being deleted: %+v", action.Verb, action)
				}
			}
		}
	})
	for _, verb := range Verbs() {
		if allowed[verb] == 0 {
			t.Errorf("%s is never allowed", verb)
		}
	}
	t.Logf("%d situations x %d verbs", situations, len(Verbs()))
}

// TestEveryRuleDecides finds rules that an earlier one hides.
func TestEveryRuleDecides(t *testing.T) {
	decided := make([]bool, len(lifecycle))
	everySituation(func(s Situation) {
		for _, verb := range Verbs() {
			decided[slices.IndexFunc(lifecycle, func(r Rule) bool { return r.Verb == verb && r.matches(s) })] = true
		}
	})
	for n, r := range lifecycle {
		if !decided[n] {
			t.Errorf("rule %d is never reached: %+v", n, r)
		}
	}
}

func everySituation(visit func(Situation)) {
	strategies := append(RunStrategies(), "Tomorrow")
	for _, strategy := range strategies {
		for _, instance := range InstanceStates() {
			for bits := range 1 << 12 {
				bit := func(n int) bool { return bits>>n&1 == 1 }
				visit(Situation{Strategy: strategy, Instance: instance,
					Paused: bit(0), StopPending: bit(1), ChangeQueued: bit(2), Migrating: bit(3), MigrationInFlight: bit(4),
					Snapshotting: bit(5), Restoring: bit(6), Deleting: bit(7), ManualRecovery: bit(8), ProbeForbidsPause: bit(9),
					SoftRebootable: FactOf(bit(10)), LiveMigratable: FactOf(bit(11))})
			}
		}
	}
}

func vmAt(s Situation) *VM {
	return &VM{RunStrategy: s.Strategy, Instance: s.Instance, Paused: s.Paused, StopPending: s.StopPending,
		ChangeQueued: s.ChangeQueued, Migrating: s.Migrating, MigrationInFlight: s.MigrationInFlight,
		Snapshotting: s.Snapshotting, Restoring: s.Restoring, Deleting: s.Deleting, ManualRecovery: s.ManualRecovery,
		ProbeForbidsPause: s.ProbeForbidsPause, SoftRebootable: s.SoftRebootable, LiveMigratable: s.LiveMigratable}
}

func TestSituationOfVM(t *testing.T) {
	everySituation(func(s Situation) {
		if got := vmAt(s).Situation(); got != s {
			t.Fatalf("Situation() = %+v, want %+v", got, s)
		}
	})
}

func TestLifecycleIsACopy(t *testing.T) {
	rules := Lifecycle()
	rules[0].Is[0] = FlagPaused
	for n := range rules {
		rules[n].Code = CodeInternal
	}
	if got := Decide(VerbStart, Situation{Strategy: RunStrategyHalted, Instance: InstanceNone, Deleting: true}); got != CodeVMDeleting {
		t.Errorf("the table was changed from outside: %s", got)
	}
}
