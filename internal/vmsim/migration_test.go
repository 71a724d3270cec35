package vmsim

import (
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func TestMigration(t *testing.T) {
	s := begin(t, domain.RunStrategyAlways, Knobs{})
	s.states(time.Second)
	before := s.m.Instance()
	s.do(Event{Kind: Migrate})
	if got := s.m.Check(Event{Kind: Migrate}); got != domain.CodeMigrationInProgress {
		t.Errorf("a second one gets %q", got)
	}
	s.want(time.Second, "a queued one shows RUNNING", "RUNNING", "MIGRATING", "RUNNING")
	after := s.m.Instance()
	if after.Serial != before.Serial || after.Node == before.Node || after.Node != s.m.Migration().Target {
		t.Errorf("instance %+v became %+v by %+v", before, after, s.m.Migration())
	}
	if g := s.m.Migration(); g.Phase != MigrationPhaseSucceeded || !g.Ended.After(g.Started) {
		t.Errorf("migration %+v", g)
	}
	if got := s.m.Check(Event{Kind: CancelMigration}); got != domain.CodeOperationNotActive {
		t.Errorf("a cancel of a finished one gets %q", got)
	}

	s.m.SetKnobs(s.m.Now(), Knobs{MigrationNeverEnds: true})
	s.do(Event{Kind: Migrate})
	s.do(Event{Kind: Pause})
	s.want(time.Hour, "a paused VM that migrates shows MIGRATING", "PAUSED/PAUSED_BY_USER", "MIGRATING")
	if !s.m.Situation().Paused {
		t.Error("it is paused all the same")
	}
	s.do(Event{Kind: CancelMigration})
	s.want(time.Second, "a cancel leaves it where it was", "MIGRATING", "PAUSED/PAUSED_BY_USER")
	if g := s.m.Migration(); g.Phase != MigrationPhaseFailed || !g.Canceled || s.m.Instance().Node != g.Source || g.Serial != 2 {
		t.Errorf("migration %+v on node %d", g, s.m.Instance().Node)
	}

	s.m.SetKnobs(s.m.Now(), Knobs{MigrationFails: true})
	s.do(Event{Kind: Migrate})
	s.states(time.Second)
	if g := s.m.Migration(); g.Phase != MigrationPhaseFailed || g.Canceled {
		t.Errorf("migration %+v", g)
	}

	s.m.SetKnobs(s.m.Now(), Knobs{MigrationPending: true})
	s.do(Event{Kind: Migrate})
	s.states(time.Hour)
	if g := s.m.Migration(); g.Phase != MigrationPhaseScheduling {
		t.Errorf("no room for the target is not the end of it: %+v", g)
	}
	s.do(Event{Kind: Stop, Grace: new(time.Duration(0))})
	s.states(time.Second)
	if g := s.m.Migration(); g.Phase != MigrationPhaseFailed {
		t.Errorf("the end of the instance is the end of its migration: %+v", g)
	}

	s = begin(t, domain.RunStrategyAlways, Knobs{NotMigratable: true})
	s.states(time.Second)
	if got := s.m.Check(Event{Kind: Migrate}); got != domain.CodeNotMigratable {
		t.Errorf("a VM that cannot be migrated gets %q", got)
	}
}

func TestReceiver(t *testing.T) {
	s := begin(t, domain.RunStrategyWaitAsReceiver, Knobs{})
	s.states(time.Second)
	if got := s.m.Printable(); got != "WaitingForReceiver" {
		t.Errorf("printable %s", got)
	}
	s.do(Event{Kind: SetStrategy, Strategy: domain.RunStrategyManual})
	s.want(time.Second, "KubeVirt has no word for it", "STARTING")
	if got := s.m.Printable(); got != "Unknown" {
		t.Errorf("printable %s", got)
	}
	s.do(Event{Kind: Received, Strategy: domain.RunStrategyRerunOnFailure})
	s.want(time.Second, "the migration arrived", "RUNNING")
	if got := s.m.Strategy(); got != domain.RunStrategyRerunOnFailure {
		t.Errorf("strategy %s", got)
	}
}

// TestMigrationShows: what the instance tells of its migration comes with a change of the instance.
func TestMigrationShows(t *testing.T) {
	s := begin(t, domain.RunStrategyAlways, Knobs{})
	s.states(time.Second)
	s.m.SetKnobs(s.m.Now(), Knobs{MigrationNeverEnds: true})
	step := func(what string, effects Effects, want bool) {
		t.Helper()
		if got := effects&InstanceChanged != 0; got != want {
			t.Errorf("%s changes the instance: %t, want %t", what, got, want)
		}
	}
	apply := func(kind Kind) Effects {
		effects, code := s.m.Apply(s.m.Now(), Event{Kind: kind})
		if code != "" {
			t.Fatalf("event %d gets %s", kind, code)
		}
		return effects
	}
	step("a first migration", apply(Migrate), false)
	step("a cancel without a target", apply(CancelMigration), false)
	s.m.Advance(s.m.Now().Add(time.Second))
	step("another one after that", apply(Migrate), false)
	for s.m.Migration().Target == 0 {
		effects := s.m.Advance(s.m.Next())
		step("a target", effects, s.m.Migration().Target != 0)
	}
	step("a cancel with a target", apply(CancelMigration), true)
	s.m.Advance(s.m.Now().Add(time.Second))
	step("another one, of which nothing is told yet", apply(Migrate), true)
}
