package mock_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

func (c calls) migrate(opts provider.MigrateOptions) *domain.Migration {
	c.t.Helper()
	m, err := c.p.MigrateVM(c.ctx(), "mock", "team", "vm", opts)
	c.good(err)
	return m
}

func (c calls) migration(name string) (*domain.Migration, error) {
	return c.p.GetMigration(c.ctx(), "mock", "team", name)
}

func TestMigration(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.create(spec("vm"))
		before := c.is("vm", domain.StatusRunning)
		m := c.migrate(provider.MigrateOptions{Name: "move"})
		if m.Name != "move" || m.UID == "" || m.Phase != domain.PhasePending || m.VMName != "vm" || m.CreatedAt.IsZero() {
			t.Errorf("%+v", m)
		}
		if again := c.migrate(provider.MigrateOptions{Name: "move"}); again.UID != m.UID {
			t.Errorf("the same name is another migration: %+v", again)
		}
		_, err := c.p.MigrateVM(c.ctx(), "mock", "team", "vm", provider.MigrateOptions{})
		e, _ := errors.AsType[*domain.Error](err)
		if e == nil || e.Code != domain.CodeMigrationInProgress || e.Params["migration"] != "move" {
			t.Errorf("a second one: %v", err)
		}
		var phases []string
		statuses := map[domain.VMStatus]bool{}
		for range 400 {
			m, err := c.migration("move")
			c.good(err)
			if len(phases) == 0 || phases[len(phases)-1] != m.RawPhase {
				phases = append(phases, m.RawPhase)
			}
			vm := c.get("vm")
			statuses[vm.Status] = true
			if !m.Phase.Ended() != vm.MigrationInFlight || vm.Migrating != (m.RawPhase == "Running") {
				t.Errorf("%s: in flight %t, moving %t", m.RawPhase, vm.MigrationInFlight, vm.Migrating)
			}
			time.Sleep(time.Millisecond)
		}
		want := []string{"Pending", "Scheduling", "Scheduled", "PreparingTarget", "TargetReady", "Running", "Succeeded"}
		if diff := cmp.Diff(want, phases); diff != "" {
			t.Errorf("phases (-want +got):\n%s", diff)
		}
		if !statuses[domain.StatusMigrating] || len(statuses) != 2 {
			t.Errorf("statuses %v", statuses)
		}
		after := c.get("vm")
		if after.InstanceID != before.InstanceID || after.Node == before.Node || after.Migration == nil || after.Migration.UID != m.UID ||
			!after.Migration.Completed || after.Migration.Failed || after.Migration.TargetNode != after.Node || after.Migration.SourceNode != before.Node {
			t.Errorf("%+v on %s", after.Migration, after.Node)
		}
		c.code(c.p.CancelMigration(c.ctx(), "mock", "team", "move", provider.CancelOptions{}), domain.CodeOperationNotActive)
		c.code(c.p.CancelMigration(c.ctx(), "mock", "team", "nope", provider.CancelOptions{}), domain.CodeMigrationNotFound)
		c.code(c.p.CancelMigration(c.ctx(), "mock", "team", "move", provider.CancelOptions{UID: "other"}), domain.CodeUIDConflict)
	})
}

// TestCancelMigration: a cancel is a delete of the migration; the VM goes on telling of it.
func TestCancelMigration(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{MigrationNeverEnds: true}))
		c.create(spec("vm"))
		before := c.is("vm", domain.StatusRunning)
		m := c.migrate(provider.MigrateOptions{})
		c.is("vm", domain.StatusMigrating)
		c.good(c.p.CancelMigration(c.ctx(), "mock", "team", m.Name, provider.CancelOptions{UID: m.UID, DryRun: true}))
		if now, err := c.migration(m.Name); err != nil || now.CancelRequested {
			t.Errorf("a dry cancel: %+v, %v", now, err)
		}
		for range 2 {
			c.good(c.p.CancelMigration(c.ctx(), "mock", "team", m.Name, provider.CancelOptions{UID: m.UID}))
		}
		if now, err := c.migration(m.Name); err != nil || !now.CancelRequested || now.Phase != domain.PhaseRunning || now.State.AbortStatus != "Aborting" {
			t.Errorf("%+v, %v", now, err)
		}
		time.Sleep(time.Second)
		_, err := c.migration(m.Name)
		c.code(err, domain.CodeMigrationNotFound)
		after := c.get("vm")
		if after.Status != domain.StatusRunning || after.Node != before.Node || after.InstanceID != before.InstanceID ||
			after.Migration == nil || after.Migration.AbortStatus != "Succeeded" || !after.Migration.Failed || after.Migration.UID != m.UID {
			t.Errorf("%s on %s: %+v", after.Status, after.Node, after.Migration)
		}
	})
}

func TestMigrationRefused(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		migrate := func(name string) error {
			return second(c.p.MigrateVM(c.ctx(), "mock", "team", name, provider.MigrateOptions{Name: "m"}))
		}
		c.code(migrate("vm"), domain.CodeVMNotFound)
		c.create(with(domain.RunStrategyHalted))
		c.code(migrate("vm"), domain.CodeVMNotRunning)
		fixed := spec("fixed")
		c.create(fixed)
		c.is("fixed", domain.StatusRunning)
		c.good(c.p.SetKnobs(c.ref("fixed"), mock.Knobs{NotMigratable: true}))
		err := migrate("fixed")
		if e, _ := errors.AsType[*domain.Error](err); e == nil || e.Code != domain.CodeNotMigratable || e.Params[domain.ParamReason] == "" ||
			e.Params[domain.ParamReason] != c.get("fixed").NotMigratableReason {
			t.Errorf("%v", err)
		}
		c.good(c.p.SetKnobs(c.ref("fixed"), mock.Knobs{}))
		c.good(migrate("fixed"))
		c.create(spec("another"))
		c.is("another", domain.StatusRunning)
		c.code(migrate("another"), domain.CodeMigrationAlreadyExists)
	})
}

// TestMigrationsOfAVM: active ones first, then the newest, five at most of those that ended; none of other VMs.
func TestMigrationsOfAVM(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.create(spec("vm"))
		c.create(spec("other"))
		c.is("vm", domain.StatusRunning)
		c.is("other", domain.StatusRunning)
		c.good(second(c.p.MigrateVM(c.ctx(), "mock", "team", "other", provider.MigrateOptions{})))
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			c.migrate(provider.MigrateOptions{Name: name})
			time.Sleep(time.Second)
		}
		c.migrate(provider.MigrateOptions{Name: "h"})
		list := func(opts provider.ListOptions) (names []string) {
			for {
				page, err := c.p.ListMigrations(c.ctx(), "mock", "team", "vm", opts)
				c.good(err)
				for _, m := range page.Items {
					names = append(names, m.Name)
				}
				if opts.Continue = page.Continue; opts.Continue == "" {
					return names
				}
			}
		}
		for limit := range 8 {
			if diff := cmp.Diff([]string{"h", "g", "f", "e", "d", "c"}, list(provider.ListOptions{Limit: limit})); diff != "" {
				t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
			}
		}
		if diff := cmp.Diff([]string{"e"}, list(provider.ListOptions{FieldSelector: "metadata.name=e"})); diff != "" {
			t.Error(diff)
		}
		_, err := c.migration("a")
		c.code(err, domain.CodeMigrationNotFound)
		page, err := c.p.ListMigrations(c.ctx(), "mock", "team", "vm", provider.ListOptions{Limit: 1})
		c.good(err)
		_, err = c.p.ListMigrations(c.ctx(), "mock", "team", "other", provider.ListOptions{Continue: page.Continue})
		c.code(err, domain.CodeInvalidCursor)
		if page, err := c.p.ListMigrations(c.ctx(), "mock", "team", "missing", provider.ListOptions{}); err != nil || len(page.Items) != 0 {
			t.Errorf("%+v, %v", page, err)
		}
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}))
		c.good(provider.WaitVMGone(c.ctx(), c.p, "mock", "team", "vm", provider.WaitOptions{}))
		_, err = c.migration("g")
		c.code(err, domain.CodeMigrationNotFound)
	})
}

func TestFailedMigration(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		c.good(c.p.SetKnobs(c.ref("vm"), mock.Knobs{MigrationFails: true}))
		c.create(spec("vm"))
		before := c.is("vm", domain.StatusRunning)
		name := c.migrate(provider.MigrateOptions{}).Name
		time.Sleep(time.Second)
		m, err := c.migration(name)
		if err != nil || m.Phase != domain.PhaseFailed || m.Message == "" || !m.State.Failed || m.State.FailureReason == "" {
			t.Errorf("%+v, %v", m, err)
		}
		if vm := c.get("vm"); vm.Status != domain.StatusRunning || vm.Node != before.Node {
			t.Errorf("a failed migration is no failed VM: %+v", vm)
		}
	})
}

func TestInstanceTypes(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Clusters: []string{"mock", "b"},
			InstanceTypes: []domain.InstanceType{
				{Name: "small", VCPUs: 1, MemoryBytes: 1 << 30, Labels: map[string]string{"size": "s"}},
				{Name: "large", VCPUs: 8, MemoryBytes: 8 << 30},
				{Name: "own", Namespace: "team", VCPUs: 2, MemoryBytes: 2 << 30},
				{Name: "elsewhere", Cluster: "b", VCPUs: 2, MemoryBytes: 2 << 30},
			},
			Preferences: []domain.Preference{{Name: "linux"}, {Name: "own", Namespace: "team"}},
		})
		list := func(namespace string, opts provider.ListOptions) (names []string) {
			for {
				page, err := c.p.ListInstanceTypes(c.ctx(), "mock", namespace, opts)
				c.good(err)
				for _, item := range page.Items {
					names = append(names, item.Name)
				}
				if opts.Continue = page.Continue; opts.Continue == "" {
					return names
				}
			}
		}
		got := [][]string{list(provider.ClusterScope, provider.ListOptions{}), list(provider.ClusterScope, provider.ListOptions{Limit: 1}),
			list("team", provider.ListOptions{}), list("nowhere", provider.ListOptions{}), list(provider.ClusterScope, provider.ListOptions{LabelSelector: "size"})}
		want := [][]string{{"large", "small"}, {"large", "small"}, {"own"}, nil, {"small"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		_, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.AllNamespaces, provider.ListOptions{})
		c.code(err, domain.CodeInvalidName)
		small, err := c.p.GetInstanceType(c.ctx(), "mock", provider.ClusterScope, "small")
		if err != nil || small.Cluster != "mock" || small.Namespace != "" || small.UID == "" || small.Revision == "" {
			t.Errorf("%+v, %v", small, err)
		}
		for _, namespace := range []string{provider.ClusterScope, "other"} {
			_, err = c.p.GetInstanceType(c.ctx(), "mock", namespace, "own")
			c.code(err, domain.CodeInstanceTypeNotFound)
			_, err = c.p.GetPreference(c.ctx(), "mock", namespace, "own")
			c.code(err, domain.CodePreferenceNotFound)
		}
		if own, err := c.p.GetPreference(c.ctx(), "mock", "team", "own"); err != nil || own.Namespace != "team" {
			t.Errorf("%+v, %v", own, err)
		}
		if page, err := c.p.ListPreferences(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{}); err != nil || len(page.Items) != 1 {
			t.Errorf("%+v, %v", page, err)
		}

		s := typed("own", "linux")
		s.InstanceType.Namespaced = true
		vm := c.create(s)
		if vm.CPU != (domain.CPU{}) || vm.Memory != (domain.Memory{}) || vm.InstanceType.Name != "own" || vm.Preference.Name != "linux" {
			t.Errorf("a stopped VM says nothing rather than zero: %+v %+v", vm.CPU, vm.Memory)
		}
		c.good(c.p.StartVM(c.ctx(), "mock", "team", "vm", provider.StartOptions{}))
		vm = c.is("vm", domain.StatusRunning)
		if vm.CPU.VCPUs() != 2 || vm.CPU.Source != domain.SourceInstance || (vm.Memory != domain.Memory{Bytes: 2 << 30, Source: domain.SourceInstance}) {
			t.Errorf("a running one has what its instance has: %+v %+v", vm.CPU, vm.Memory)
		}
	})
}
