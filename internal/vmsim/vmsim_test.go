package vmsim

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// epoch is when every test begins.
func epoch() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// story lives a VM through events and tells what it showed: the printable status, then the derived one.
type story struct {
	t *testing.T
	m *Machine
}

func begin(t *testing.T, strategy domain.RunStrategy, knobs Knobs) *story {
	return &story{t, New(NewConfig(Timing{}, 3), epoch(), strategy, knobs)}
}

// states advances for a while and returns every status on the way, the present one first.
func (s *story) states(d time.Duration) []string {
	word := func() string {
		status, reason, _ := s.m.Status()
		if reason != "" {
			return string(status) + "/" + string(reason)
		}
		return string(status)
	}
	states := []string{word()}
	until := s.m.Now().Add(d)
	for next := s.m.Next(); !s.m.Gone() && !next.IsZero() && !next.After(until); next = s.m.Next() {
		s.m.Advance(next)
		if w := word(); !s.m.Gone() && w != states[len(states)-1] {
			states = append(states, w)
		}
	}
	s.m.Advance(until)
	if s.m.Gone() {
		states = append(states, "gone")
	}
	return states
}

func (s *story) do(e Event) {
	s.t.Helper()
	if _, code := s.m.Apply(s.m.Now(), e); code != "" {
		s.t.Fatalf("event %+v is refused with %s in %+v", e, code, s.m.Situation())
	}
}

// want expects these statuses. Where the controller lags, STOPPED and PENDING may flash up between them.
func (s *story) want(d time.Duration, why string, want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, steady(s.states(d), want)); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", why, diff)
	}
}

// steady leaves out the flashes that are not wanted; what comes last is none.
func steady(got, want []string) []string {
	var left []string
	for n, state := range got {
		flash := n < len(got)-1 && (state == "STOPPED" || state == "PENDING")
		if !flash || len(left) < len(want) && want[len(left)] == state {
			left = append(left, state)
		}
	}
	return slices.Compact(left)
}

func TestCreate(t *testing.T) {
	for strategy, want := range map[domain.RunStrategy][]string{
		domain.RunStrategyAlways:         {"UNOBSERVED", "PENDING", "STARTING", "RUNNING"},
		domain.RunStrategyOnce:           {"UNOBSERVED", "PENDING", "STARTING", "RUNNING"},
		domain.RunStrategyRerunOnFailure: {"UNOBSERVED", "PENDING", "STARTING", "RUNNING"},
		domain.RunStrategyHalted:         {"UNOBSERVED", "STOPPED"},
		domain.RunStrategyManual:         {"UNOBSERVED", "STOPPED"},
		domain.RunStrategyWaitAsReceiver: {"UNOBSERVED", "PENDING", "STARTING", "PENDING"},
	} {
		begin(t, strategy, Knobs{}).want(time.Minute, string(strategy), want...)
	}
}

// running begins with a VM that runs.
func running(t *testing.T, strategy domain.RunStrategy, knobs Knobs) *story {
	t.Helper()
	s := begin(t, strategy, knobs)
	s.states(time.Second)
	if strategy == domain.RunStrategyManual || strategy == domain.RunStrategyHalted {
		s.do(Event{Kind: Start})
		s.states(time.Second)
	}
	if status, _, _ := s.m.Status(); status != domain.StatusRunning {
		t.Fatalf("it is %s", status)
	}
	return s
}

func TestStartOfHalted(t *testing.T) {
	s := begin(t, domain.RunStrategyHalted, Knobs{})
	s.states(time.Second)
	s.do(Event{Kind: Start})
	s.want(time.Second, "a start goes through pending", "PENDING", "STARTING", "RUNNING")
	if got := s.m.Strategy(); got != domain.RunStrategyAlways {
		t.Errorf("strategy %s", got)
	}
}

func TestPausedStartOfHalted(t *testing.T) {
	s := begin(t, domain.RunStrategyHalted, Knobs{})
	s.states(time.Second)
	s.do(Event{Kind: Start, Paused: true})
	if got := s.m.Strategy(); got != domain.RunStrategyHalted {
		t.Errorf("the request is queued first, strategy %s", got)
	}
	if _, code := s.m.Apply(s.m.Now(), Event{Kind: Start, Paused: true}); code != domain.CodeTransitionInProgress {
		t.Errorf("a second one gets %s", code)
	}
	s.want(time.Second, "it never runs", "PENDING", "STARTING", "PAUSED/PAUSED_BY_USER")
	if got := s.m.Strategy(); got != domain.RunStrategyAlways {
		t.Errorf("the controller makes it Always, got %s", got)
	}
	if s.m.Situation().ChangeQueued {
		t.Error("the request is still queued")
	}
}

func TestStopAndStart(t *testing.T) {
	for strategy, after := range map[domain.RunStrategy]domain.RunStrategy{
		domain.RunStrategyAlways:         domain.RunStrategyHalted,
		domain.RunStrategyOnce:           domain.RunStrategyHalted,
		domain.RunStrategyRerunOnFailure: domain.RunStrategyRerunOnFailure,
		domain.RunStrategyManual:         domain.RunStrategyManual,
	} {
		t.Run(string(strategy), func(t *testing.T) {
			s := running(t, strategy, Knobs{})
			s.do(Event{Kind: Stop})
			s.want(time.Minute, "a guest shuts down", "RUNNING", "STOPPING", "STOPPED")
			if got := s.m.Strategy(); got != after {
				t.Errorf("strategy %s, want %s", got, after)
			}
			if s.m.Situation().Instance != domain.InstanceNone || s.m.Situation().ChangeQueued {
				t.Errorf("something is left: %+v", s.m.Situation())
			}
			s.do(Event{Kind: Start})
			s.want(time.Minute, "and starts again", "PENDING", "STARTING", "RUNNING")
			if got := s.m.Instance().Serial; got != 2 {
				t.Errorf("instance %d, want the second", got)
			}
		})
	}
}

func TestRestart(t *testing.T) {
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyAlways, domain.RunStrategyManual, domain.RunStrategyRerunOnFailure} {
		t.Run(string(strategy), func(t *testing.T) {
			s := running(t, strategy, Knobs{})
			s.do(Event{Kind: Restart})
			if _, code := s.m.Apply(s.m.Now(), Event{Kind: Restart}); code != domain.CodeTransitionInProgress {
				t.Errorf("a second restart gets %s", code)
			}
			s.want(time.Minute, "a new instance", "RUNNING", "STOPPING", "PENDING", "STARTING", "RUNNING")
			if got := s.m.Instance().Serial; got != 2 {
				t.Errorf("instance %d, want the second", got)
			}
			if s.m.Strategy() != strategy || s.m.Situation().ChangeQueued {
				t.Errorf("strategy %s, situation %+v", s.m.Strategy(), s.m.Situation())
			}
		})
	}
}

func TestPause(t *testing.T) {
	s := running(t, domain.RunStrategyAlways, Knobs{})
	s.do(Event{Kind: Pause})
	s.want(time.Second, "at once", "PAUSED/PAUSED_BY_USER")
	if got := s.m.Printable(); got != "Paused" {
		t.Errorf("printable %s", got)
	}
	s.do(Event{Kind: Unpause})
	s.want(time.Second, "at once", "RUNNING")
	if got := s.m.Instance().Serial; got != 1 {
		t.Errorf("a pause keeps the instance, got %d", got)
	}
}

func TestReboot(t *testing.T) {
	for _, kind := range []Kind{SoftReboot, Reset} {
		s := running(t, domain.RunStrategyAlways, Knobs{})
		started := s.m.Instance().Started
		s.do(Event{Kind: kind})
		if s.m.Instance().Agent {
			t.Error("the agent goes down with the guest")
		}
		s.want(time.Second, "it stays RUNNING", "RUNNING")
		if i := s.m.Instance(); i.Serial != 1 || !i.Started.Equal(started) || !i.Agent {
			t.Errorf("instance %+v", i)
		}
	}
}

// TestRestartWhileStarting: an instance that ends before it ever ran counts as a failed start, whoever ended it.
func TestRestartWhileStarting(t *testing.T) {
	s := begin(t, domain.RunStrategyAlways, Knobs{})
	s.states(50 * time.Millisecond)
	s.do(Event{Kind: Restart})
	s.want(time.Minute, "the next start waits", "STARTING", "STOPPING", "FAILED/CRASH_LOOP", "STARTING", "RUNNING")
}

func TestGrace(t *testing.T) {
	stubborn := func(t *testing.T, e Event) *story {
		s := begin(t, domain.RunStrategyAlways, Knobs{IgnoresShutdown: true})
		s.states(time.Second)
		s.do(e)
		return s
	}
	lasts := func(s *story) time.Duration {
		from := s.m.Now()
		for s.m.Situation().Instance != domain.InstanceNone {
			s.m.Advance(s.m.Next())
		}
		return s.m.Now().Sub(from).Truncate(time.Second)
	}
	if got := lasts(stubborn(t, Event{Kind: Stop})); got != 30*time.Second {
		t.Errorf("the VM's own grace period is 30 s, killed after %s", got)
	}
	if got := lasts(stubborn(t, Event{Kind: Stop, Grace: new(5 * time.Second)})); got != 5*time.Second {
		t.Errorf("killed after %s, want 5 s", got)
	}
	if got := lasts(stubborn(t, Event{Kind: Stop, Grace: new(time.Duration(0))})); got != 0 {
		t.Errorf("killed after %s, want at once", got)
	}
	s := stubborn(t, Event{Kind: Stop, Grace: new(time.Minute)})
	s.states(2 * time.Second)
	for grace, want := range map[*time.Duration]domain.Code{
		nil:                  domain.CodeTransitionInProgress,
		new(time.Minute):     domain.CodeTransitionInProgress,
		new(2 * time.Minute): domain.CodeTransitionInProgress,
	} {
		if _, code := s.m.Apply(s.m.Now(), Event{Kind: Stop, Grace: grace}); code != want {
			t.Errorf("a stop with no shorter grace period gets %q, want %s", code, want)
		}
	}
	s.do(Event{Kind: Stop, Grace: new(10 * time.Second)})
	if got := lasts(s); got != 8*time.Second {
		t.Errorf("a shorter one hastens it, counted from the first request: killed after %s more, want 8 s", got)
	}
	if got := lasts(stubborn(t, Event{Kind: Restart, Grace: new(time.Duration(0))})); got != time.Second {
		t.Errorf("a forced restart gives one second, took %s", got)
	}
	paused := begin(t, domain.RunStrategyAlways, Knobs{})
	paused.states(time.Second)
	paused.do(Event{Kind: Pause})
	paused.do(Event{Kind: Stop})
	if got := lasts(paused); got != 30*time.Second {
		t.Errorf("a paused guest hears nothing and is killed, after %s", got)
	}
}

func TestGuestEnds(t *testing.T) {
	for _, c := range []struct {
		strategy domain.RunStrategy
		event    Kind
		want     []string
		serial   uint64
	}{
		{domain.RunStrategyAlways, GuestShutdown, []string{"PENDING", "STARTING", "RUNNING"}, 2},
		{domain.RunStrategyAlways, GuestCrash, []string{"PENDING", "STARTING", "RUNNING"}, 2},
		{domain.RunStrategyAlways, NodeLost, []string{"PENDING", "STARTING", "RUNNING"}, 2},
		{domain.RunStrategyRerunOnFailure, GuestShutdown, []string{"STOPPED"}, 0},
		{domain.RunStrategyRerunOnFailure, GuestCrash, []string{"PENDING", "STARTING", "RUNNING"}, 2},
		{domain.RunStrategyOnce, GuestShutdown, []string{"STOPPED"}, 1},
		{domain.RunStrategyOnce, GuestCrash, []string{"FAILED/INSTANCE_FAILED"}, 1},
		{domain.RunStrategyManual, GuestShutdown, []string{"STOPPED"}, 1},
		{domain.RunStrategyManual, GuestCrash, []string{"FAILED/INSTANCE_FAILED"}, 1},
	} {
		s := begin(t, c.strategy, Knobs{})
		s.states(time.Second)
		if c.strategy == domain.RunStrategyManual {
			s.do(Event{Kind: Start})
			s.states(time.Second)
		}
		s.do(Event{Kind: c.event})
		s.want(time.Minute, string(c.strategy), c.want...)
		if got := s.m.Instance().Serial; got != c.serial {
			t.Errorf("event %d under %s: instance %d, want %d", c.event, c.strategy, got, c.serial)
		}
		if s.m.Situation().Instance == domain.InstanceLive || c.strategy == domain.RunStrategyOnce {
			continue
		}
		s.do(Event{Kind: Start})
		if states := s.states(time.Minute); states[len(states)-1] != "RUNNING" {
			t.Errorf("after event %d under %s a start leads to %v", c.event, c.strategy, states)
		}
	}
}

func TestKnobs(t *testing.T) {
	for name, c := range map[string]struct {
		strategy  domain.RunStrategy
		knobs     Knobs
		want      []string
		printable string
		after     []string // once the knobs are turned back
	}{
		"unschedulable": {domain.RunStrategyAlways, Knobs{Unschedulable: true},
			[]string{"UNOBSERVED", "PENDING", "STARTING", "FAILED/UNSCHEDULABLE"}, "ErrorUnschedulable",
			[]string{"FAILED/UNSCHEDULABLE", "STARTING", "RUNNING"}},
		"missing claim": {domain.RunStrategyAlways, Knobs{MissingClaim: true},
			[]string{"UNOBSERVED", "PENDING", "STARTING", "FAILED/MISSING_CLAIM"}, "ErrorPvcNotFound",
			[]string{"FAILED/MISSING_CLAIM", "STARTING", "RUNNING"}},
		"unbound volumes": {domain.RunStrategyAlways, Knobs{VolumesUnbound: true},
			[]string{"UNOBSERVED", "PROVISIONING"}, "WaitingForVolumeBinding",
			[]string{"PROVISIONING", "STARTING", "RUNNING"}},
		"provisioning": {domain.RunStrategyAlways, Knobs{Provisioning: true},
			[]string{"UNOBSERVED", "PROVISIONING"}, "Provisioning",
			[]string{"PROVISIONING", "STARTING", "RUNNING"}},
		"provisioning of a halted VM that never ran": {domain.RunStrategyHalted, Knobs{Provisioning: true},
			[]string{"UNOBSERVED", "PROVISIONING"}, "Provisioning", []string{"PROVISIONING", "STOPPED"}},
		"data volume": {domain.RunStrategyAlways, Knobs{DataVolumeError: true},
			[]string{"UNOBSERVED", "FAILED/DATA_VOLUME_ERROR"}, "DataVolumeError",
			[]string{"FAILED/DATA_VOLUME_ERROR", "STARTING", "RUNNING"}},
		"data volume of a halted VM": {domain.RunStrategyHalted, Knobs{DataVolumeError: true},
			[]string{"UNOBSERVED", "FAILED/DATA_VOLUME_ERROR"}, "DataVolumeError",
			[]string{"FAILED/DATA_VOLUME_ERROR", "STOPPED"}},
		"image": {domain.RunStrategyAlways, Knobs{ImagePullFailure: true},
			[]string{"UNOBSERVED", "PENDING", "STARTING", "FAILED/IMAGE_PULL"}, "ImagePullBackOff",
			[]string{"FAILED/IMAGE_PULL", "STARTING", "RUNNING"}},
		"create fails": {domain.RunStrategyAlways, Knobs{CreateFails: true},
			[]string{"UNOBSERVED", "PENDING", "FAILED/CREATE_FAILED"}, "Stopped",
			[]string{"FAILED/CREATE_FAILED", "STARTING", "RUNNING"}},
		"words of a newer KubeVirt": {domain.RunStrategyHalted, Knobs{Printable: "Hibernating"},
			[]string{"UNOBSERVED", "UNKNOWN"}, "Hibernating", []string{"UNKNOWN", "STOPPED"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, c.strategy, c.knobs)
			s.want(time.Minute, "with the knob", c.want...)
			if got := s.m.Printable(); got != c.printable {
				t.Errorf("printable %s, want %s", got, c.printable)
			}
			s.m.SetKnobs(s.m.Now(), Knobs{})
			s.want(time.Minute, "without it", c.after...)
		})
	}
}

func TestCrashLoop(t *testing.T) {
	s := begin(t, domain.RunStrategyAlways, Knobs{CrashLoop: true})
	var waits []time.Duration
	for count := int64(1); count <= 7; count++ {
		for failures, _ := s.m.StartFailures(); failures < count; failures, _ = s.m.StartFailures() {
			s.m.Advance(s.m.Next())
		}
		_, retry := s.m.StartFailures()
		waits = append(waits, retry.Sub(s.m.Now()))
	}
	if diff := cmp.Diff([]time.Duration{10e9, 40e9, 90e9, 160e9, 250e9, 300e9, 300e9}, waits); diff != "" {
		t.Errorf("10 s times the square of the count, 5 minutes at most (-want +got):\n%s", diff)
	}
	s.states(time.Second)
	if status, reason, _ := s.m.Status(); status != domain.StatusFailed || reason != domain.ReasonCrashLoop || s.m.Printable() != "CrashLoopBackOff" {
		t.Errorf("%s/%s, printable %s", status, reason, s.m.Printable())
	}
	s.m.SetKnobs(s.m.Now(), Knobs{})
	s.want(10*time.Minute, "it heals when the next try comes", "FAILED/CRASH_LOOP", "STARTING", "RUNNING")
	if count, retry := s.m.StartFailures(); count != 0 || !retry.IsZero() {
		t.Errorf("an instance that runs clears the count, got %d, %s", count, retry)
	}
}

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

func TestDelete(t *testing.T) {
	s := begin(t, domain.RunStrategyAlways, Knobs{})
	s.do(Event{Kind: Delete})
	s.want(0, "nobody has seen it yet", "UNOBSERVED", "gone")

	s = begin(t, domain.RunStrategyAlways, Knobs{})
	s.states(time.Second)
	s.do(Event{Kind: Delete})
	s.do(Event{Kind: Delete})
	if got := s.m.Check(Event{Kind: Start}); got != domain.CodeVMDeleting {
		t.Errorf("a start gets %q", got)
	}
	s.want(time.Second, "its instance goes first", "DELETING", "gone")
	if _, code := s.m.Apply(s.m.Now(), Event{Kind: Start}); code != domain.CodeVMNotFound {
		t.Errorf("afterwards a start gets %q", code)
	}
	if next := s.m.Next(); !next.IsZero() {
		t.Errorf("nothing is to come, got %s", next)
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

// TestPrintable: every word of KubeVirt's can be reached, so that what reads them can be tested on the machine.
func TestPrintable(t *testing.T) {
	want := map[string]func(*story){
		"Terminating": func(s *story) { s.do(Event{Kind: Delete}) },
		"Stopping":    func(s *story) { s.do(Event{Kind: Stop}) },
		"Migrating":   func(s *story) { s.do(Event{Kind: Migrate}) },
		"Paused":      func(s *story) { s.do(Event{Kind: Pause}) },
		"Running":     func(*story) {},
		"Stopped":     func(s *story) { s.do(Event{Kind: Stop}) },
	}
	for word, lead := range want {
		s := begin(t, domain.RunStrategyAlways, Knobs{})
		s.states(time.Second)
		lead(s)
		found := s.m.Printable() == word
		for next := s.m.Next(); !found && !next.IsZero(); next = s.m.Next() {
			s.m.Advance(next)
			found = s.m.Printable() == word
		}
		if !found {
			t.Errorf("%s is not reached, the last was %s", word, s.m.Printable())
		}
	}
	// The others are in TestKnobs, TestCrashLoop and TestReceiver.
}

func TestRestore(t *testing.T) {
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
