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
