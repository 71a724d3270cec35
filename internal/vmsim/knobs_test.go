package vmsim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

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

// TestEndsOnce: what has ended does not end again, whatever becomes of its node.
func TestEndsOnce(t *testing.T) {
	s := begin(t, domain.RunStrategyOnce, Knobs{})
	s.states(time.Second)
	s.do(Event{Kind: GuestShutdown})
	for _, kind := range []Kind{GuestShutdown, GuestCrash, NodeLost, IOError} {
		if _, got := s.m.Apply(s.m.Now(), Event{Kind: kind}); got != domain.CodeVMNotRunning {
			t.Errorf("event %d gets %q", kind, got)
		}
	}
	if got := s.m.Situation().Instance; got != domain.InstanceFinal {
		t.Errorf("it ended well, and is %s", got)
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
		"manual recovery": {domain.RunStrategyAlways, Knobs{ManualRecovery: true},
			[]string{"UNOBSERVED", "PENDING"}, "Stopped", []string{"PENDING", "STARTING", "RUNNING"}},
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

// TestSameKnobs: to turn the knobs to where they are is no change.
func TestSameKnobs(t *testing.T) {
	s := running(t, domain.RunStrategyAlways, Knobs{NoACPI: true})
	if effects := s.m.SetKnobs(s.m.Now(), Knobs{NoACPI: true}); effects != 0 || !s.m.Next().IsZero() {
		t.Errorf("effects %b, next %s", effects, s.m.Next())
	}
	if effects := s.m.SetKnobs(s.m.Now(), Knobs{}); effects&VMChanged == 0 {
		t.Errorf("effects %b", effects)
	}
}
