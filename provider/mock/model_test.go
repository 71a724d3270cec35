package mock_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestModel lives one or two VMs through random lives and holds every answer against the lifecycle table, every change
// against a small model that is written down here, and the end of each life against what its run strategy promises. A
// failure is shrunk to the shortest life that shows it; -rapid.seed repeats it.
func TestModel(t *testing.T) {
	setFlag(t, "rapid.checks", strconv.Itoa(lives))
	setFlag(t, "rapid.nofailfile", "true")
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			w := newWorld(t)
			t.Repeat(w.actions())
			w.rest(t)
		})
	})
}

// setFlag sets a flag for the time of a test, unless the command line does.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	if was := f.Value.String(); was == f.DefValue {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(was) })
	}
}

// world is a Mock, and the model of each of its VMs.
type world struct {
	p   *mock.Provider
	vms []*model
	// uids are those of all VMs there ever were.
	uids map[string]bool
	// label counts updates, so that each changes something.
	label int
}

// model is what must be true of one VM.
type model struct {
	name string
	// vm is the VM as it must be at this instant; nil while there is none. Who allows a change sets it, so that whatever
	// else changes, by a refused verb or one on another VM, is found by the invariants.
	vm *domain.VM

	// startQueued: a start is among the requests that wait for the controller. It makes a halted VM Always.
	startQueued bool
	// pausedQueued: that start is to be a paused one. bornPaused is the instance that it made.
	pausedQueued bool
	bornPaused   string
	// ran: there was an instance.
	ran bool
	// grace is the grace period of each instance that has one of its own.
	grace map[string]time.Duration
	// up says where the VM comes to rest if it is left alone.
	up rest
	// mayFail: an instance may have failed before it ran, so that up says nothing unless the strategy tries again.
	mayFail bool
	// pending and turned are the knobs of the next VM of this name and of this one.
	pending, turned mock.Knobs
}

// rest is where a VM comes to rest.
type rest string

const (
	up     rest = "up"
	down   rest = "down"
	either rest = "either" // it depends on which of two things came first
)

// Where and how long.
const (
	theCluster, theNamespace = "mock", "team"
	controllerLook           = 10 * time.Millisecond // mock.Timing.Observe
	defaultGrace             = 30 * time.Second
	unknownWord              = "Frobnicating"
)

func newWorld(t *rapid.T) *world {
	w := &world{uids: map[string]bool{}}
	var timing mock.Timing
	if rapid.Bool().Draw(t, "disks take time") {
		timing.Provision = 25 * time.Millisecond
	}
	w.p = mock.New(mock.Options{Timing: timing})
	for n := range rapid.IntRange(1, 2).Draw(t, "VMs") {
		w.vms = append(w.vms, &model{name: fmt.Sprintf("vm-%d", n)})
		w.create(t, w.vms[n])
	}
	return w
}

func (w *world) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"create":   func(t *rapid.T) { w.create(t, w.one(t)) },
		"incident": func(t *rapid.T) { w.incident(t, w.one(t)) },
		"knobs":    func(t *rapid.T) { w.knobs(t, w.one(t)) },
		"cancel":   func(t *rapid.T) { w.cancel(t, w.one(t)) },
		"":         w.invariants,
	}
	for _, d := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, time.Second, time.Minute} {
		actions["wait "+d.String()] = func(t *rapid.T) { w.wait(t, d) }
	}
	for _, v := range verbs() {
		actions[string(v.verb)] = func(t *rapid.T) { w.ask(t, w.one(t), v) }
	}
	return actions
}

// one chooses a VM.
func (w *world) one(t *rapid.T) *model {
	return w.vms[rapid.IntRange(0, len(w.vms)-1).Draw(t, "VM")]
}

func (m *model) ref() domain.Ref {
	return domain.Ref{Cluster: theCluster, Namespace: theNamespace, Name: m.name}
}

// read is the VM at this instant, nil when there is none.
func (w *world) read(t *rapid.T, m *model) *domain.VM {
	vm, err := w.p.GetVM(context.Background(), theCluster, theNamespace, m.name)
	if code := domain.CodeOf(err); code != "" && code != domain.CodeVMNotFound || (vm == nil) != (err != nil) {
		t.Fatalf("read %s: %v, %v", m.name, vm, err)
	}
	return vm
}

func equal(t *rapid.T, what string, want, got *domain.VM) {
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%s (-want +got):\n%s", what, cmp.Diff(want, got))
	}
}

// sketch is what one wants to know of a VM that is not as it should be.
func sketch(vm *domain.VM) string {
	if vm == nil {
		return "none"
	}
	return fmt.Sprintf("%s %s (%s) with an instance %s, of %+v", vm.Status, vm.Reason, vm.RawStatus, vm.InstanceID, vm.Situation())
}

// create makes a VM, of any strategy.
func (w *world) create(t *rapid.T, m *model) {
	strategy := rapid.SampledFrom(domain.RunStrategies()).Draw(t, "strategy")
	vm, err := w.p.CreateVM(context.Background(), theCluster, theNamespace,
		domain.VMSpec{Name: m.name, RunStrategy: strategy, MemoryBytes: 1 << 30}, provider.CreateOptions{})
	if m.vm != nil {
		if code := domain.CodeOf(err); code != domain.CodeVMAlreadyExists {
			t.Fatalf("a second create of %s is answered %v", m.name, err)
		}
		return
	}
	switch {
	case err != nil:
		t.Fatalf("create %s: %v", m.name, err)
	case w.uids[vm.UID]:
		t.Fatalf("%s has the UID of another VM", m.name)
	case vm.Status != domain.StatusUnobserved || vm.RunStrategy != strategy || vm.Instance != domain.InstanceNone:
		t.Fatalf("a new VM of strategy %s: %s", strategy, sketch(vm))
	}
	equal(t, "what create answers", vm, w.read(t, m))
	w.uids[vm.UID] = true
	*m = model{name: m.name, vm: vm, grace: map[string]time.Duration{}, up: up, pending: m.pending, turned: m.pending}
	if strategy == domain.RunStrategyHalted || strategy == domain.RunStrategyManual {
		m.up = down
	}
	m.mayFail = m.turned.CrashLoop
}

// incident lets something happen to a VM.
func (w *world) incident(t *rapid.T, m *model) {
	incident := rapid.SampledFrom([]mock.Incident{mock.GuestShutdown, mock.GuestCrash, mock.IOError, mock.NodeLost}).Draw(t, "incident")
	want := domain.CodeVMNotRunning
	switch vm := m.vm; {
	case vm == nil:
		want = domain.CodeVMNotFound
	case vm.Instance == domain.InstanceLive && !(incident == mock.IOError && vm.Paused),
		incident == mock.NodeLost && unfinished(vm) && vm.Node != "":
		want = ""
	}
	err := w.p.Happen(m.ref(), incident)
	if got := domain.CodeOf(err); got != want {
		t.Fatalf("%s of %s is answered %v, want %q; it is %s", incident, m.name, err, want, sketch(m.vm))
	}
	t.Logf("%s %s: %v", incident, m.name, err)
	if err != nil {
		return
	}
	before, after := m.vm, w.read(t, m)
	if after == nil || after.InstanceID != before.InstanceID || after.RunStrategy != before.RunStrategy || after.InstanceRevision == before.InstanceRevision {
		t.Fatalf("%s of %s made %s of %s", incident, m.name, sketch(after), sketch(before))
	}
	state := map[mock.Incident]domain.InstanceState{mock.GuestShutdown: domain.InstanceFinal, mock.GuestCrash: domain.InstanceFailed,
		mock.NodeLost: domain.InstanceFailed, mock.IOError: domain.InstanceLive}[incident]
	if after.Instance != state || after.Paused != (incident == mock.IOError) {
		t.Fatalf("after %s %s is %s", incident, m.name, sketch(after))
	}
	m.vm = after
	switch {
	case incident == mock.IOError:
	case before.RunStrategy == domain.RunStrategyManual || before.RunStrategy == domain.RunStrategyRerunOnFailure:
		switch {
		case before.ChangeQueued:
			m.up = either // the request was meant for the instance that has ended
		case before.RunStrategy == domain.RunStrategyManual || incident == mock.GuestShutdown:
			m.up = down
		}
	case before.RunStrategy == domain.RunStrategyOnce:
		m.up = down
	}
}

// knobs turns up to two knobs on, and all others off.
func (w *world) knobs(t *rapid.T, m *model) {
	all := turns()
	var knobs mock.Knobs
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(all))), 0, 2).Draw(t, "knobs") {
		all[name](&knobs)
	}
	if err := w.p.SetKnobs(m.ref(), knobs); err != nil {
		t.Fatalf("turn the knobs of %s: %v", m.name, err)
	}
	if m.vm == nil {
		m.pending = knobs
		return
	}
	m.turned = knobs
	m.mayFail = m.mayFail || knobs.CrashLoop
	m.pass(t, w.read(t, m), 0)
}

// turns are the knobs of a VM's life, each by its name: not those that keep it from being read.
func turns() map[string]func(*mock.Knobs) {
	all := map[string]func(*mock.Knobs){"Printable": func(k *mock.Knobs) { k.Printable = unknownWord }}
	for field := range reflect.TypeFor[mock.Knobs]().Fields() {
		unread := slices.Contains([]string{"Unmappable", "InstanceUnreadable"}, field.Name)
		if field.Type.Kind() == reflect.Bool && !unread {
			all[field.Name] = func(k *mock.Knobs) { reflect.ValueOf(k).Elem().FieldByIndex(field.Index).SetBool(true) }
		}
	}
	return all
}

// cancel cancels the migration of a VM, if there is one.
func (w *world) cancel(t *rapid.T, m *model) {
	page, err := w.p.ListMigrations(context.Background(), theCluster, theNamespace, m.name, provider.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	active := slices.DeleteFunc(page.Items, func(g *domain.Migration) bool { return g.Phase.Ended() })
	if inFlight := m.vm != nil && m.vm.MigrationInFlight; len(active) > 1 || len(active) == 1 != inFlight {
		t.Fatalf("%d active migrations of %s: %s", len(active), m.name, sketch(m.vm))
	}
	if len(active) == 0 {
		return
	}
	if err := w.p.CancelMigration(context.Background(), theCluster, theNamespace, active[0].Name, provider.CancelOptions{}); err != nil {
		t.Fatalf("cancel %s: %v", active[0].Name, err)
	}
	m.pass(t, w.read(t, m), 0)
}
