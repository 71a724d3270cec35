package mock_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
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
				_, _, err := c.p.UpdateVM(c.ctx(), "mock", "team", n, domain.VMChange{Labels: map[string]*string{"n": ptr("1")}}, provider.UpdateOptions{})
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

// TestConcurrency: many callers, many verbs, nothing but the codes there are; run it under the race detector.
func TestConcurrency(t *testing.T) {
	c := on(t, mock.Options{Clusters: []string{"mock", "other"}, Timing: mock.Timing{Observe: -1, Schedule: time.Millisecond, Boot: time.Millisecond, Shutdown: time.Millisecond, Migrate: time.Millisecond}})
	p, ctx := c.p, c.ctx()
	calls := []func(cluster, name string) error{
		func(cl, n string) error { return second(p.CreateVM(ctx, cl, "team", spec(n), provider.CreateOptions{})) },
		func(cl, n string) error { return second(p.ApplyVM(ctx, cl, "team", spec(n), provider.ApplyOptions{})) },
		func(cl, n string) error { return second(p.GetVM(ctx, cl, "team", n)) },
		func(cl, n string) error { return second(p.ListVMs(ctx, cl, "*", provider.ListOptions{Limit: 3})) },
		func(cl, n string) error { return p.StartVM(ctx, cl, "team", n, provider.StartOptions{}) },
		func(cl, n string) error { return p.StopVM(ctx, cl, "team", n, provider.StopOptions{}) },
		func(cl, n string) error { return p.RestartVM(ctx, cl, "team", n, provider.RestartOptions{}) },
		func(cl, n string) error { return p.PauseVM(ctx, cl, "team", n, provider.PauseOptions{}) },
		func(cl, n string) error { return p.DeleteVM(ctx, cl, "team", n, provider.DeleteOptions{}) },
		func(cl, n string) error { return second(p.MigrateVM(ctx, cl, "team", n, provider.MigrateOptions{})) },
		func(cl, n string) error { return second(p.ListMigrations(ctx, cl, "team", n, provider.ListOptions{})) },
		func(cl, n string) error { return p.SetKnobs(domain.Ref{Cluster: cl, Namespace: "team", Name: n}, mock.Knobs{}) },
		func(cl, n string) error {
			_, _, err := p.UpdateVM(ctx, cl, "team", n, domain.VMChange{Labels: map[string]*string{"a": ptr("b")}, CPU: &domain.CPU{Sockets: 4}}, provider.UpdateOptions{})
			return err
		},
		func(cl, n string) error {
			return p.Edit(domain.Ref{Cluster: cl, Namespace: "team", Name: n}, "kubectl", domain.VMChange{Labels: map[string]*string{"x": ptr("y")}})
		},
	}
	var wg sync.WaitGroup
	for worker := range 64 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(5, uint64(worker)))
			for range 300 {
				cluster := []string{"mock", "other"}[random.IntN(2)]
				name := string(rune('a' + random.IntN(8)))
				err := calls[random.IntN(len(calls))](cluster, name)
				if kind := domain.KindOf(err); kind == domain.KindInternal || kind == domain.KindUnsupported {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	uids := map[string]bool{}
	for _, cluster := range []string{"mock", "other"} {
		for vm, err := range provider.VMs(ctx, p, cluster, "*", provider.ListOptions{}) {
			if err != nil || uids[vm.UID] {
				t.Errorf("%+v, %v", vm, err)
			}
			uids[vm.UID] = true
		}
	}
}

// TestNothingIsShared changes every value, map and slice of what goes in and what comes out; nobody else may notice.
func TestNothingIsShared(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{InstanceTypes: []domain.InstanceType{{Name: "big", VCPUs: 1, MemoryBytes: 1, Labels: map[string]string{"a": "b"}, GPUs: []string{"x"}}},
			Preferences: []domain.Preference{{Name: "pref", Labels: map[string]string{"a": "b"}}}})
		in := spec("vm")
		in.Labels = map[string]string{"a": "b"}
		in.Annotations = map[string]string{"a": "b"}
		in.GuestLabels = map[string]string{"a": "b"}
		in.NodeSelector = map[string]string{"a": "b"}
		in.Networks = []domain.Network{{Name: "default"}}
		in.Preference = &domain.Matcher{Name: "pref"}
		in.Tolerations = []domain.Toleration{{Key: "a", Effect: "NoExecute", Operator: "Exists", Seconds: ptr(int64(1))}}
		out := c.create(in)
		scramble(reflect.ValueOf(&in))
		c.is("vm", domain.StatusRunning)
		m, err := c.p.MigrateVM(c.ctx(), "mock", "team", "vm", provider.MigrateOptions{})
		c.good(err)
		time.Sleep(time.Second)
		want := c.get("vm")
		wantTypes, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
		c.good(err)
		wantPreferences, err := c.p.ListPreferences(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
		c.good(err)
		change := domain.VMChange{Labels: map[string]*string{"c": ptr("d")}, Tolerations: []domain.Toleration{{Key: "z", Effect: "NoExecute", Operator: "Exists", Seconds: ptr(int64(2))}},
			SetDisks: []domain.Disk{{Name: "more", Kind: domain.DiskClaim, Claim: "claim"}}}
		changed, _, err := c.p.UpdateVM(c.ctx(), "mock", "team", "vm", change, provider.UpdateOptions{DryRun: true})
		c.good(err)
		list, err := c.p.ListVMs(c.ctx(), "mock", "*", provider.ListOptions{})
		c.good(err)
		migrations, err := c.p.ListMigrations(c.ctx(), "mock", "team", "vm", provider.ListOptions{})
		c.good(err)
		types, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
		c.good(err)
		preferences, err := c.p.ListPreferences(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
		c.good(err)
		for _, value := range []any{out, m, changed, list, migrations, types, preferences, c.get("vm"), &change} {
			scramble(reflect.ValueOf(value))
		}
		if diff := cmp.Diff(want, c.get("vm")); diff != "" {
			t.Errorf("somebody else's value changed the VM (-want +got):\n%s", diff)
		}
		if types, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{}); cmp.Diff(wantTypes, types) != "" {
			t.Errorf("instance types: %v, %v", types, err)
		}
		if preferences, err := c.p.ListPreferences(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{}); cmp.Diff(wantPreferences, preferences) != "" {
			t.Errorf("preferences: %v, %v", preferences, err)
		}
		change = domain.VMChange{Labels: map[string]*string{"c": ptr("d")}, SetDisks: []domain.Disk{{Name: "more", Kind: domain.DiskClaim, Claim: "claim"}}}
		_, _, err = c.p.UpdateVM(c.ctx(), "mock", "team", "vm", change, provider.UpdateOptions{})
		c.good(err)
		want = c.get("vm")
		scramble(reflect.ValueOf(&change))
		if diff := cmp.Diff(want, c.get("vm")); diff != "" {
			t.Errorf("the change is still in use (-want +got):\n%s", diff)
		}
		seed := c.get("vm")
		c.good(c.p.Seed([]*domain.VM{seed}))
		want = c.get("vm")
		scramble(reflect.ValueOf(seed))
		if diff := cmp.Diff(want, c.get("vm")); diff != "" {
			t.Errorf("the seed is still in use (-want +got):\n%s", diff)
		}
	})
}

// scramble changes everything that can be reached from a value.
func scramble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scramble(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			scramble(v.Index(i))
		}
	case reflect.Map:
		for _, k := range slices.Clone(v.MapKeys()) {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(v.MapIndex(k))
			scramble(element)
			v.SetMapIndex(k, element)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scramble(v.Field(i))
			}
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("scrambled")
		}
	case reflect.Int64, reflect.Int32, reflect.Int:
		if v.CanSet() {
			v.SetInt(-42)
		}
	}
}
