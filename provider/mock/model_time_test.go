package mock_test

import (
	"context"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// wait lets time pass: in steps that miss nothing, or at once when it is long.
func (w *world) wait(t *rapid.T, d time.Duration) {
	step := d
	if d <= 50*time.Millisecond {
		step = controllerLook / 2
	}
	for ; d > 0; d -= step {
		time.Sleep(step)
		for _, m := range w.vms {
			m.pass(t, w.read(t, m), step)
		}
	}
}

// pass holds what time has made of a VM against what it may.
func (m *model) pass(t *rapid.T, now *domain.VM, took time.Duration) {
	was := m.vm
	m.vm = now
	if was == nil && now == nil {
		return
	}
	fail := func(what string) {
		t.Helper()
		t.Fatalf("%s, %s: %s\nwas %s\nis  %s", m.name, took, what, sketch(was), sketch(now))
	}
	switch {
	case was == nil:
		fail("a VM out of nothing")
	case now == nil && was.Deleting && took > 0:
		return
	case now == nil:
		fail("gone, and nobody asked for it")
	case now.UID != was.UID || now.Deleting != was.Deleting || !maps.Equal(now.Labels, was.Labels):
		fail("changed what only verbs change")
	case now.RunStrategy != was.RunStrategy && (!m.startQueued || was.RunStrategy != domain.RunStrategyHalted || now.RunStrategy != domain.RunStrategyAlways || took == 0):
		fail("another run strategy")
	case now.Revision == was.Revision && now.InstanceRevision == was.InstanceRevision && now.MigrationInFlight == was.MigrationInFlight:
		same := *was
		same.Read = now.Read
		equal(t, m.name+": nothing was written", &same, now)
		return
	}
	m.passInstance(fail, was, now, took)
	m.startQueued = m.startQueued && now.ChangeQueued
	m.ran = m.ran || now.InstanceID != ""
}

// passInstance is the instance's part of pass.
func (m *model) passInstance(fail func(string), was, now *domain.VM, took time.Duration) {
	replaced := now.InstanceID != was.InstanceID
	made := replaced && now.InstanceID != ""
	queued := was.ChangeQueued
	begins := now.Instance == domain.InstanceLive && (replaced || was.Instance != domain.InstanceLive)
	if made && m.startQueued && m.pausedQueued && !m.mayFail {
		m.bornPaused = now.InstanceID
	}
	switch strategy := was.RunStrategy; {
	case replaced && was.InstanceID != "" && !was.Deleting && !queued && !was.StopPending && !ended(was) && !m.turned.CrashLoop && strategy != domain.RunStrategyHalted:
		fail("the instance went without a reason")
	case made && was.InstanceID != "" && took < controllerLook:
		fail("an instance replaced another without a moment between them")
	case made && strategy == domain.RunStrategyHalted && !m.startQueued,
		made && strategy == domain.RunStrategyManual && !queued,
		made && (strategy == domain.RunStrategyOnce || strategy == domain.RunStrategyWaitAsReceiver) && m.ran:
		fail("an instance that nobody asked for")
	case made && strategy == domain.RunStrategyRerunOnFailure && m.ran && !queued && was.Instance != domain.InstanceFailed && !m.turned.CrashLoop:
		fail("another run, and nothing had failed")
	case begins && now.Paused != (m.bornPaused == now.InstanceID) && !m.mayFail:
		fail("paused from the beginning is what was asked for, and nothing else")
	case !begins && now.Instance == domain.InstanceLive && now.Paused != was.Paused:
		fail("paused or unpaused by itself")
	}
}

// invariants hold at every instant.
func (w *world) invariants(t *rapid.T) {
	page, err := w.p.ListVMs(context.Background(), theCluster, theNamespace, provider.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	listed := page.Items
	for _, m := range w.vms {
		if m.vm == nil {
			continue
		}
		if len(listed) == 0 {
			t.Fatalf("%s is not listed", m.name)
		}
		equal(t, m.name+" as it is listed", m.vm, listed[0])
		listed = listed[1:]
		if why := wrong(m.vm); why != "" {
			t.Fatalf("%s: %s", why, sketch(m.vm))
		}
	}
	if len(listed) > 0 {
		t.Fatalf("listed, and not there: %s", sketch(listed[0]))
	}
}

// wrong says what cannot be of a VM.
func wrong(vm *domain.VM) string {
	is := func(status domain.VMStatus) bool { return vm.Status == status }
	switch {
	case !slices.Contains(domain.VMStatuses(), vm.Status):
		return "no status"
	case is(domain.StatusFailed) != slices.Contains(domain.FailureReasons(), vm.Reason):
		return "FAILED has a reason of its list, and nothing else has"
	case vm.SelfHealing != vm.Reason.SelfHealing():
		return "self-healing"
	case is(domain.StatusDeleting) != vm.Deleting:
		return "DELETING is what is being deleted"
	case is(domain.StatusUnknown) && vm.RawStatus != unknownWord:
		return "UNKNOWN for words that are known"
	case is(domain.StatusRunning) && (vm.Instance != domain.InstanceLive || vm.Paused || vm.StopPending):
		return "RUNNING without a running instance"
	case is(domain.StatusPaused) && (vm.Instance != domain.InstanceLive || !vm.Paused || vm.Reason == ""):
		return "PAUSED without a paused instance, or a reason"
	case is(domain.StatusMigrating) && !vm.Migrating:
		return "MIGRATING and not moving"
	case is(domain.StatusStopping) && !vm.StopPending:
		return "STOPPING and not stopping"
	case is(domain.StatusStopped) && unfinished(vm):
		return "STOPPED with an instance"
	case (vm.InstanceID == "") != (vm.Instance == domain.InstanceNone):
		return "an instance without an id, or an id without an instance"
	case vm.Paused && vm.Instance != domain.InstanceLive:
		return "paused without a guest"
	}
	return ""
}

// rest leaves the VMs alone, and looks where they have come.
func (w *world) rest(t *rapid.T) {
	for _, m := range w.vms {
		if err := w.p.SetKnobs(m.ref(), mock.Knobs{}); err != nil {
			t.Fatal(err)
		}
		m.pass(t, w.read(t, m), 0)
	}
	const enough = 10 * time.Minute
	w.wait(t, enough)
	w.invariants(t)
	var at []*domain.VM
	for _, m := range w.vms {
		if m.vm != nil && !m.atRest() {
			t.Fatalf("after %s %s, which should be %s, is %s", enough, m.name, m.up, sketch(m.vm))
		}
		at = append(at, m.vm)
	}
	w.wait(t, enough)
	for n, m := range w.vms {
		if at[n] != nil && (m.vm == nil || m.vm.Revision != at[n].Revision || m.vm.InstanceRevision != at[n].InstanceRevision) {
			t.Fatalf("%s does not come to rest: it was %s, and is %s", m.name, sketch(at[n]), sketch(m.vm))
		}
	}
}

// atRest says whether a VM is where its run strategy, and what was asked of it, should have brought it.
func (m *model) atRest() bool {
	vm := m.vm
	runs := vm.Status == domain.StatusRunning || vm.Status == domain.StatusPaused
	off := vm.Status == domain.StatusStopped
	failed := vm.Status == domain.StatusFailed && vm.Reason == domain.ReasonInstanceFailed
	if vm.Deleting || vm.ChangeQueued || vm.StopPending || vm.MigrationInFlight {
		return false
	}
	switch vm.RunStrategy {
	case domain.RunStrategyAlways:
		return runs
	case domain.RunStrategyHalted:
		return off
	case domain.RunStrategyWaitAsReceiver:
		return vm.Status == domain.StatusPending
	case domain.RunStrategyRerunOnFailure:
		failed = false
	default: // Manual and Once leave one that has failed as it is
	}
	if m.mayFail {
		return runs || off || failed
	}
	return runs && m.up != down || (off || failed) && m.up != up
}
