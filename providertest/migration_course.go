package providertest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func checkMigrationCancel(e *env) {
	before := e.moving("vm", Knobs{MigrationNeverEnds: true})
	e.running("other")
	cancel := func(name string, opts provider.CancelOptions) error {
		return e.Provider.CancelMigration(e.ctx, e.cluster, e.ns, name, opts)
	}
	e.code("cancel of an unknown one", cancel("unknown", provider.CancelOptions{}), domain.CodeMigrationNotFound)

	active := e.moves("vm", provider.MigrateOptions{})
	ended := e.arrives("other", e.moves("other", provider.MigrateOptions{}))
	e.code("cancel of one that has ended", cancel(ended.Name, provider.CancelOptions{}), domain.CodeOperationNotActive)

	e.settles("vm", domain.StatusMigrating)
	e.code("cancel of another UID", cancel(active.Name, provider.CancelOptions{UID: ended.UID}), domain.CodeUIDConflict)
	if m := e.migration(active.Name); m == nil || m.Phase.Ended() || m.CancelRequested {
		e.Fatalf("the cancel of another UID was meant for this one: %+v", m)
	}
	e.must("cancel", cancel(active.Name, provider.CancelOptions{UID: active.UID}))
	// With KubeVirt a cancel is a delete, so that nothing may be left to read.
	if last := e.ended(active.Name); last != nil {
		e.holds(last.Phase != domain.PhaseSucceeded, "a canceled migration ended %s", last.Phase)
	}
	e.stayed("after the cancel", before)
}

// The order in which phases may follow each other, ours and KubeVirt's own words. Words that are not listed may stand
// anywhere: those of a migration between clusters, and those of other back ends.
var (
	phaseOrder = map[domain.Phase]int{
		domain.PhasePending: 1, domain.PhaseRunning: 2, domain.PhaseSucceeded: 3, domain.PhaseFailed: 3, domain.PhaseCanceled: 3,
	}
	rawPhaseOrder = []string{"Pending", "Scheduling", "Scheduled", "PreparingTarget", "TargetReady", "Running", "Succeeded"}
)

func checkMigrationForward(e *env) {
	e.running("vm")
	begun := e.moves("vm", provider.MigrateOptions{})
	course := []*domain.Migration{begun}
	last := begun
	for deadline := time.Now().Add(e.h.settle()); !last.Phase.Ended(); e.sleep(e.h.interval()) {
		if last = e.migration(begun.Name); last == nil {
			e.Fatalf("it was gone before it ended")
		}
		if time.Now().After(deadline) {
			e.Fatalf("it is %s (%s) and does not end within %s", last.Phase, last.RawPhase, e.h.settle())
		}
		course = append(course, last)
	}
	looks := 0
	e.until("vm", "done with its migration", func(vm *domain.VM) bool { // an end is final
		if m := e.migration(begun.Name); m != nil {
			course = append(course, m)
		}
		looks++
		return looks >= 5 && atRest(vm)
	})
	e.forward(course)
}

// forward finds fault with phases that go back, and with an end that is followed by another one.
func (e *env) forward(course []*domain.Migration) {
	raw := -1
	for n, m := range course {
		if at := slices.Index(rawPhaseOrder, m.RawPhase); at >= 0 {
			e.holds(at >= raw, "%s after %s", m.RawPhase, rawPhaseOrder[max(raw, 0)])
			raw = max(raw, at)
		}
		if n == 0 {
			continue
		}
		before := course[n-1].Phase
		e.holds(phaseOrder[m.Phase] >= phaseOrder[before], "%s (%s) after %s", m.Phase, m.RawPhase, before)
		e.holds(!before.Ended() || m.Phase == before, "%s after the end %s", m.Phase, before)
	}
}

func checkMigrationPhase(e *env) {
	e.running("vm")
	begun := e.moves("vm", provider.MigrateOptions{})
	e.told("the answer of migrate", begun)
	for over, deadline := false, time.Now().Add(e.h.settle()); !over; e.sleep(8 * e.h.interval()) {
		if time.Now().After(deadline) {
			e.Fatalf("it does not end within %s", e.h.settle())
		}
		before := e.migration(begun.Name)
		listed := e.migrations("vm", provider.ListOptions{}).Items
		after := e.migration(begun.Name)
		if before == nil || after == nil {
			e.Fatalf("it was gone before it ended")
		}
		e.told("get", before)
		over = before.Phase.Ended()
		if !e.same("migrations in the list", 1, len(listed)) {
			continue
		}
		e.told("list", listed[0])
		e.same("UID in the list", begun.UID, listed[0].UID)
		if cmp.Equal(before, after) { // nothing has happened between the three
			e.same("get and list", before, listed[0])
		}
	}
}

// told finds fault with a migration that does not say how far it is.
func (e *env) told(what string, m *domain.Migration) {
	e.holds(phaseOrder[m.Phase] != 0, "%s: phase %q (%q)", what, m.Phase, m.RawPhase)
}

func checkMigrationPending(e *env) {
	before := e.moving("vm", Knobs{MigrationPending: true})
	m := e.moves("vm", provider.MigrateOptions{})
	var waiting *domain.Migration
	for range 10 {
		e.sleep(e.h.settle() / 300) // in all longer than a migration takes
		waiting = e.migration(m.Name)
		if waiting == nil || waiting.Phase.Ended() {
			e.Fatalf("it did not wait for a node: %+v", waiting)
		}
		e.same("status of the VM meanwhile", domain.StatusRunning, e.get("vm").Status)
	}
	e.holds(waiting.RawPhase != "" || waiting.Message != "", "it does not say what it is at: %+v", waiting)
	e.must("cancel", e.Provider.CancelMigration(e.ctx, e.cluster, e.ns, m.Name, provider.CancelOptions{}))
	e.ended(m.Name)
	e.stayed("after the cancel", before)
}
