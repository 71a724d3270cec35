package mock_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// situations are all that can be written down: every strategy, instance and combination of flags, and the facts.
func situations(yield func(domain.Situation) bool) {
	facts := []domain.Fact{domain.FactUnknown, domain.FactYes, domain.FactNo}
	for _, strategy := range domain.RunStrategies() {
		for _, instance := range domain.InstanceStates() {
			for bits := range 1 << 10 {
				is := func(n int) bool { return bits>>n&1 == 1 }
				s := domain.Situation{
					Strategy: strategy, Instance: instance, Paused: is(0), StopPending: is(1), ChangeQueued: is(2), Migrating: is(3),
					MigrationInFlight: is(4), Snapshotting: is(5), Restoring: is(6), Deleting: is(7), ManualRecovery: is(8), ProbeForbidsPause: is(9),
				}
				for n := range 9 {
					s.SoftRebootable, s.LiveMigratable = facts[n/3], facts[n%3]
					if !yield(s) {
						return
					}
				}
			}
		}
	}
}

// canBe is what is wrong with a situation, the first part of it in the order of its fields; empty when it can be.
func canBe(s domain.Situation) string {
	live := s.Instance == domain.InstanceLive
	for _, rule := range []struct {
		part   string
		broken bool
	}{
		{"paused", s.Paused && !live},
		{"stopPending", s.StopPending && !live && s.Instance != domain.InstanceStarting},
		{"migrating", s.Migrating && (!live || !s.MigrationInFlight)},
		{"migrationInFlight", s.MigrationInFlight && !live},
		{"softRebootable", s.SoftRebootable != "" && !live},
		{"liveMigratable", s.LiveMigratable != "" && !live},
	} {
		if rule.broken {
			return rule.part
		}
	}
	return ""
}

// TestSituate: every situation that can be is reached to the letter, and every other refused by what cannot be about it.
func TestSituate(t *testing.T) {
	for name, timing := range map[string]mock.Timing{
		"in time":    {},
		"in no time": {Observe: -1, Schedule: -1, Boot: -1, Agent: -1, Shutdown: -1, Grace: -1, Migrate: -1},
		"slowly":     {Observe: 1e9},
	} {
		if testing.Short() && name != "in time" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				c := on(t, mock.Options{Timing: timing})
				reached := 0
				for s := range situations {
					err := c.p.Situate(c.ref("vm"), s)
					if part := canBe(s); part != "" {
						e, ok := errors.AsType[*domain.Error](err)
						if !ok || e.Code != domain.CodeInvalidOption || e.Params[domain.ParamField] != "situation."+part {
							t.Fatalf("%+v: %v, want that of %s", s, err, part)
						}
						continue
					}
					c.good(err)
					if got := c.get("vm").Situation(); got != s {
						t.Fatalf("(-want +got):\n%s", cmp.Diff(s, got))
					}
					reached++
				}
				if reached < 5000 {
					t.Errorf("%d situations", reached)
				}
			})
		})
	}
}

// TestSituateIsOurs: what it makes is a VM like any other of this installation.
func TestSituateIsOurs(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Installation: "prod"})
		ref := c.ref("vm")
		ref.UID = "u-1"
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{IgnoresShutdown: true, Snapshotting: true, NoACPI: true}))
		s := domain.Situation{Strategy: domain.RunStrategyManual, Instance: domain.InstanceLive, SoftRebootable: domain.FactYes, LiveMigratable: domain.FactYes}
		c.good(c.p.Situate(ref, s))
		vm := c.get("vm")
		if vm.UID != "u-1" || vm.Identity.Installation != "prod" || vm.Status != domain.StatusRunning || vm.Node == "" || vm.PrimaryIP == "" {
			t.Errorf("%+v", vm)
		}
		if knobs, _ := c.p.Knobs(ref); knobs != (mock.Knobs{IgnoresShutdown: true}) {
			t.Errorf("knobs %+v", knobs)
		}
		updated, _, err := c.p.UpdateVM(c.ctx(), "mock", "team", "vm", domain.VMChange{MemoryBytes: new(int64(1 << 30))}, provider.UpdateOptions{})
		if err != nil || updated.UID != "u-1" {
			t.Errorf("the fields are ours to change: %v", err)
		}
		other := c.ref("vm")
		other.Cluster = "other"
		c.code(c.p.Situate(other, s), domain.CodeClusterNotFound)
		c.code(c.p.Situate(domain.Ref{Cluster: "mock", Namespace: "team"}, s), domain.CodeInvalidName)
		c.code(c.p.Situate(ref, domain.Situation{Instance: domain.InstanceNone}), domain.CodeInvalidOption)
		c.code(c.p.Situate(ref, domain.Situation{Strategy: domain.RunStrategyAlways}), domain.CodeInvalidOption)
		c.code(c.p.Situate(ref, domain.Situation{Strategy: domain.RunStrategyAlways, Instance: "Half"}), domain.CodeInvalidOption)
	})
}
