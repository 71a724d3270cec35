package vmsim

import (
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

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

// TestRestartForgives: whoever asks for another try is not made to wait for the failed ones before.
func TestRestartForgives(t *testing.T) {
	s := begin(t, domain.RunStrategyAlways, Knobs{CrashLoop: true})
	for count, _ := s.m.StartFailures(); count < 2 || s.m.Situation().Instance != domain.InstanceStarting; count, _ = s.m.StartFailures() {
		s.m.Advance(s.m.Next())
	}
	s.do(Event{Kind: Restart})
	if count, retry := s.m.StartFailures(); count != 0 || !retry.IsZero() {
		t.Errorf("%d failures, retry at %s", count, retry)
	}
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
