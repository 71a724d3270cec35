package vmsim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// events are all that can happen, with the options that matter.
func events() []Event {
	all := []Event{
		{Kind: Start, Paused: true},
		{Kind: Stop, Grace: new(time.Duration(0))},
		{Kind: Stop, Grace: new(time.Second)},
		{Kind: Restart, Grace: new(time.Duration(0))},
		{Kind: SetStrategy, Strategy: domain.RunStrategyManual},
		{Kind: SetStrategy, Strategy: domain.RunStrategyWaitAsReceiver},
		{Kind: SetStrategy, Strategy: "Sometimes"},
	}
	for kind := range kinds {
		if kind != SetStrategy {
			all = append(all, Event{Kind: kind})
		}
	}
	return all
}

// sane fails for a machine in a state that cannot be.
func sane(t *testing.T, m *Machine, path []Event) {
	t.Helper()
	s := m.Signals()
	status, reason := s.Status()
	known, r, since := m.Status()
	fail := func(what string) {
		t.Helper()
		t.Fatalf("%s: %+v after %+v", what, s, path)
	}
	at := s.Situation
	switch {
	case m.Gone():
		return
	case !slices.Contains(domain.VMStatuses(), status):
		fail("status " + string(status))
	case status == domain.StatusUnknown && s.Printable != "Unknown" && at.Strategy != "Sometimes":
		fail("unknown")
	case status == domain.StatusFailed && !slices.Contains(domain.FailureReasons(), reason):
		fail("failed for no reason")
	case known != status || r != reason || since.After(m.Now()):
		fail("the kept status lags")
	case at.Paused && at.Instance != domain.InstanceLive:
		fail("paused without a guest")
	case at.Migrating && (!at.MigrationInFlight || at.Instance != domain.InstanceLive):
		fail("moves without a guest")
	case at.MigrationInFlight && at.Instance != domain.InstanceLive:
		fail("migrates without a guest")
	case at.Instance == domain.InstanceNone && (at.StopPending || m.Instance().Node != 0):
		fail("an instance that is not there")
	case m.queued < 0 || m.queued > len(m.requests):
		fail("queue")
	case at.Instance == domain.InstanceLive && (m.Instance().Node == 0 || m.Instance().Started.IsZero()):
		fail("runs nowhere")
	}
}

// TestEverySequence tries every sequence of a few events from every strategy, with time passing between them or not.
func TestEverySequence(t *testing.T) {
	depth := 3
	if testing.Short() {
		depth = 2
	}
	cfg := NewConfig(Timing{}, 3)
	var walk func(m Machine, path []Event)
	walk = func(m Machine, path []Event) {
		sane(t, &m, path)
		if len(path) == depth || m.Gone() {
			return
		}
		for _, pause := range []time.Duration{0, 15 * time.Millisecond, time.Minute} {
			for _, e := range events() {
				fork := m
				fork.Advance(fork.Now().Add(pause))
				sane(t, &fork, path)
				before := fork
				if _, code := fork.Apply(fork.Now(), e); code != "" && fork != before {
					t.Fatalf("%+v was refused with %s and changed %+v", e, code, path)
				} else if code == "" {
					walk(fork, append(slices.Clip(path), e))
				}
			}
		}
	}
	for _, strategy := range domain.RunStrategies() {
		walk(*New(cfg, epoch(), strategy, Knobs{}), nil)
	}
}

// TestRandomWalks lives many VMs through long random lives with random knobs. Two machines go side by side, one in
// small steps and one in leaps: they must not differ.
func TestRandomWalks(t *testing.T) {
	lives := 2000
	if testing.Short() {
		lives = 200
	}
	random := rand.New(rand.NewPCG(1, 2))
	flip := func() bool { return random.IntN(8) == 0 }
	for range lives {
		strategies := domain.RunStrategies()
		timing := Timing{Provision: time.Duration(random.IntN(3)) * 20 * time.Millisecond}
		if flip() {
			timing = Timing{Observe: -1, Schedule: -1, Boot: -1, Agent: -1, Shutdown: -1, Grace: -1, Migrate: -1, ImageRetry: -1}
		}
		m := New(NewConfig(timing, 1+random.IntN(3)), epoch(), strategies[random.IntN(len(strategies))], Knobs{})
		leap := *m
		var path []Event
		for range 40 {
			until := m.Now().Add(time.Duration(random.Int64N(int64(time.Second) << random.IntN(8))))
			last := m.Now()
			for next := m.Next(); !next.IsZero() && !next.After(until); next = m.Next() {
				if next.Before(last) {
					t.Fatalf("time goes back from %s to %s after %+v", last, next, path)
				}
				last = next
				m.Advance(next)
				sane(t, m, path)
			}
			m.Advance(until)
			leap.Advance(until)
			if *m != leap {
				t.Fatalf("small steps lead elsewhere than one leap after %+v:\n%+v\n%+v", path, *m, leap)
			}
			m.Advance(until.Add(-time.Hour))
			if *m != leap {
				t.Fatal("a time that lies behind changes nothing")
			}
			if flip() {
				knobs := Knobs{
					Unschedulable: flip(), ImagePullFailure: flip(), CrashLoop: flip(), CreateFails: flip(), MissingClaim: flip(),
					VolumesUnbound: flip(), Provisioning: flip(), DataVolumeError: flip(), ManualRecovery: flip(), Snapshotting: flip(),
					Restoring: flip(), NoGuestAgent: flip(), NoACPI: flip(), LivenessProbe: flip(), IgnoresShutdown: flip(),
					NotMigratable: flip(), MigrationPending: flip(), MigrationNeverEnds: flip(), MigrationFails: flip(),
					ForeignInstance: flip(), Unmappable: flip(), InstanceUnreadable: flip(),
				}
				m.SetKnobs(until, knobs)
				leap.SetKnobs(until, knobs)
			}
			all := events()
			e := all[random.IntN(len(all))]
			if e.Kind == Delete && !flip() {
				continue
			}
			path = append(path, e)
			_, code := m.Apply(until, e)
			if _, again := leap.Apply(until, e); again != code {
				t.Fatalf("one answers %q, the other %q", code, again)
			}
			sane(t, m, path)
		}
	}
}

// TestRefusals holds the machine against the lifecycle table: what the table allows is taken, what it refuses gets its code.
func TestRefusals(t *testing.T) {
	cfg := NewConfig(Timing{}, 3)
	for _, strategy := range domain.RunStrategies() {
		for _, state := range domain.InstanceStates() {
			for _, paused := range []bool{false, true} {
				m := Restore(cfg, epoch(), domain.Situation{Strategy: strategy, Instance: state, Paused: paused}, Knobs{})
				for kind, verb := range verbs {
					fork := *m
					want := domain.Decide(verb, fork.Situation())
					if _, got := fork.Apply(epoch(), Event{Kind: Kind(kind)}); got != want {
						t.Errorf("%s in %+v gets %q, want %q", verb, fork.Situation(), got, want)
					}
				}
			}
		}
	}
}
