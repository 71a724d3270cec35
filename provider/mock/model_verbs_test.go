package mock_test

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// verb is a verb of the lifecycle table: how it is drawn and called, and what it does at once when it is allowed.
type verb struct {
	verb domain.Verb
	// draw chooses the options that matter for this verb alone.
	draw func(t *rapid.T, o *options)
	call func(ctx context.Context, w *world, name string, o options) error
	// answer corrects the code of the table, which is about default options. Nil leaves it.
	answer func(m *model, o options, code domain.Code) domain.Code
	// does changes the VM to what it must be at the same instant, and says what was written: the VM, its instance.
	does func(w *world, m *model, vm *domain.VM, o options) (wroteVM, wroteInstance bool)
}

// options are those of a verb that the model knows: what does not apply to a verb stays at its zero.
type options struct {
	uid    string
	dryRun bool
	paused bool
	grace  *time.Duration
}

// ask calls a verb, and holds its answer and what it did against the table and the model.
func (w *world) ask(t *rapid.T, m *model, v verb) {
	equal(t, m.name+" before "+string(v.verb), m.vm, w.read(t, m))
	o := options{dryRun: rapid.IntRange(0, 3).Draw(t, "dry run") == 3}
	if m.vm != nil {
		o.uid = rapid.SampledFrom([]string{"", "", m.vm.UID, "another"}).Draw(t, "uid")
	}
	if v.draw != nil {
		v.draw(t, &o)
	}
	want := w.answer(m, v, o)
	err := v.call(context.Background(), w, m.name, o)
	if got := domain.CodeOf(err); got != want {
		t.Fatalf("%s of %s is answered %v, want %q; it is %s", v.verb, m.name, err, want, sketch(m.vm))
	}
	t.Logf("%s %s: %v", v.verb, m.name, err)
	if want != "" || o.dryRun {
		return // and the invariants look whether anything has changed
	}
	before, after := m.vm, w.read(t, m)
	if after == nil {
		if v.verb != domain.VerbDelete || before.Status != domain.StatusUnobserved {
			t.Fatalf("%s of %s takes it away at once; it was %s", v.verb, m.name, sketch(before))
		}
		m.vm = nil
		return
	}
	m.expect(t, v, o, w, before, after)
}

// answer is the code that a verb must be answered.
func (w *world) answer(m *model, v verb, o options) domain.Code {
	switch {
	case o.dryRun && (v.verb == domain.VerbSoftReboot || v.verb == domain.VerbReset):
		return domain.CodeCapabilityUnsupported
	case o.grace != nil && (*o.grace < 0 || *o.grace%time.Second != 0 || v.verb == domain.VerbRestart && *o.grace != 0):
		return domain.CodeInvalidOption
	case m.vm == nil:
		return domain.CodeVMNotFound
	case o.uid != "" && o.uid != m.vm.UID:
		return domain.CodeUIDConflict
	}
	code := domain.Decide(v.verb, m.vm.Situation())
	if v.answer != nil {
		return v.answer(m, o, code)
	}
	return code
}

// expect holds what an allowed verb made of a VM against the model.
func (m *model) expect(t *rapid.T, v verb, o options, w *world, before, after *domain.VM) {
	want := *before
	hastened := before.StopPending && ended(after)
	wroteVM, wroteInstance := v.does(w, m, &want, o)
	if got := before.Revision != after.Revision; got != wroteVM {
		t.Fatalf("%s of %s: VM written %t, want %t", v.verb, m.name, got, wroteVM)
	}
	if got := before.InstanceRevision != after.InstanceRevision; got != wroteInstance {
		t.Fatalf("%s of %s: instance written %t, want %t", v.verb, m.name, got, wroteInstance)
	}
	m.vm = after
	if hastened && o.grace != nil { // its time was over
		if after.InstanceID != want.InstanceID || after.RunStrategy != want.RunStrategy || after.ChangeQueued != want.ChangeQueued {
			t.Fatalf("%s of %s made %s of %s", v.verb, m.name, sketch(after), sketch(before))
		}
		return
	}
	equal(t, string(v.verb)+" of "+m.name, stated(&want), stated(after))
}

// stated is a VM without what follows from the rest: its status and revisions, and what its guest says.
func stated(vm *domain.VM) *domain.VM {
	c := *vm
	c.Revision, c.InstanceRevision = "", ""
	c.Status, c.Reason, c.SelfHealing, c.Message, c.Since, c.Problems = "", "", false, "", time.Time{}, nil
	c.GuestAgent, c.GuestOS, c.Interfaces, c.SoftRebootable = "", nil, nil, ""
	return &c
}

func verbs() []verb {
	return []verb{
		{
			verb: domain.VerbStart,
			draw: func(t *rapid.T, o *options) { o.paused = rapid.Bool().Draw(t, "paused") },
			call: func(ctx context.Context, w *world, name string, o options) error {
				return w.p.StartVM(ctx, theCluster, theNamespace, name, provider.StartOptions{UID: o.uid, DryRun: o.dryRun, Paused: o.paused})
			},
			answer: func(m *model, o options, code domain.Code) domain.Code {
				if code == "" && o.paused && m.vm.RunStrategy == domain.RunStrategyHalted && m.vm.ChangeQueued {
					return domain.CodeTransitionInProgress // a paused start is a request, and there is one
				}
				return code
			},
			does: start,
		},
		{
			verb: domain.VerbStop,
			draw: drawGrace(0, time.Second, 40*time.Second, -time.Second, 1500*time.Millisecond),
			call: func(ctx context.Context, w *world, name string, o options) error {
				return w.p.StopVM(ctx, theCluster, theNamespace, name, provider.StopOptions{UID: o.uid, DryRun: o.dryRun, GracePeriod: o.grace})
			},
			answer: func(m *model, o options, code domain.Code) domain.Code {
				if code == domain.CodeTransitionInProgress && o.grace != nil && *o.grace < m.graceNow() {
					return "" // a shorter grace period hastens a stop
				}
				return code
			},
			does: stop,
		},
		{
			verb: domain.VerbRestart,
			draw: drawGrace(0, time.Second),
			call: func(ctx context.Context, w *world, name string, o options) error {
				return w.p.RestartVM(ctx, theCluster, theNamespace, name, provider.RestartOptions{UID: o.uid, DryRun: o.dryRun, GracePeriod: o.grace})
			},
			does: func(_ *world, m *model, vm *domain.VM, o options) (wroteVM, wroteInstance bool) {
				m.queue(vm, true)
				m.up = up
				if o.grace != nil {
					m.grace[vm.InstanceID] = time.Second // KubeVirt's shortest for a restart
				}
				return true, o.grace != nil
			},
		},
		{
			verb: domain.VerbPause,
			call: func(ctx context.Context, w *world, name string, o options) error {
				return w.p.PauseVM(ctx, theCluster, theNamespace, name, provider.PauseOptions{UID: o.uid, DryRun: o.dryRun})
			},
			does: func(_ *world, _ *model, vm *domain.VM, _ options) (wroteVM, wroteInstance bool) {
				vm.Paused = true
				return false, true
			},
		},
		{
			verb: domain.VerbUnpause,
			call: func(ctx context.Context, w *world, name string, o options) error {
				return w.p.UnpauseVM(ctx, theCluster, theNamespace, name, provider.UnpauseOptions{UID: o.uid, DryRun: o.dryRun})
			},
			does: func(_ *world, _ *model, vm *domain.VM, _ options) (wroteVM, wroteInstance bool) {
				vm.Paused = false
				return false, true
			},
		},
		{
			verb: domain.VerbSoftReboot,
			call: func(ctx context.Context, w *world, name string, o options) error {
				return w.p.SoftRebootVM(ctx, theCluster, theNamespace, name, provider.SoftRebootOptions{UID: o.uid, DryRun: o.dryRun})
			},
			does: rebooted,
		},
		{
			verb: domain.VerbReset,
			call: func(ctx context.Context, w *world, name string, o options) error {
				return w.p.ResetVM(ctx, theCluster, theNamespace, name, provider.ResetOptions{UID: o.uid, DryRun: o.dryRun})
			},
			does: rebooted,
		},
		{
			verb: domain.VerbMigrate,
			call: func(ctx context.Context, w *world, name string, o options) error {
				_, err := w.p.MigrateVM(ctx, theCluster, theNamespace, name, provider.MigrateOptions{UID: o.uid, DryRun: o.dryRun})
				return err
			},
			does: func(_ *world, _ *model, vm *domain.VM, _ options) (wroteVM, wroteInstance bool) {
				told := vm.Migration != nil
				vm.MigrationInFlight, vm.Migration = true, nil // of the last one nobody tells any more
				return false, told
			},
		},
		{
			verb: domain.VerbUpdate,
			call: func(ctx context.Context, w *world, name string, o options) error {
				change := domain.VMChange{Labels: map[string]*string{"changed": new(strconv.Itoa(w.label + 1))}}
				_, applied, err := w.p.UpdateVM(ctx, theCluster, theNamespace, name, change, provider.UpdateOptions{UID: o.uid, DryRun: o.dryRun})
				if err == nil && applied != domain.AppliedLive {
					return fmt.Errorf("a label is applied %s", applied)
				}
				return err
			},
			does: func(w *world, _ *model, vm *domain.VM, _ options) (wroteVM, wroteInstance bool) {
				w.label++
				vm.Labels = merge(vm.Labels, "changed", strconv.Itoa(w.label))
				return true, false
			},
		},
		{
			verb: domain.VerbDelete,
			call: func(ctx context.Context, w *world, name string, o options) error {
				return w.p.DeleteVM(ctx, theCluster, theNamespace, name, provider.DeleteOptions{UID: o.uid, DryRun: o.dryRun})
			},
			does: func(_ *world, _ *model, vm *domain.VM, _ options) (wroteVM, wroteInstance bool) {
				again := vm.Deleting
				vm.Deleting = true
				return !again, false
			},
		},
	}
}

// start makes a halted VM Always; with other strategies, and when it is to start paused, it is a request.
func start(_ *world, m *model, vm *domain.VM, o options) (wroteVM, wroteInstance bool) {
	m.up = up
	if vm.RunStrategy == domain.RunStrategyHalted && !o.paused {
		vm.RunStrategy = domain.RunStrategyAlways
		vm.Generation++
		return true, false
	}
	m.queue(vm, true)
	m.pausedQueued = o.paused
	return true, false
}

// stop makes Always and Once Halted; with other strategies it is a request. It takes no queued start back, which will
// make the VM Always again: KubeVirt v1.9.0 does so (vm.go:1119), and the table takes no notice.
func stop(_ *world, m *model, vm *domain.VM, o options) (wroteVM, wroteInstance bool) {
	if vm.RunStrategy == domain.RunStrategyAlways || vm.RunStrategy == domain.RunStrategyOnce {
		vm.RunStrategy = domain.RunStrategyHalted
		vm.Generation++
	} else {
		m.queue(vm, false)
	}
	m.up = down
	if m.startQueued {
		m.up = up
	}
	if o.grace == nil || !unfinished(vm) {
		return true, false
	}
	m.grace[vm.InstanceID] = *o.grace
	return true, true
}

// queue puts a request in place of those that are queued.
func (m *model) queue(vm *domain.VM, start bool) {
	vm.ChangeQueued, vm.StartFailure = true, nil // somebody wants another try
	m.startQueued, m.pausedQueued = start, false
}

func rebooted(_ *world, _ *model, _ *domain.VM, _ options) (wroteVM, wroteInstance bool) {
	return false, true
}

func drawGrace(choices ...time.Duration) func(*rapid.T, *options) {
	return func(t *rapid.T, o *options) {
		if rapid.Bool().Draw(t, "with grace") {
			o.grace = new(rapid.SampledFrom(choices).Draw(t, "grace"))
		}
	}
}

// graceNow is the grace period of the instance that is there.
func (m *model) graceNow() time.Duration {
	if grace, ok := m.grace[m.vm.InstanceID]; ok {
		return grace
	}
	return defaultGrace
}

// merge is a map with one more entry.
func merge(in map[string]string, key, value string) map[string]string {
	out := maps.Clone(in)
	if out == nil {
		out = map[string]string{}
	}
	out[key] = value
	return out
}

func unfinished(vm *domain.VM) bool {
	return vm.Instance == domain.InstanceStarting || vm.Instance == domain.InstanceLive
}

func ended(vm *domain.VM) bool {
	return vm.Instance == domain.InstanceFinal || vm.Instance == domain.InstanceFailed
}
