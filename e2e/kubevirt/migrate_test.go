package kubevirt_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

const paramMigration = "migration"

// waitEnded waits until a migration has ended or is gone, and checks on the way that its phases go forward only.
func waitEnded(t *testing.T, site *setup.Site, name string) *domain.Migration {
	t.Helper()
	var last *domain.Migration
	order := []domain.Phase{domain.PhasePending, domain.PhaseRunning, domain.PhaseSucceeded, domain.PhaseFailed, domain.PhaseCanceled}
	at := 0
	harness.Eventually(t, time.Minute, func() error {
		now, err := site.GetMigration(t.Context(), setup.Cluster, site.Namespace, name)
		if errors.Is(err, domain.CodeMigrationNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		last = now
		n := slices.Index(order, now.Phase)
		if n < at {
			t.Fatalf("phase %s after %s", now.Phase, order[at])
		}
		at = n
		if !now.Phase.Ended() {
			return fmt.Errorf("migration is %s (%s)", now.Phase, now.RawPhase)
		}
		return nil
	})
	return last
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	before := vm.Get(t)
	setup.Diff(t, "live migratable", domain.FactYes, before.LiveMigratable)
	begun, err := site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.MigrateOptions{Name: "move"})
	setup.Must(t, "migrate", err)
	setup.Diff(t, "name of the migration", "move", begun.Name)
	setup.Diff(t, "VM of the migration", "vm", begun.VMName)
	ended := waitEnded(t, site, "move")
	if ended == nil {
		t.Fatal("the migration was gone before it could be read")
	}
	setup.Diff(t, "phase", domain.PhaseSucceeded, ended.Phase)
	after := vm.Wait(t, "on another node", func(now *domain.VM) bool {
		return now.Status == domain.StatusRunning && now.Node != before.Node && !now.MigrationInFlight
	})
	setup.Diff(t, "instance", before.InstanceID, after.InstanceID)
	if after.Migration == nil || !after.Migration.Completed || after.Migration.Failed || after.Migration.SourceNode != before.Node || after.Migration.TargetNode != after.Node {
		t.Errorf("state of the migration: %+v; from %s to %s", after.Migration, before.Node, after.Node)
	}
	setup.Code(t, "cancel of a finished one", domain.CodeOperationNotActive,
		site.CancelMigration(t.Context(), setup.Cluster, site.Namespace, "move", provider.CancelOptions{}))
	again, err := site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.MigrateOptions{Name: "move"})
	setup.Must(t, "the same call again", err)
	setup.Diff(t, "uid of the repeated call", begun.UID, again.UID)

	// A generated name, and the newest first in the list.
	second, err := site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.MigrateOptions{UID: vm.UID})
	setup.Must(t, "migrate back", err)
	list, err := site.ListMigrations(t.Context(), setup.Cluster, site.Namespace, "vm", provider.ListOptions{})
	setup.Must(t, "list", err)
	var names []string
	for _, m := range list.Items {
		names = append(names, m.Name)
	}
	setup.Diff(t, "migrations", []string{second.Name, "move"}, names)
	waitEnded(t, site, second.Name)
}

func TestSecondMigrate(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	vm.Annotate(t, knobHoldMigration, "true")
	first, err := site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.MigrateOptions{})
	setup.Must(t, "migrate", err)
	refuse := func(moment string) {
		t.Helper()
		for what, opts := range map[string]provider.MigrateOptions{"migrate": {}, "migrate by another name": {Name: "other"}, "dry run": {DryRun: true}} {
			_, err := site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, "vm", opts)
			setup.Code(t, moment+": "+what, domain.CodeMigrationInProgress, err)
			setup.Diff(t, moment+": "+what+": param migration", first.Name, setup.Error(err).Params[paramMigration])
		}
	}
	refuse("at once")
	vm.WaitStatus(t, domain.StatusMigrating)
	refuse("while it moves")
	other := site.Running(t, setup.Spec("other", domain.RunStrategyAlways))
	_, err = site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, other.Name, provider.MigrateOptions{Name: first.Name})
	setup.Code(t, "another VM under the same name", domain.CodeMigrationAlreadyExists, err)
	vm.Annotate(t, knobHoldMigration, "")
	if ended := waitEnded(t, site, first.Name); ended != nil {
		setup.Diff(t, "phase", domain.PhaseSucceeded, ended.Phase)
	}
}

func TestCancelMigration(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	before := vm.Get(t)
	vm.Annotate(t, knobHoldMigration, "true")
	_, err := site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.MigrateOptions{Name: "move"})
	setup.Must(t, "migrate", err)
	vm.WaitStatus(t, domain.StatusMigrating)
	cancel := func(opts provider.CancelOptions) error {
		return site.CancelMigration(t.Context(), setup.Cluster, site.Namespace, "move", opts)
	}
	setup.Code(t, "cancel of another uid", domain.CodeUIDConflict, cancel(provider.CancelOptions{UID: someUID}))
	setup.Code(t, "dry run", "", cancel(provider.CancelOptions{DryRun: true}))
	vm.Settled(t)
	setup.Diff(t, "status after the dry run", domain.StatusMigrating, vm.Get(t).Status)
	setup.Must(t, "cancel", cancel(provider.CancelOptions{}))
	if ended := waitEnded(t, site, "move"); ended != nil && ended.Phase.Ended() {
		setup.Diff(t, "phase", domain.PhaseCanceled, ended.Phase)
	}
	after := vm.Wait(t, "running where it was", func(now *domain.VM) bool {
		return now.Status == domain.StatusRunning && !now.MigrationInFlight && !now.Migrating
	})
	setup.Diff(t, "node", before.Node, after.Node)
	setup.Diff(t, "instance", before.InstanceID, after.InstanceID)
}

func TestNotMigratable(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	spec := setup.Spec("vm", domain.RunStrategyAlways)
	spec.Annotations = map[string]string{knobNotMigratable: "true"}
	vm := site.Running(t, spec)
	now := vm.Get(t)
	setup.Diff(t, "live migratable", domain.FactNo, now.LiveMigratable)
	_, err := site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.MigrateOptions{})
	setup.Code(t, "migrate", domain.CodeNotMigratable, err)
	if reason := setup.Error(err).Params[domain.ParamReason]; reason == "" || reason != now.NotMigratableReason {
		t.Errorf("reason %q; the VM says %q", reason, now.NotMigratableReason)
	}
}

// TestMigrationFails: a migration that fails is told from a cancelled one, and the VM runs on.
func TestMigrationFails(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	before := vm.Get(t)
	vm.Annotate(t, knobFailMigration, "true")
	_, err := site.MigrateVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.MigrateOptions{Name: "move"})
	setup.Must(t, "migrate", err)
	ended := waitEnded(t, site, "move")
	if ended == nil {
		t.Fatal("the migration was gone before it could be read")
	}
	setup.Diff(t, "phase", domain.PhaseFailed, ended.Phase)
	after := vm.WaitRunning(t)
	setup.Diff(t, "node", before.Node, after.Node)
	setup.Diff(t, "instance", before.InstanceID, after.InstanceID)
}
