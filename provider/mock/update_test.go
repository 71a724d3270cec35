package mock_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

func (c calls) update(change domain.VMChange, opts provider.UpdateOptions) (*domain.VM, domain.Applied, error) {
	return c.p.UpdateVM(c.ctx(), "mock", "team", "vm", change, opts)
}

// TestUpdateKeepsPower: an update changes what it names and nothing else, whatever the power state.
func TestUpdateKeepsPower(t *testing.T) {
	virtual(t, func(t *testing.T) {
		for _, strategy := range domain.RunStrategies() {
			for _, running := range []time.Duration{0, time.Second} {
				c := on(t, mock.Options{})
				c.create(with(strategy))
				time.Sleep(running)
				before := c.get("vm")
				after, applied, err := c.update(domain.VMChange{Labels: map[string]*string{"a": new("b")}}, provider.UpdateOptions{})
				c.good(err)
				if applied != domain.AppliedLive || after.Revision == before.Revision || after.Labels["a"] != "b" {
					t.Errorf("%s: %s %+v", strategy, applied, after)
				}
				delete(after.Labels, "a")
				after.Revision = before.Revision
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("%s: more than the label changed:\n%s", strategy, diff)
				}
			}
		}
	})
}

func TestUpdateFields(t *testing.T) {
	c := on(t, mock.Options{})
	s := with(domain.RunStrategyHalted)
	s.Labels = map[string]string{"keep": "1", "drop": "1"}
	s.Tolerations = []domain.Toleration{{Key: "a", Operator: "Exists"}}
	c.create(s)
	change := domain.VMChange{
		Labels:         map[string]*string{"drop": nil, "absent": nil, "new": new("2")},
		Annotations:    map[string]*string{"note": new("x")},
		GuestLabels:    map[string]*string{"g": new("1")},
		NodeSelector:   map[string]*string{"zone": new("a")},
		CPU:            &domain.CPU{Sockets: 4},
		MemoryBytes:    new(int64(4 << 30)),
		SetDisks:       []domain.Disk{{Name: "data", Kind: domain.DiskBlank, Bytes: 1 << 30}},
		SetNetworks:    []domain.Network{{Name: "lan", Attachment: "lan"}},
		RemoveNetworks: []string{"default", "absent"},
		RemoveDisks:    []string{"absent"},
		Tolerations:    []domain.Toleration{},
	}
	vm, applied, err := c.update(change, provider.UpdateOptions{})
	c.good(err)
	want := []any{domain.AppliedLive, "1", "2", "x", map[string]string{"g": "1"}, map[string]string{"zone": "a"},
		domain.CPU{Sockets: 4, Milli: 4000, Source: domain.SourceSpec}, int64(4 << 30),
		[]domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "quay.io/containerdisks/fedora:41", Bus: "virtio"},
			{Name: "data", Kind: domain.DiskBlank, Bytes: 1 << 30, Bus: "virtio", Claim: "vm-data"}},
		[]domain.Network{{Name: "lan", Attachment: "lan", Binding: "bridge"}}, []domain.Toleration(nil), int64(2)}
	got := []any{applied, vm.Labels["keep"], vm.Labels["new"], vm.Annotations["note"], vm.GuestLabels, vm.NodeSelector,
		vm.CPU, vm.Memory.Bytes, vm.Disks, vm.Networks, vm.Tolerations, vm.Generation}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, there := vm.Labels["drop"]; there {
		t.Error("the label is still there")
	}
	again, _, err := c.update(change, provider.UpdateOptions{})
	if err != nil || again.Revision != vm.Revision || again.Generation != vm.Generation {
		t.Errorf("the same change again changes nothing: revision %s, then %s, %v", vm.Revision, again.Revision, err)
	}
}

func TestUpdateRefuses(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		old := c.create(with(domain.RunStrategyHalted))
		time.Sleep(time.Second)
		for why, e := range map[string]struct {
			change domain.VMChange
			opts   provider.UpdateOptions
			want   domain.Code
		}{
			"an old revision":            {domain.VMChange{}, provider.UpdateOptions{Revision: old.Revision}, domain.CodeRevisionConflict},
			"another VM":                 {domain.VMChange{}, provider.UpdateOptions{UID: "other"}, domain.CodeUIDConflict},
			"a label of the identity":    {domain.VMChange{Labels: map[string]*string{"kubevirt-shepherd.io/managed-by": nil}}, provider.UpdateOptions{}, domain.CodeInvalidSpec},
			"a bad label":                {domain.VMChange{Labels: map[string]*string{"a": new("b/c")}}, provider.UpdateOptions{}, domain.CodeInvalidSpec},
			"no memory":                  {domain.VMChange{MemoryBytes: new(int64(0))}, provider.UpdateOptions{}, domain.CodeInvalidSpec},
			"a disk of no kind":          {domain.VMChange{SetDisks: []domain.Disk{{Name: "x"}}}, provider.UpdateOptions{}, domain.CodeInvalidSpec},
			"a type that there is not":   {domain.VMChange{InstanceType: &domain.Matcher{Name: "nope"}}, provider.UpdateOptions{}, domain.CodeInstanceTypeNotFound},
			"a type and own memory":      {domain.VMChange{InstanceType: &domain.Matcher{Name: "u1.small"}, MemoryBytes: new(int64(1))}, provider.UpdateOptions{}, domain.CodeInvalidSpec},
			"both removed and set":       {domain.VMChange{SetNetworks: []domain.Network{{Name: "n"}}, RemoveNetworks: []string{"n"}}, provider.UpdateOptions{}, domain.CodeInvalidSpec},
			"bad and of another VM also": {domain.VMChange{MemoryBytes: new(int64(-1))}, provider.UpdateOptions{UID: "other"}, domain.CodeInvalidSpec},
		} {
			before := c.get("vm")
			if _, _, err := c.update(e.change, e.opts); domain.CodeOf(err) != e.want {
				t.Errorf("%s: %v, want %s", why, err, e.want)
			}
			if diff := cmp.Diff(before, c.get("vm")); diff != "" {
				t.Errorf("%s: it changed something:\n%s", why, diff)
			}
		}
		_, _, err := c.p.UpdateVM(c.ctx(), "mock", "team", "missing", domain.VMChange{}, provider.UpdateOptions{})
		c.code(err, domain.CodeVMNotFound)

		big := typed("u1.small", "")
		big.Name = "typed"
		c.create(big)
		_, _, err = c.p.UpdateVM(c.ctx(), "mock", "team", "typed", domain.VMChange{MemoryBytes: new(int64(1 << 30))}, provider.UpdateOptions{})
		c.code(err, domain.CodeInvalidSpec)
		_, _, err = c.p.UpdateVM(c.ctx(), "mock", "team", "typed", domain.VMChange{InstanceType: &domain.Matcher{Name: "nope"}}, provider.UpdateOptions{})
		c.code(err, domain.CodeInstanceTypeNotFound)
		vm, _, err := c.p.UpdateVM(c.ctx(), "mock", "team", "typed", domain.VMChange{InstanceType: &domain.Matcher{Name: "u1.large"}}, provider.UpdateOptions{})
		if err != nil || vm.InstanceType.Name != "u1.large" {
			t.Errorf("%+v, %v", vm, err)
		}
	})
}

// TestInstanceTypeInstead: an instance type takes the place of CPU and memory, but not of those that others own.
func TestInstanceTypeInstead(t *testing.T) {
	c := on(t, mock.Options{})
	c.create(with(domain.RunStrategyHalted))
	large := domain.VMChange{InstanceType: &domain.Matcher{Name: "u1.large"}}
	c.good(c.p.Edit(c.ref("vm"), "kubectl", domain.VMChange{MemoryBytes: new(int64(3 << 30))}))
	_, _, err := c.update(large, provider.UpdateOptions{})
	c.code(err, domain.CodeInvalidSpec)
	_, _, err = c.update(domain.VMChange{MemoryBytes: new(int64(2 << 30))}, provider.UpdateOptions{Force: true})
	c.good(err)
	vm, applied, err := c.update(large, provider.UpdateOptions{})
	if err != nil || applied != domain.AppliedLive || vm.InstanceType.Name != "u1.large" || vm.CPU != (domain.CPU{}) || vm.Memory != (domain.Memory{}) {
		t.Errorf("%+v, %s, %v", vm, applied, err)
	}
}

// TestNoTimeAtAll: where a migration takes no time, it is over when the call returns.
func TestNoTimeAtAll(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Timing: mock.Timing{Observe: -1, Schedule: -1, Boot: -1, Agent: -1, Shutdown: -1, Migrate: -1}})
		if vm := c.create(spec("vm")); vm.Status != domain.StatusRunning {
			t.Errorf("it is %s", vm.Status)
		}
		vm, applied, err := c.update(domain.VMChange{MemoryBytes: new(int64(4 << 30))}, provider.UpdateOptions{})
		if err != nil || applied != domain.AppliedMigrating || vm.Memory.Bytes != 4<<30 || vm.RestartRequired {
			t.Errorf("%+v %t, %s, %v", vm.Memory, vm.RestartRequired, applied, err)
		}
		for range 7 {
			if m := c.migrate(provider.MigrateOptions{}); m.Phase != domain.PhaseSucceeded {
				t.Errorf("%+v", m)
			}
		}
		if list, err := c.p.ListMigrations(c.ctx(), "mock", "team", "vm", provider.ListOptions{}); err != nil || len(list.Items) != 5 {
			t.Errorf("%+v, %v", list, err)
		}
		c.good(c.p.StopVM(c.ctx(), "mock", "team", "vm", provider.StopOptions{}))
		if vm := c.get("vm"); vm.Status != domain.StatusStopped {
			t.Errorf("it is %s", vm.Status)
		}
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}))
		_, err = c.p.GetVM(c.ctx(), "mock", "team", "vm")
		c.code(err, domain.CodeVMNotFound)
	})
}

// TestApplied: what a running instance takes at once, by a migration, and at its next start only.
func TestApplied(t *testing.T) {
	hot := domain.Disk{Name: "hot", Kind: domain.DiskClaim, Claim: "claim", Hotpluggable: true}
	for why, e := range map[string]struct {
		change domain.VMChange
		want   domain.Applied
	}{
		"a label":                 {domain.VMChange{Labels: map[string]*string{"a": new("b")}}, domain.AppliedLive},
		"placement":               {domain.VMChange{NodeSelector: map[string]*string{"a": new("b")}, Tolerations: []domain.Toleration{{Operator: "Exists"}}}, domain.AppliedLive},
		"a hot-pluggable disk":    {domain.VMChange{SetDisks: []domain.Disk{hot}}, domain.AppliedLive},
		"more sockets":            {domain.VMChange{CPU: &domain.CPU{Sockets: 4, Cores: 2, Threads: 1, Milli: 1500}}, domain.AppliedMigrating},
		"more memory":             {domain.VMChange{MemoryBytes: new(int64(4 << 30))}, domain.AppliedMigrating},
		"another network":         {domain.VMChange{SetNetworks: []domain.Network{{Name: "lan", Attachment: "lan"}}}, domain.AppliedMigrating},
		"more cores":              {domain.VMChange{CPU: &domain.CPU{Sockets: 1, Cores: 4, Threads: 1, Milli: 1500}}, domain.AppliedRestartRequired},
		"less memory":             {domain.VMChange{MemoryBytes: new(int64(1 << 30))}, domain.AppliedRestartRequired},
		"a disk that is fixed":    {domain.VMChange{SetDisks: []domain.Disk{{Name: "d", Kind: domain.DiskClaim, Claim: "c"}}}, domain.AppliedRestartRequired},
		"the root disk goes":      {domain.VMChange{RemoveDisks: []string{"root"}}, domain.AppliedRestartRequired},
		"the pod network goes":    {domain.VMChange{RemoveNetworks: []string{"default"}}, domain.AppliedRestartRequired},
		"a label of the instance": {domain.VMChange{GuestLabels: map[string]*string{"a": new("b")}}, domain.AppliedLive},
		"memory, and cores":       {domain.VMChange{MemoryBytes: new(int64(4 << 30)), CPU: &domain.CPU{Cores: 8}}, domain.AppliedRestartRequired},
	} {
		t.Run(why, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				c := on(t, mock.Options{})
				c.create(spec("vm"))
				c.is("vm", domain.StatusRunning)
				before := c.get("vm")
				vm, applied, err := c.update(e.change, provider.UpdateOptions{})
				c.good(err)
				if applied != e.want || vm.RestartRequired != (e.want == domain.AppliedRestartRequired) || vm.RestartRequired != (vm.RestartReason != "") {
					t.Errorf("%s, restart required %t %q", applied, vm.RestartRequired, vm.RestartReason)
				}
				if e.want != domain.AppliedLive && (vm.CPU != before.CPU || vm.Memory != before.Memory) {
					t.Errorf("the instance has it at once: %+v %+v", vm.CPU, vm.Memory)
				}
				time.Sleep(time.Second)
				after := c.get("vm")
				if after.InstanceID != before.InstanceID || (after.Node != before.Node) != (e.want == domain.AppliedMigrating) {
					t.Errorf("instance %s on %s, was %s on %s", after.InstanceID, after.Node, before.InstanceID, before.Node)
				}
				if e.want == domain.AppliedRestartRequired {
					if !after.RestartRequired {
						t.Error("nobody restarted it, and it needs no restart any more")
					}
					c.good(c.p.RestartVM(c.ctx(), "mock", "team", "vm", provider.RestartOptions{}))
					time.Sleep(time.Second)
					after = c.get("vm")
				}
				if after.RestartRequired || after.Status != domain.StatusRunning {
					t.Errorf("%s, restart required %t", after.Status, after.RestartRequired)
				}
				if m := e.change.MemoryBytes; m != nil && (after.Memory != domain.Memory{Bytes: *m, Source: domain.SourceInstance}) {
					t.Errorf("memory %+v", after.Memory)
				}
				if cpu := e.change.CPU; cpu != nil && after.CPU.VCPUs() != cpu.VCPUs() {
					t.Errorf("CPU %+v", after.CPU)
				}
			})
		})
	}
}

// TestHotplugThatCannotMigrate: what only a migration brings waits for the next start where there can be none.
func TestHotplugThatCannotMigrate(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		more := domain.VMChange{MemoryBytes: new(int64(4 << 30))}
		c.create(spec("vm"))
		c.is("vm", domain.StatusRunning)
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{MigrationFails: true}))
		if _, applied, err := c.update(more, provider.UpdateOptions{}); err != nil || applied != domain.AppliedMigrating {
			t.Errorf("%s, %v", applied, err)
		}
		time.Sleep(time.Second)
		if vm := c.get("vm"); !vm.RestartRequired || vm.Memory.Bytes != 2<<30 {
			t.Errorf("the migration failed, and then: %t %+v", vm.RestartRequired, vm.Memory)
		}
		back := domain.VMChange{MemoryBytes: new(int64(2 << 30))}
		if vm, applied, err := c.update(back, provider.UpdateOptions{}); err != nil || applied != domain.AppliedLive || vm.RestartRequired {
			t.Errorf("a change taken back needs no restart: %s, %v", applied, err)
		}
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{NotMigratable: true}))
		if _, applied, err := c.update(more, provider.UpdateOptions{}); err != nil || applied != domain.AppliedRestartRequired {
			t.Errorf("%s, %v", applied, err)
		}
	})
}

// TestOtherManagers: what others own stays, and is fought over only by force.
func TestOtherManagers(t *testing.T) {
	c := on(t, mock.Options{})
	s := with(domain.RunStrategyHalted)
	s.Labels = map[string]string{"ours": "1", "taken": "1"}
	c.create(s)
	c.code(c.p.Edit(c.ref("vm"), "", domain.VMChange{}), domain.CodeInvalidOption)
	c.code(c.p.Edit(c.ref("missing"), "kubectl", domain.VMChange{}), domain.CodeVMNotFound)
	c.good(c.p.Edit(c.ref("vm"), "kubectl", domain.VMChange{
		Labels:   map[string]*string{"theirs": new("1"), "taken": new("2")},
		SetDisks: []domain.Disk{{Name: "hot", Kind: domain.DiskClaim, Claim: "claim", Hotpluggable: true}},
	}))

	vm, _, err := c.update(domain.VMChange{Labels: map[string]*string{"new": new("1")}, SetDisks: []domain.Disk{{Name: "data", Kind: domain.DiskClaim, Claim: "d"}}}, provider.UpdateOptions{Force: true})
	c.good(err)
	if len(vm.Disks) != 3 || vm.Labels["theirs"] != "1" || vm.Labels["taken"] != "2" {
		t.Errorf("an update lost what others set: %+v %v", vm.Disks, vm.Labels)
	}

	change := domain.VMChange{Labels: map[string]*string{"taken": new("3")}, RemoveDisks: []string{"hot"}}
	before := c.get("vm")
	_, _, err = c.update(change, provider.UpdateOptions{})
	e, ok := errors.AsType[*domain.Error](err)
	want := []domain.FieldError{
		{Field: `labels["taken"]`, Reason: domain.FieldOwned, Manager: "kubectl"},
		{Field: `disks["hot"]`, Reason: domain.FieldOwned, Manager: "kubectl"},
	}
	if !ok || e.Code != domain.CodeFieldConflict || cmp.Diff(want, e.Fields) != "" {
		t.Errorf("a change of what others own: %v", err)
	}
	if c.get("vm").Revision != before.Revision {
		t.Error("it changed something")
	}
	if _, _, err := c.update(domain.VMChange{Labels: map[string]*string{"taken": new("2")}}, provider.UpdateOptions{}); err != nil {
		t.Errorf("to agree with the owner is no conflict: %v", err)
	}
	vm, _, err = c.update(change, provider.UpdateOptions{Force: true})
	if err != nil || vm.Labels["taken"] != "3" || len(vm.Disks) != 2 {
		t.Errorf("by force: %v %v, %v", vm.Labels, vm.Disks, err)
	}
	if _, _, err := c.update(domain.VMChange{Labels: map[string]*string{"taken": new("4")}}, provider.UpdateOptions{}); err != nil {
		t.Errorf("it is ours now: %v", err)
	}
}

func TestApply(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Installation: "prod"})
		apply := func(s domain.VMSpec, opts provider.ApplyOptions) (*domain.VM, error) {
			return c.p.ApplyVM(c.ctx(), "mock", "team", s, opts)
		}
		_, err := apply(spec("vm"), provider.ApplyOptions{UID: "gone"})
		c.code(err, domain.CodeVMNotFound)
		s := spec("vm")
		s.Labels = map[string]string{"a": "1", "b": "1"}
		s.Tolerations = []domain.Toleration{{Operator: "Exists"}}
		made, err := apply(s, provider.ApplyOptions{})
		c.good(err)
		c.is("vm", domain.StatusRunning)
		c.good(c.p.Edit(c.ref("vm"), "kubectl", domain.VMChange{Labels: map[string]*string{"theirs": new("1")},
			SetDisks: []domain.Disk{{Name: "hot", Kind: domain.DiskClaim, Claim: "claim", Hotpluggable: true}}}))
		time.Sleep(time.Second)
		before := c.get("vm")

		same, err := apply(s, provider.ApplyOptions{})
		if err != nil || same.Revision != before.Revision {
			t.Errorf("the same spec changes nothing: %s, then %s, %v", before.Revision, same.Revision, err)
		}

		s = with(domain.RunStrategyHalted)
		s.Labels = map[string]string{"a": "2"}
		s.Networks = []domain.Network{}
		vm, err := apply(s, provider.ApplyOptions{})
		c.good(err)
		want := map[string]string{"a": "2", "theirs": "1", "kubevirt-shepherd.io/managed-by": "kubevirt-shepherd", "kubevirt-shepherd.io/installation": "prod"}
		if diff := cmp.Diff(want, vm.Labels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		if len(vm.Disks) != 2 || vm.Networks != nil || vm.Tolerations != nil {
			t.Errorf("disks %+v, networks %+v, tolerations %+v", vm.Disks, vm.Networks, vm.Tolerations)
		}
		if vm.RunStrategy != domain.RunStrategyAlways || vm.UID != made.UID || vm.Status != domain.StatusRunning || vm.InstanceID != before.InstanceID {
			t.Errorf("it changed the power state: %+v", vm)
		}
		s.Labels["theirs"] = "2"
		_, err = apply(s, provider.ApplyOptions{})
		c.code(err, domain.CodeFieldConflict)
		vm, err = apply(s, provider.ApplyOptions{Force: true})
		if err != nil || vm.Labels["theirs"] != "2" || len(vm.Disks) != 2 {
			t.Errorf("%+v, %v", vm, err)
		}
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}))
		_, err = apply(s, provider.ApplyOptions{})
		c.code(err, domain.CodeVMDeleting)
	})
}

// TestApplyKeepsTheMarks: a create that is repeated after an apply still finds what it made.
func TestApplyKeepsTheMarks(t *testing.T) {
	c := on(t, mock.Options{})
	key := provider.CreateOptions{IdempotencyKey: "intent"}
	made, err := c.p.CreateVM(c.ctx(), "mock", "team", spec("vm"), key)
	c.good(err)
	other := spec("vm")
	other.Annotations = map[string]string{"note": "x"}
	_, err = c.p.ApplyVM(c.ctx(), "mock", "team", other, provider.ApplyOptions{})
	c.good(err)
	again, err := c.p.CreateVM(c.ctx(), "mock", "team", spec("vm"), key)
	if err != nil || again.UID != made.UID || again.Annotations["note"] != "x" {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestApplyToForeign: a VM that is not ours is taken over by its UID only, and its maker's fields stay.
func TestApplyToForeign(t *testing.T) {
	c := on(t, mock.Options{Installation: "prod"})
	c.good(c.p.Seed([]*domain.VM{
		{Namespace: "team", Name: "vm", UID: "uid", Labels: map[string]string{"made": "by hand"}, Memory: domain.Memory{Bytes: 1 << 30}},
		{Namespace: "team", Name: "other", UID: "uid2", Identity: domain.Identity{ManagedBy: domain.ManagedBy, Installation: "test"}},
	}))
	s := with(domain.RunStrategyHalted)
	_, err := c.p.ApplyVM(c.ctx(), "mock", "team", s, provider.ApplyOptions{})
	c.code(err, domain.CodeVMAlreadyExists)
	_, err = c.p.ApplyVM(c.ctx(), "mock", "team", s, provider.ApplyOptions{UID: "another"})
	c.code(err, domain.CodeUIDConflict)
	_, err = c.p.ApplyVM(c.ctx(), "mock", "team", s, provider.ApplyOptions{UID: "uid"})
	c.code(err, domain.CodeFieldConflict)
	vm, err := c.p.ApplyVM(c.ctx(), "mock", "team", s, provider.ApplyOptions{UID: "uid", Force: true})
	if err != nil || vm.Memory.Bytes != 2<<30 || vm.Labels["made"] != "by hand" || vm.Identity.Installation != "prod" {
		t.Errorf("%+v, %v", vm, err)
	}
	if _, err := c.p.ApplyVM(c.ctx(), "mock", "team", s, provider.ApplyOptions{}); err != nil {
		t.Errorf("it is ours now: %v", err)
	}
	s.Name = "other"
	_, err = c.p.ApplyVM(c.ctx(), "mock", "team", s, provider.ApplyOptions{})
	c.code(err, domain.CodeVMAlreadyExists)
}

// TestDisjointUpdates: changes made at the same time to different things all survive.
func TestDisjointUpdates(t *testing.T) {
	c := on(t, mock.Options{})
	c.create(with(domain.RunStrategyHalted))
	var wg sync.WaitGroup
	for n := range 26 {
		wg.Go(func() {
			name := string(rune('a' + n))
			_, _, err := c.update(domain.VMChange{Labels: map[string]*string{name: new("1")},
				SetDisks: []domain.Disk{{Name: "disk-" + name, Kind: domain.DiskClaim, Claim: name}}}, provider.UpdateOptions{})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if vm := c.get("vm"); len(vm.Disks) != 27 || len(vm.Labels) != 27 || vm.Generation != 27 {
		t.Errorf("%d disks, %d labels, generation %d", len(vm.Disks), len(vm.Labels), vm.Generation)
	}
}
