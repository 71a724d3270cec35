package mock_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestEveryMethodIsOurs fails when Provider grows and the Mock does not: the new method would be that of Unimplemented.
func TestEveryMethodIsOurs(t *testing.T) {
	p := reflect.ValueOf(provider.Provider(mock.New(mock.Options{})))
	of := reflect.TypeFor[provider.Provider]()
	for method := range of.Methods() {
		var in []reflect.Value
		for i := range method.Type.NumIn() {
			switch arg := method.Type.In(i); {
			case i == 0:
				in = append(in, reflect.ValueOf(t.Context()))
			case arg.Kind() == reflect.String:
				in = append(in, reflect.ValueOf("x"))
			default:
				in = append(in, reflect.Zero(arg))
			}
		}
		out := p.MethodByName(method.Name).Call(in)
		err, _ := out[len(out)-1].Interface().(error)
		if told, ok := out[0].Interface().(stream); ok {
			for _, err = range told {
				break
			}
		}
		if errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s is not implemented: %v", method.Name, err)
		}
	}
}

// TestArguments: bad arguments are refused before anything else, and every error says what it is about.
func TestArguments(t *testing.T) {
	p := mock.New(mock.Options{Namespaces: []string{"team"}})
	ctx := t.Context()
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	tooLate, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	get := func(ctx context.Context, cluster, namespace, name string) error {
		_, err := p.GetVM(ctx, cluster, namespace, name)
		return err
	}
	for why, c := range map[string]struct {
		err  error
		want domain.Code
	}{
		"no cluster":                   {get(ctx, "", "team", "vm"), domain.CodeInvalidName},
		"no namespace":                 {get(ctx, "mock", "", "vm"), domain.CodeInvalidName},
		"no name":                      {get(ctx, "mock", "team", ""), domain.CodeInvalidName},
		"a path as a name":             {get(ctx, "mock", "team", "../vm"), domain.CodeInvalidName},
		"all namespaces":               {get(ctx, "mock", provider.AllNamespaces, "vm"), domain.CodeInvalidName},
		"a cluster that there is not":  {get(ctx, "other", "team", "vm"), domain.CodeClusterNotFound},
		"a namespace that there isn't": {get(ctx, "mock", "nowhere", "vm"), domain.CodeVMNotFound},
		"a VM that there is not":       {get(ctx, "mock", "team", "vm"), domain.CodeVMNotFound},
		"a context that was canceled":  {get(canceled, "mock", "team", "vm"), domain.CodeCanceled},
		"a context that is over":       {get(tooLate, "mock", "team", "vm"), domain.CodeDeadlineExceeded},
	} {
		if got := domain.CodeOf(c.err); got != c.want {
			t.Errorf("%s: %v, want %s", why, c.err, c.want)
		}
		if e, ok := errors.AsType[*domain.Error](c.err); !ok || e.Op != provider.OpGetVM {
			t.Errorf("%s: the error does not say of what: %#v", why, c.err)
		}
	}
	err := get(ctx, "mock", "team", "vm")
	want := domain.Params{"cluster": "mock", "namespace": "team", "name": "vm"}
	if e, _ := errors.AsType[*domain.Error](err); cmp.Diff(want, e.Params) != "" {
		t.Errorf("params (-want +got):\n%s", cmp.Diff(want, e.Params))
	}
	if _, err := p.CreateVM(ctx, "mock", "nowhere", spec("vm"), provider.CreateOptions{}); domain.CodeOf(err) != domain.CodeNamespaceNotFound {
		t.Errorf("a create in a namespace that there is not: %v", err)
	}
	if _, err := p.ApplyVM(ctx, "mock", "nowhere", spec("vm"), provider.ApplyOptions{}); domain.CodeOf(err) != domain.CodeNamespaceNotFound {
		t.Errorf("an apply in a namespace that there is not: %v", err)
	}
}

// TestOptions: options that a verb does not take.
func TestOptions(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.create(spec("vm"))
		c.is("vm", domain.StatusRunning)
		before := c.get("vm")
		stop := func(grace time.Duration) error {
			return c.p.StopVM(c.ctx(), "mock", "team", "vm", provider.StopOptions{GracePeriod: &grace})
		}
		restart := func(grace time.Duration) error {
			return c.p.RestartVM(c.ctx(), "mock", "team", "vm", provider.RestartOptions{GracePeriod: &grace})
		}
		migrate := func(opts provider.MigrateOptions) error {
			_, err := c.p.MigrateVM(c.ctx(), "mock", "team", "vm", opts)
			return err
		}
		_, longKey := c.p.CreateVM(c.ctx(), "mock", "team", spec("vm2"), provider.CreateOptions{IdempotencyKey: strings.Repeat("k", 254)})
		for why, e := range map[string]struct {
			err  error
			want domain.Code
		}{
			"negative grace of a stop":    {stop(-time.Second), domain.CodeInvalidOption},
			"half a second of a stop":     {stop(500 * time.Millisecond), domain.CodeInvalidOption},
			"a restart with grace":        {restart(time.Second), domain.CodeInvalidOption},
			"a restart with less than no": {restart(-time.Second), domain.CodeInvalidOption},
			"a dry soft reboot": {c.p.SoftRebootVM(c.ctx(), "mock", "team", "vm", provider.SoftRebootOptions{DryRun: true}),
				domain.CodeCapabilityUnsupported},
			"a dry reset": {c.p.ResetVM(c.ctx(), "mock", "team", "vm", provider.ResetOptions{DryRun: true}),
				domain.CodeCapabilityUnsupported},
			"a migration with no name":     {migrate(provider.MigrateOptions{Name: "No"}), domain.CodeInvalidOption},
			"a selector that is none":      {migrate(provider.MigrateOptions{NodeSelector: map[string]string{"": "x"}}), domain.CodeInvalidOption},
			"a key that is too long":       {longKey, domain.CodeInvalidOption},
			"a stop of another VM":         {c.p.StopVM(c.ctx(), "mock", "team", "vm", provider.StopOptions{UID: "other"}), domain.CodeUIDConflict},
			"a migration of another VM":    {migrate(provider.MigrateOptions{UID: "other"}), domain.CodeUIDConflict},
			"a delete of another VM":       {c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{UID: "other"}), domain.CodeUIDConflict},
			"a delete of an older VM":      {c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{Revision: "0"}), domain.CodeRevisionConflict},
			"a soft reboot of another one": {c.p.SoftRebootVM(c.ctx(), "mock", "team", "vm", provider.SoftRebootOptions{UID: "other"}), domain.CodeUIDConflict},
		} {
			if got := domain.CodeOf(e.err); got != e.want {
				t.Errorf("%s: %v, want %s", why, e.err, e.want)
			}
		}
		if diff := cmp.Diff(before, c.get("vm")); diff != "" {
			t.Errorf("a refused call changed something (-before +after):\n%s", diff)
		}
	})
}

// TestDryRun: it answers like the real call and changes nothing.
func TestDryRun(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		vm, err := c.p.CreateVM(c.ctx(), "mock", "team", spec("dry"), provider.CreateOptions{DryRun: true, IdempotencyKey: "k"})
		if err != nil || vm.Name != "dry" || vm.Revision != "" {
			t.Fatalf("CreateVM() = %+v, %v", vm, err)
		}
		if _, err := c.p.GetVM(c.ctx(), "mock", "team", "dry"); !errors.Is(err, domain.CodeVMNotFound) {
			t.Errorf("a dry create left something behind: %v", err)
		}
		if _, err := c.p.ApplyVM(c.ctx(), "mock", "team", spec("dry"), provider.ApplyOptions{DryRun: true}); err != nil {
			t.Error(err)
		}
		c.create(spec("vm"))
		c.is("vm", domain.StatusRunning)
		time.Sleep(time.Second)
		before := c.get("vm")
		ctx := c.ctx()
		for why, err := range map[string]error{
			"stop":    c.p.StopVM(ctx, "mock", "team", "vm", provider.StopOptions{DryRun: true}),
			"restart": c.p.RestartVM(ctx, "mock", "team", "vm", provider.RestartOptions{DryRun: true}),
			"pause":   c.p.PauseVM(ctx, "mock", "team", "vm", provider.PauseOptions{DryRun: true}),
			"delete":  c.p.DeleteVM(ctx, "mock", "team", "vm", provider.DeleteOptions{DryRun: true}),
			"migrate": second(c.p.MigrateVM(ctx, "mock", "team", "vm", provider.MigrateOptions{DryRun: true})),
			"apply":   second(c.p.ApplyVM(ctx, "mock", "team", with(domain.RunStrategyHalted), provider.ApplyOptions{DryRun: true})),
		} {
			if err != nil {
				t.Errorf("%s: %v", why, err)
			}
		}
		changed, applied, err := c.p.UpdateVM(ctx, "mock", "team", "vm", domain.VMChange{
			Labels: map[string]*string{"a": new("b")}, MemoryBytes: new(int64(1 << 30)),
		}, provider.UpdateOptions{DryRun: true})
		if err != nil || applied != domain.AppliedRestartRequired || changed.Labels["a"] != "b" || !changed.RestartRequired {
			t.Errorf("UpdateVM() = %+v, %s, %v", changed, applied, err)
		}
		if vm, applied, err := c.p.UpdateVM(ctx, "mock", "team", "vm", domain.VMChange{MemoryBytes: new(int64(4 << 30))}, provider.UpdateOptions{DryRun: true}); err != nil ||
			applied != domain.AppliedMigrating || vm.RestartRequired {
			t.Errorf("UpdateVM() = %+v, %s, %v", vm, applied, err)
		}
		if err := c.p.UnpauseVM(ctx, "mock", "team", "vm", provider.UnpauseOptions{DryRun: true}); !errors.Is(err, domain.CodeVMNotPaused) {
			t.Errorf("a dry call is refused like a real one: %v", err)
		}
		time.Sleep(time.Second)
		if diff := cmp.Diff(before, c.get("vm"), ignoreReadAt()); diff != "" {
			t.Errorf("a dry run changed something (-before +after):\n%s", diff)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func ignoreReadAt() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Read.At" }, cmp.Ignore())
}

// TestReset: what was there is gone, and its ids do not come back.
func TestReset(t *testing.T) {
	c := on(t, mock.Options{Clusters: []string{"mock", "other"}})
	first := c.create(spec("vm"))
	c.p.Reset()
	if _, err := c.p.GetVM(c.ctx(), "mock", "team", "vm"); !errors.Is(err, domain.CodeVMNotFound) {
		t.Errorf("after Reset: %v", err)
	}
	list, err := c.p.ListVMs(c.ctx(), "mock", provider.AllNamespaces, provider.ListOptions{})
	if err != nil || len(list.Items) != 0 || *list.Total != 0 {
		t.Errorf("after Reset: %+v, %v", list, err)
	}
	if again := c.create(spec("vm")); again.UID == first.UID || again.Revision == first.Revision {
		t.Errorf("a new VM has UID %s and revision %s of the old one", again.UID, again.Revision)
	}
}

// TestSeeds: the same seed makes the same ids, another seed and another cluster others.
func TestSeeds(t *testing.T) {
	uid := func(seed uint64, cluster string) string {
		p := mock.New(mock.Options{Clusters: []string{cluster}, Seed: seed})
		vm, err := p.CreateVM(t.Context(), cluster, "team", spec("vm"), provider.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return vm.UID
	}
	if first, second := uid(1, "a"), uid(1, "a"); first != second {
		t.Error("the same seed makes other ids")
	}
	if uid(1, "a") == uid(2, "a") || uid(1, "a") == uid(1, "b") {
		t.Error("another seed or cluster makes the same ids")
	}
}

// TestClustersAreIndependent: the same name on two clusters is two VMs.
func TestClustersAreIndependent(t *testing.T) {
	p := mock.New(mock.Options{Clusters: []string{"a", "b"}})
	var vms []*domain.VM
	for _, cluster := range []string{"a", "b"} {
		vm, err := p.CreateVM(t.Context(), cluster, "team", with(domain.RunStrategyHalted), provider.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		vms = append(vms, vm)
	}
	if vms[0].UID == vms[1].UID {
		t.Error("they share a UID")
	}
	if _, _, err := p.UpdateVM(t.Context(), "a", "team", "vm", domain.VMChange{Labels: map[string]*string{"a": new("b")}}, provider.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if other, err := p.GetVM(t.Context(), "b", "team", "vm"); err != nil || other.Generation != 1 || len(other.Labels) != 1 {
		t.Errorf("an update on one shows on the other: %+v, %v", other, err)
	}
}
