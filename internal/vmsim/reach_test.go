package vmsim

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// spot is what is told apart on the way of a VM: what it shows, and what decides how it goes on.
type spot struct {
	situation domain.Situation
	printable string
	phase     Phase
	blocked   blockage
	requests  [2]request
	queued    int
	knobs     Knobs
}

func spotOf(m *Machine) spot {
	s := spot{m.Situation(), m.printable, m.instance.phase, m.instance.blocked, m.requests, m.queued, m.knobs}
	for n := range s.requests {
		s.requests[n].instance = 0 // they are told apart by what they ask for
	}
	return s
}

// explore finds every spot there is a way to, from a new VM of each strategy, by events, trouble and time.
var explore = sync.OnceValue(func() map[spot]Machine {
	found := map[spot]Machine{}
	var todo []Machine
	visit := func(m Machine) {
		if _, known := found[spotOf(&m)]; !known && !m.Gone() {
			found[spotOf(&m)] = m
			todo = append(todo, m)
		}
	}
	cfg := NewConfig(Timing{Provision: time.Millisecond}, 3)
	for _, strategy := range domain.RunStrategies() {
		visit(*New(cfg, epoch(), strategy, Knobs{}))
	}
	for len(todo) > 0 {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range happenings() {
			fork := m
			if _, code := fork.Apply(fork.Now(), e); code == "" {
				visit(fork)
			}
		}
		for _, knobs := range troubles() {
			fork := m
			fork.SetKnobs(fork.Now(), knobs)
			visit(fork)
		}
		here := spotOf(&m)
		for next := m.Next(); !next.IsZero() && spotOf(&m) == here; next = m.Next() {
			m.Advance(next)
		}
		visit(m)
	}
	return found
})

// happenings are the plain events, with every run strategy that one can be changed to.
func happenings() (all []Event) {
	for kind := range kinds {
		if kind != SetStrategy {
			all = append(all, Event{Kind: kind})
		}
	}
	for _, strategy := range domain.RunStrategies() {
		all = append(all, Event{Kind: SetStrategy, Strategy: strategy})
	}
	return all
}

// troubles keep a VM where it is.
func troubles() []Knobs {
	return []Knobs{{}, {Unschedulable: true}, {MissingClaim: true}, {VolumesUnbound: true}, {ImagePullFailure: true},
		{Provisioning: true}, {DataVolumeError: true}, {CrashLoop: true}}
}

// TestPrintableWords: every word of KubeVirt's is shown by a VM that got there on its own, none by the knob that replaces
// them. So whoever reads the words can be tested on the machine.
func TestPrintableWords(t *testing.T) {
	words := map[string]bool{}
	for s := range explore() {
		words[s.printable] = true
	}
	want := []string{"", "CrashLoopBackOff", "DataVolumeError", "ErrImagePull", "ErrorPvcNotFound", "ErrorUnschedulable", "ImagePullBackOff",
		"Migrating", "Paused", "Provisioning", "Running", "Starting", "Stopped", "Stopping", "Terminating", "Unknown",
		"WaitingForReceiver", "WaitingForVolumeBinding"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(words))); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

// TestSituations: every situation that can be is reached by events, knobs and time, and no other; and each is restored to
// the letter, and lives on from there.
func TestSituations(t *testing.T) {
	reached := map[domain.Situation]bool{}
	for s, m := range explore() {
		if s.knobs != (Knobs{}) {
			continue
		}
		for bits := range 1 << 6 {
			fork := m
			fork.SetKnobs(fork.Now(), Knobs{Snapshotting: bits&1 != 0, Restoring: bits&2 != 0, ManualRecovery: bits&4 != 0,
				LivenessProbe: bits&8 != 0, NotMigratable: bits&16 != 0, NoACPI: bits&32 != 0, NoGuestAgent: bits&32 != 0})
			reached[fork.Situation()] = true
		}
	}
	cfg := NewConfig(Timing{}, 3)
	for s := range possible {
		if !reached[s] {
			t.Errorf("not reached: %+v", s)
		}
		delete(reached, s)
		m := Restore(cfg, epoch(), s, Knobs{})
		if diff := cmp.Diff(s, m.Situation()); diff != "" {
			t.Errorf("Restore() (-want +got):\n%s", diff)
		}
		sane(t, m, nil)
		for next := m.Next(); !next.IsZero() && next.Before(epoch().Add(time.Minute)); next = m.Next() {
			m.Advance(next)
			sane(t, m, nil)
		}
	}
	for s := range reached {
		t.Errorf("cannot be, and is reached: %+v", s)
	}
}

// possible are the situations that can be. What only an instance can be, or say, needs one.
func possible(yield func(domain.Situation) bool) {
	for _, strategy := range domain.RunStrategies() {
		for _, instance := range domain.InstanceStates() {
			live := instance == domain.InstanceLive
			for bits := range 1 << 12 {
				is := func(n int) bool { return bits>>n&1 == 1 }
				s := domain.Situation{Strategy: strategy, Instance: instance, Paused: is(0), StopPending: is(1), ChangeQueued: is(2),
					Migrating: is(3), MigrationInFlight: is(4), Snapshotting: is(5), Restoring: is(6), Deleting: is(7),
					ManualRecovery: is(8), ProbeForbidsPause: is(9)}
				if live {
					s.SoftRebootable, s.LiveMigratable = domain.FactOf(is(10)), domain.FactOf(is(11))
				}
				if ofLive := s.Paused || s.MigrationInFlight || is(10) || is(11); ofLive && !live ||
					s.StopPending && !live && instance != domain.InstanceStarting || s.Migrating && !s.MigrationInFlight {
					continue
				}
				if !yield(s) {
					return
				}
			}
		}
	}
}
