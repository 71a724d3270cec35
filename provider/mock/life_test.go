package mock_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestLife is the way of a VM from its create to its end, with what can be seen of it on the way.
func TestLife(t *testing.T) {
	virtual(t, func(t *testing.T) {
		begin := time.Now()
		c := on(t, mock.Options{})
		c.create(with(domain.RunStrategyHalted))
		stopped := c.is("vm", domain.StatusStopped)
		if stopped.Instance != domain.InstanceNone || stopped.Node != "" || stopped.Interfaces != nil || stopped.InstanceID != "" {
			t.Errorf("a stopped VM: %+v", stopped)
		}
		c.good(c.p.StartVM(c.ctx(), "mock", "team", "vm", provider.StartOptions{}))
		c.is("vm", domain.StatusRunning)
		time.Sleep(time.Second)
		vm := c.get("vm")
		if vm.Node == "" || vm.InstanceID == "" || vm.InstanceRevision == "" || vm.StartedAt.IsZero() || !strings.HasPrefix(vm.PrimaryIP, "10.") {
			t.Errorf("a running VM: %+v", vm)
		}
		want := []any{domain.FactYes, domain.FactYes, domain.FactYes, domain.FactYes, "Running", "Running",
			domain.CPU{Milli: 1500, Sockets: 1, Cores: 2, Threads: 1, Source: domain.SourceInstance},
			domain.Memory{Bytes: 2 << 30, Source: domain.SourceInstance}, int64(2), domain.FactYes, domain.RunStrategyAlways}
		got := []any{vm.Ready, vm.GuestAgent, vm.LiveMigratable, vm.SoftRebootable, vm.RawStatus, vm.Phase, vm.CPU, vm.Memory, vm.Generation,
			vm.Disks[0].Attached, vm.RunStrategy}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("a running VM (-want +got):\n%s", diff)
		}
		if vm.GuestOS == nil || !vm.Since.Equal(vm.StartedAt) || len(vm.Interfaces) != 1 || vm.Interfaces[0].MAC == "" {
			t.Errorf("a running VM: %+v", vm)
		}
		c.good(c.p.PauseVM(c.ctx(), "mock", "team", "vm", provider.PauseOptions{}))
		if paused := c.get("vm"); paused.Status != domain.StatusPaused || paused.Reason != domain.ReasonPausedByUser || paused.InstanceID != vm.InstanceID {
			t.Errorf("a paused VM: %+v", paused)
		}
		c.good(c.p.UnpauseVM(c.ctx(), "mock", "team", "vm", provider.UnpauseOptions{}))
		c.good(c.p.RestartVM(c.ctx(), "mock", "team", "vm", provider.RestartOptions{}))
		c.is("vm", domain.StatusStopping)
		again := c.is("vm", domain.StatusRunning)
		if again.InstanceID == vm.InstanceID || again.UID != vm.UID || again.PrimaryIP != vm.PrimaryIP || !again.StartedAt.After(vm.StartedAt) {
			t.Errorf("a restarted VM: %+v", again)
		}
		c.good(c.p.StopVM(c.ctx(), "mock", "team", "vm", provider.StopOptions{}))
		if off := c.is("vm", domain.StatusStopped); off.RunStrategy != domain.RunStrategyHalted || off.CPU.Source != domain.SourceSpec {
			t.Errorf("a stopped VM: %+v", off)
		}
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}))
		c.good(provider.WaitVMGone(c.ctx(), c.p, "mock", "team", "vm", provider.WaitOptions{}))
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("that took %s of the clock", took)
		}
	})
}

// TestKnobs: each trouble shows with its reason, and passes when its knob is turned back.
func TestKnobs(t *testing.T) {
	for reason, knobs := range map[domain.Reason]mock.Knobs{
		domain.ReasonUnschedulable:   {Unschedulable: true},
		domain.ReasonImagePull:       {ImagePullFailure: true},
		domain.ReasonCrashLoop:       {CrashLoop: true},
		domain.ReasonCreateFailed:    {CreateFails: true},
		domain.ReasonMissingClaim:    {MissingClaim: true},
		domain.ReasonDataVolumeError: {DataVolumeError: true},
	} {
		t.Run(string(reason), func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				c := on(t, mock.Options{})
				c.good(c.p.SetKnobs(c.ref("vm"), knobs))
				c.create(spec("vm"))
				vm := c.is("vm", domain.StatusFailed)
				if vm.Reason != reason || !vm.SelfHealing || vm.Message == "" || len(vm.Problems) != 1 || vm.Since.IsZero() {
					t.Errorf("%s %t %q %+v", vm.Reason, vm.SelfHealing, vm.Message, vm.Problems)
				}
				if (vm.StartFailure != nil) != knobs.CrashLoop {
					t.Errorf("start failures: %+v", vm.StartFailure)
				}
				if got, exists := c.p.Knobs(c.ref("vm")); !exists || got != knobs {
					t.Errorf("Knobs() = %+v, %t", got, exists)
				}
				c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{}))
				c.is("vm", domain.StatusRunning)
			})
		})
	}
}

func TestIncidents(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.code(c.p.Happen(c.ref("vm"), mock.GuestCrash), domain.CodeVMNotFound)
		c.create(with(domain.RunStrategyOnce))
		c.code(c.p.Happen(c.ref("vm"), mock.GuestCrash), domain.CodeVMNotRunning)
		c.code(c.p.Happen(c.ref("vm"), "earthquake"), domain.CodeInvalidOption)
		c.is("vm", domain.StatusRunning)
		c.good(c.p.Happen(c.ref("vm"), mock.IOError))
		if vm := c.get("vm"); vm.Status != domain.StatusPaused || vm.Reason != domain.ReasonPausedIOError || vm.Message == "" {
			t.Errorf("%+v", vm)
		}
		c.good(c.p.UnpauseVM(c.ctx(), "mock", "team", "vm", provider.UnpauseOptions{}))
		c.good(c.p.Happen(c.ref("vm"), mock.NodeLost))
		vm := c.is("vm", domain.StatusFailed)
		if vm.Reason != domain.ReasonInstanceFailed || vm.SelfHealing || vm.Message != "NodeUnresponsive" {
			t.Errorf("%+v", vm)
		}
	})
}

// TestReadsChangeNothing: revisions count changes, not looks, and two looks at one time are the same.
func TestReadsChangeNothing(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.create(spec("vm"))
		seen := map[string]string{}
		for range 400 {
			a, b := c.get("vm"), c.get("vm")
			if diff := cmp.Diff(a, b); diff != "" {
				t.Fatalf("two looks differ:\n%s", diff)
			}
			b.Read = domain.Read{}
			text := b.RawStatus + " " + string(b.Status)
			if before, ok := seen[b.Revision+"/"+b.InstanceRevision]; ok && before != text {
				t.Errorf("revision %s/%s is %s and %s", b.Revision, b.InstanceRevision, before, text)
			}
			seen[b.Revision+"/"+b.InstanceRevision] = text
			time.Sleep(time.Millisecond)
		}
		if len(seen) < 5 {
			t.Errorf("a start is more than %d revisions", len(seen))
		}
	})
}

// TestActionsAreExact: on many VMs in many situations, what is listed works and what is not gets exactly its code.
func TestActionsAreExact(t *testing.T) {
	virtual(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(3, 4))
		c := on(t, mock.Options{})
		verbs := map[domain.Verb]func(string) error{
			domain.VerbStart:   func(n string) error { return c.p.StartVM(c.ctx(), "mock", "team", n, provider.StartOptions{}) },
			domain.VerbStop:    func(n string) error { return c.p.StopVM(c.ctx(), "mock", "team", n, provider.StopOptions{}) },
			domain.VerbRestart: func(n string) error { return c.p.RestartVM(c.ctx(), "mock", "team", n, provider.RestartOptions{}) },
			domain.VerbPause:   func(n string) error { return c.p.PauseVM(c.ctx(), "mock", "team", n, provider.PauseOptions{}) },
			domain.VerbUnpause: func(n string) error { return c.p.UnpauseVM(c.ctx(), "mock", "team", n, provider.UnpauseOptions{}) },
			domain.VerbSoftReboot: func(n string) error {
				return c.p.SoftRebootVM(c.ctx(), "mock", "team", n, provider.SoftRebootOptions{})
			},
			domain.VerbReset: func(n string) error { return c.p.ResetVM(c.ctx(), "mock", "team", n, provider.ResetOptions{}) },
			domain.VerbMigrate: func(n string) error {
				return second(c.p.MigrateVM(c.ctx(), "mock", "team", n, provider.MigrateOptions{}))
			},
			domain.VerbUpdate: func(n string) error {
				_, _, err := c.p.UpdateVM(c.ctx(), "mock", "team", n, domain.VMChange{Labels: map[string]*string{"n": new("1")}}, provider.UpdateOptions{})
				return err
			},
			domain.VerbDelete: func(n string) error { return c.p.DeleteVM(c.ctx(), "mock", "team", n, provider.DeleteOptions{}) },
		}
		for range 3000 {
			all := domain.RunStrategies()
			c.p.Reset()
			c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{Snapshotting: random.IntN(9) == 0, Restoring: random.IntN(9) == 0,
				LivenessProbe: random.IntN(4) == 0, NotMigratable: random.IntN(4) == 0, NoACPI: random.IntN(2) == 0,
				NoGuestAgent: random.IntN(2) == 0, ManualRecovery: random.IntN(9) == 0, CrashLoop: random.IntN(9) == 0}))
			c.create(with(all[random.IntN(len(all))]))
			for range 8 {
				time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
				vm, err := c.p.GetVM(c.ctx(), "mock", "team", "vm")
				if err != nil {
					break
				}
				actions := domain.AvailableActions(vm)
				action := actions[random.IntN(len(actions))]
				err = verbs[action.Verb]("vm")
				if got := domain.CodeOf(err); got != action.Code {
					t.Fatalf("%s in %+v: %v, listed as %q", action.Verb, vm.Situation(), err, action.Code)
				}
				if after := c.mayGet("vm"); err != nil && cmp.Diff(vm, after) != "" {
					t.Fatalf("%s was refused and changed something:\n%s", action.Verb, cmp.Diff(vm, after))
				}
			}
		}
	})
}

func (c calls) mayGet(name string) *domain.VM {
	vm, _ := c.p.GetVM(c.ctx(), "mock", "team", name)
	return vm
}

// TestEnsure: the functions over the power verbs work on the Mock whatever the run strategy.
func TestEnsure(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		for _, strategy := range []domain.RunStrategy{domain.RunStrategyAlways, domain.RunStrategyHalted, domain.RunStrategyManual, domain.RunStrategyRerunOnFailure} {
			name := strings.ToLower(string(strategy))
			s := with(strategy)
			s.Name = name
			c.create(s)
			time.Sleep(time.Second)
			for range 2 {
				c.good(provider.EnsureRunning(c.ctx(), c.p, "mock", "team", name, provider.StartOptions{}))
				c.is(name, domain.StatusRunning)
				c.good(provider.EnsurePaused(c.ctx(), c.p, "mock", "team", name, provider.PauseOptions{}))
				c.is(name, domain.StatusPaused)
				c.good(provider.EnsureStopped(c.ctx(), c.p, "mock", "team", name, provider.StopOptions{}))
				c.is(name, domain.StatusStopped)
				time.Sleep(time.Second)
			}
		}
	})
}

// TestStopHastened: a stop under way takes a shorter grace period only.
func TestStopHastened(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{IgnoresShutdown: true}))
		c.create(spec("vm"))
		c.is("vm", domain.StatusRunning)
		stop := func(grace time.Duration) error {
			return c.p.StopVM(c.ctx(), "mock", "team", "vm", provider.StopOptions{GracePeriod: &grace})
		}
		c.good(stop(time.Minute))
		c.is("vm", domain.StatusStopping)
		c.code(stop(time.Minute), domain.CodeTransitionInProgress)
		c.code(c.p.StopVM(c.ctx(), "mock", "team", "vm", provider.StopOptions{}), domain.CodeTransitionInProgress)
		time.Sleep(5 * time.Second)
		c.good(stop(0))
		time.Sleep(time.Second)
		if vm := c.get("vm"); vm.Status != domain.StatusStopped {
			t.Errorf("it is %s", vm.Status)
		}
	})
}
