package vmsim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// TestRestoreLeavesOut: what cannot be is left out, and the rest is restored. What can be is in TestSituations.
func TestRestoreLeavesOut(t *testing.T) {
	cfg := NewConfig(Timing{}, 3)
	for _, strategy := range domain.RunStrategies() {
		for _, state := range domain.InstanceStates() {
			for _, s := range []domain.Situation{
				{}, {Paused: true}, {StopPending: true}, {Migrating: true, MigrationInFlight: true}, {MigrationInFlight: true},
				{Snapshotting: true}, {Restoring: true}, {ManualRecovery: true}, {Deleting: true}, {ProbeForbidsPause: true},
				{SoftRebootable: domain.FactNo}, {LiveMigratable: domain.FactNo},
			} {
				s.Strategy, s.Instance = strategy, state
				got := Restore(cfg, epoch(), s, Knobs{}).Situation()
				if state != domain.InstanceLive {
					// Without a guest there is nothing to say of it.
					s.Paused, s.Migrating, s.MigrationInFlight = false, false, false
				}
				if state != domain.InstanceLive && state != domain.InstanceStarting {
					s.StopPending = false
				}
				got.LiveMigratable, got.SoftRebootable = only(got.LiveMigratable, s.LiveMigratable), only(got.SoftRebootable, s.SoftRebootable)
				if state != domain.InstanceLive {
					s.LiveMigratable, s.SoftRebootable = "", ""
				}
				if diff := cmp.Diff(s, got); diff != "" {
					t.Errorf("Restore() (-want +got):\n%s", diff)
				}
			}
		}
	}
}

// only leaves a fact out that was not asked for.
func only(got, want domain.Fact) domain.Fact {
	if want == "" {
		return ""
	}
	return got
}

// TestRestoredLives: a VM goes on from where it was put as one that got there by itself.
func TestRestoredLives(t *testing.T) {
	for why, c := range map[string]struct {
		from  domain.Situation
		event *Event
		want  []string
	}{
		"one that has run and was stopped stays off": {
			from: domain.Situation{Strategy: domain.RunStrategyRerunOnFailure, Instance: domain.InstanceNone},
			want: []string{"STOPPED"},
		},
		"a queued start": {
			from: domain.Situation{Strategy: domain.RunStrategyRerunOnFailure, Instance: domain.InstanceNone, ChangeQueued: true},
			want: []string{"PENDING", "STARTING", "RUNNING"},
		},
		"a queued restart": {
			from: domain.Situation{Strategy: domain.RunStrategyManual, Instance: domain.InstanceLive, ChangeQueued: true},
			want: []string{"RUNNING", "STOPPING", "PENDING", "STARTING", "RUNNING"},
		},
		"a queued start behind an instance that has failed": {
			from: domain.Situation{Strategy: domain.RunStrategyManual, Instance: domain.InstanceFailed, ChangeQueued: true},
			want: []string{"FAILED/INSTANCE_FAILED", "PENDING", "STARTING", "RUNNING"},
		},
		"a halted one does not come back": {
			from: domain.Situation{Strategy: domain.RunStrategyHalted, Instance: domain.InstanceLive, ChangeQueued: true},
			want: []string{"RUNNING", "STOPPING", "STOPPED"},
		},
		"a receiver waits": {
			from: domain.Situation{Strategy: domain.RunStrategyWaitAsReceiver, Instance: domain.InstanceStarting},
			want: []string{"PENDING"},
		},
		"and runs when its migration has arrived": {
			from:  domain.Situation{Strategy: domain.RunStrategyWaitAsReceiver, Instance: domain.InstanceStarting},
			event: &Event{Kind: Received},
			want:  []string{"RUNNING"},
		},
		"one that is being deleted goes": {
			from: domain.Situation{Strategy: domain.RunStrategyAlways, Instance: domain.InstanceLive, Deleting: true},
			want: []string{"DELETING", "gone"},
		},
	} {
		s := &story{t, Restore(NewConfig(Timing{}, 3), epoch(), c.from, Knobs{})}
		if c.event != nil {
			s.do(*c.event)
		}
		s.want(time.Hour, why, c.want...)
	}
}

// TestRestoredFacts: what an instance has not said of itself is unknown until its knobs are turned, or another one runs.
func TestRestoredFacts(t *testing.T) {
	from := domain.Situation{Strategy: domain.RunStrategyAlways, Instance: domain.InstanceLive}
	facts := func(m *Machine) [2]domain.Fact {
		s := m.Situation()
		return [2]domain.Fact{s.SoftRebootable, s.LiveMigratable}
	}
	m := Restore(NewConfig(Timing{}, 3), epoch(), from, Knobs{NoACPI: true, NoGuestAgent: true})
	if got := facts(m); got != [2]domain.Fact{} {
		t.Errorf("nothing was said, got %v", got)
	}
	fork := *m
	fork.SetKnobs(epoch(), Knobs{NotMigratable: true})
	if got := facts(&fork); got != [2]domain.Fact{domain.FactYes, domain.FactNo} {
		t.Errorf("the knobs say so, got %v", got)
	}
	(&story{t, m}).do(Event{Kind: GuestCrash})
	m.Advance(epoch().Add(time.Hour))
	if got := facts(m); got != [2]domain.Fact{domain.FactNo, domain.FactYes} {
		t.Errorf("another instance says so, got %v", got)
	}
}
