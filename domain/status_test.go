package domain

import (
	"slices"
	"testing"
)

func TestStatus(t *testing.T) {
	on := Situation{Strategy: RunStrategyAlways, Instance: InstanceLive}
	at := func(strategy RunStrategy, instance InstanceState) Situation {
		return Situation{Strategy: strategy, Instance: instance}
	}
	with := func(s Situation, change func(*Situation)) Situation { change(&s); return s }
	for _, c := range []struct {
		why    string
		in     Signals
		want   VMStatus
		reason Reason
	}{
		{"the schema's default Stopped is not a state", Signals{Printable: "Stopped", Situation: at(RunStrategyHalted, InstanceNone)}, StatusUnobserved, ""},
		{"seen and off", Signals{Printable: "Stopped", Observed: true, Situation: at(RunStrategyHalted, InstanceNone)}, StatusStopped, ""},
		{"Always reads Stopped for an instant first", Signals{Printable: "Stopped", Observed: true, Situation: at(RunStrategyAlways, InstanceNone)}, StatusPending, ""},
		{"Once that never ran is about to", Signals{Printable: "Stopped", Observed: true, Situation: at(RunStrategyOnce, InstanceNone)}, StatusPending, ""},
		{"Once that has run is done", Signals{Printable: "Stopped", Observed: true, EverRan: true, Situation: at(RunStrategyOnce, InstanceFinal)}, StatusStopped, ""},
		{"Manual waits for a start", Signals{Printable: "Stopped", Observed: true, Situation: at(RunStrategyManual, InstanceNone)}, StatusStopped, ""},
		{"a start is queued", Signals{Printable: "Stopped", Observed: true, StartQueued: true, Situation: with(at(RunStrategyManual, InstanceNone), func(s *Situation) { s.ChangeQueued = true })}, StatusPending, ""},
		{"a stop that is queued announces nothing", Signals{Printable: "Stopped", Observed: true, EverRan: true, Situation: with(at(RunStrategyManual, InstanceFinal), func(s *Situation) { s.ChangeQueued = true })}, StatusStopped, ""},
		{"Once whose instance was deleted gets another", Signals{Printable: "Stopped", Observed: true, EverRan: true, Situation: at(RunStrategyOnce, InstanceNone)}, StatusPending, ""},
		{"between the two instances of a restart", Signals{Printable: "Stopped", Observed: true, EverRan: true, Situation: at(RunStrategyAlways, InstanceFinal)}, StatusPending, ""},
		{"the controller cannot create it and says Stopped", Signals{Printable: "Stopped", Observed: true, CreateFailed: true, Situation: at(RunStrategyAlways, InstanceNone)}, StatusFailed, ReasonCreateFailed},
		{"an old failure of a halted VM", Signals{Printable: "Stopped", Observed: true, CreateFailed: true, Situation: at(RunStrategyHalted, InstanceNone)}, StatusStopped, ""},
		{"a delete counts at once, the words lag", Signals{Printable: "Running", Observed: true, Situation: with(on, func(s *Situation) { s.Deleting = true })}, StatusDeleting, ""},
		{"running", Signals{Printable: "Running", Observed: true, Situation: on}, StatusRunning, ""},
		{"the instance runs, the words lag", Signals{Printable: "Starting", Observed: true, Situation: on}, StatusRunning, ""},
		{"the instance is gone, the words lag", Signals{Printable: "Running", Observed: true, EverRan: true, Situation: at(RunStrategyHalted, InstanceNone)}, StatusStopped, ""},
		{"paused by a person", Signals{Printable: "Paused", Observed: true, PausedReason: ReasonPausedByUser, Situation: with(on, func(s *Situation) { s.Paused = true })}, StatusPaused, ReasonPausedByUser},
		{"paused by an I/O error", Signals{Printable: "Paused", Observed: true, PausedReason: ReasonPausedIOError, Situation: with(on, func(s *Situation) { s.Paused = true })}, StatusPaused, ReasonPausedIOError},
		{"paused and migrating is migrating", Signals{Printable: "Migrating", Observed: true, Situation: with(on, func(s *Situation) { s.Paused, s.Migrating = true, true })}, StatusMigrating, ""},
		{"the migration monitor pauses to finish", Signals{Printable: "Paused", Observed: true, PausedReason: ReasonPausedByMigration, Situation: with(on, func(s *Situation) { s.Paused = true })}, StatusMigrating, ReasonPausedByMigration},
		{"stopping wins over paused", Signals{Printable: "Stopping", Observed: true, Situation: with(on, func(s *Situation) { s.Paused, s.StopPending = true, true })}, StatusStopping, ""},
		{"placed", Signals{Printable: "Starting", Observed: true, Situation: at(RunStrategyAlways, InstanceStarting)}, StatusStarting, ""},
		{"waiting for its volumes", Signals{Printable: "Starting", Observed: true, VolumesPending: true, Situation: at(RunStrategyAlways, InstanceStarting)}, StatusProvisioning, ""},
		{"disks are made for a VM that should run", Signals{Printable: "Provisioning", Observed: true, Situation: at(RunStrategyAlways, InstanceNone)}, StatusProvisioning, ""},
		{"disks are made for a VM that never ran", Signals{Printable: "WaitingForVolumeBinding", Observed: true, Situation: at(RunStrategyHalted, InstanceNone)}, StatusProvisioning, ""},
		{"disks are made for the first consumer, which a person started", Signals{Printable: "Provisioning", Observed: true, EverRan: true, Situation: at(RunStrategyManual, InstanceStarting)}, StatusProvisioning, ""},
		{"a disk is added to a VM that is off", Signals{Printable: "Provisioning", Observed: true, EverRan: true, Situation: at(RunStrategyHalted, InstanceNone)}, StatusStopped, ""},
		{"a disk that failed, also when off", Signals{Printable: "DataVolumeError", Observed: true, Situation: at(RunStrategyHalted, InstanceNone)}, StatusFailed, ReasonDataVolumeError},
		{"no claim", Signals{Printable: "ErrorPvcNotFound", Observed: true, Situation: at(RunStrategyAlways, InstanceStarting)}, StatusFailed, ReasonMissingClaim},
		{"no room", Signals{Printable: "ErrorUnschedulable", Observed: true, Situation: at(RunStrategyAlways, InstanceStarting)}, StatusFailed, ReasonUnschedulable},
		{"no image", Signals{Printable: "ErrImagePull", Observed: true, Situation: at(RunStrategyAlways, InstanceStarting)}, StatusFailed, ReasonImagePull},
		{"no image yet", Signals{Printable: "ImagePullBackOff", Observed: true, Situation: at(RunStrategyAlways, InstanceStarting)}, StatusFailed, ReasonImagePull},
		{"crashing", Signals{Printable: "CrashLoopBackOff", Observed: true, EverRan: true, Situation: at(RunStrategyAlways, InstanceFailed)}, StatusFailed, ReasonCrashLoop},
		{"crashing, and another start is queued", Signals{Printable: "CrashLoopBackOff", Observed: true, EverRan: true, StartQueued: true, Situation: at(RunStrategyRerunOnFailure, InstanceNone)}, StatusFailed, ReasonCrashLoop},
		{"stopped before it ever ran counts as a failed start, which no other follows", Signals{Printable: "CrashLoopBackOff", Observed: true, EverRan: true, Situation: at(RunStrategyRerunOnFailure, InstanceNone)}, StatusStopped, ""},
		{"failed and nobody restarts it", Signals{Printable: "Stopped", Observed: true, EverRan: true, Situation: at(RunStrategyManual, InstanceFailed)}, StatusFailed, ReasonInstanceFailed},
		{"killed because it did not stop in time is stopped", Signals{Printable: "Stopped", Observed: true, EverRan: true, Leaving: true, Situation: at(RunStrategyManual, InstanceFailed)}, StatusStopped, ""},
		{"the words lag between the two instances of a restart", Signals{Printable: "Stopping", Observed: true, EverRan: true, Situation: at(RunStrategyAlways, InstanceFinal)}, StatusPending, ""},
		{"Once does not try again", Signals{Printable: "CrashLoopBackOff", Observed: true, EverRan: true, Situation: at(RunStrategyOnce, InstanceFailed)}, StatusFailed, ReasonInstanceFailed},
		{"failed and replaced at once", Signals{Printable: "Stopped", Observed: true, EverRan: true, Situation: at(RunStrategyRerunOnFailure, InstanceFailed)}, StatusPending, ""},
		{"a receiver waits", Signals{Printable: "WaitingForReceiver", Observed: true, Situation: at(RunStrategyWaitAsReceiver, InstanceStarting)}, StatusPending, ""},
		{"a receiver without an instance reads Stopped", Signals{Printable: "Stopped", Observed: true, Situation: at(RunStrategyWaitAsReceiver, InstanceNone)}, StatusPending, ""},
		{"KubeVirt does not know either", Signals{Printable: "Unknown", Observed: true, Situation: at(RunStrategyHalted, InstanceNone)}, StatusUnknown, ""},
		{"a word of a newer KubeVirt", Signals{Printable: "Hibernated", Observed: true, Situation: on}, StatusUnknown, ""},
	} {
		status, reason := c.in.Status()
		if status != c.want || reason != c.reason {
			t.Errorf("%s\n%+v\nis %s %s, want %s %s", c.why, c.in, status, reason, c.want, c.reason)
		}
	}
}

// TestStatusIsTotal walks all words in all situations: one of the twelve comes out, and FAILED always has a reason.
func TestStatusIsTotal(t *testing.T) {
	printables := []string{"", "Unknown", "Provisioning", "WaitingForVolumeBinding", "Hibernated"}
	for word := range printableStatuses {
		printables = append(printables, word)
	}
	reached := map[VMStatus]bool{}
	for _, printable := range printables {
		for bits := range 1 << 10 {
			bit := func(n int) bool { return bits>>n&1 == 1 }
			for _, strategy := range RunStrategies() {
				for _, instance := range InstanceStates() {
					s := Signals{Printable: printable, Observed: bit(0), CreateFailed: bit(1), EverRan: bit(2), VolumesPending: bit(3), StartQueued: bit(8), Leaving: bit(9),
						Situation: Situation{Strategy: strategy, Instance: instance, Paused: bit(4), StopPending: bit(5), Migrating: bit(6), Deleting: bit(7)}}
					status, reason := s.Status()
					reached[status] = true
					if !slices.Contains(VMStatuses(), status) {
						t.Fatalf("%+v is %q", s, status)
					}
					if (status == StatusFailed) != slices.Contains(FailureReasons(), reason) {
						t.Fatalf("%+v is %s with reason %q", s, status, reason)
					}
				}
			}
		}
	}
	for _, status := range VMStatuses() {
		if !reached[status] {
			t.Errorf("%s is never reached", status)
		}
	}
}
