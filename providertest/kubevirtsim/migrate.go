package kubevirtsim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// keptMigrations is how many migrations that have ended are kept of an instance (migration.go:91 of KubeVirt v1.9.0).
const keptMigrations = 5

// migrationsOf are the migrations of an instance, the oldest first.
func (c *controller) migrationsOf(namespace, name string) []*kubevirtv1.VirtualMachineInstanceMigration {
	var out []*kubevirtv1.VirtualMachineInstanceMigration
	prefix := namespace + "/"
	for o := range c.api.Table(migrations).Now().Range(prefix, prefix) {
		if o.Labels.Get(kubevirtv1.MigrationSelectorLabel) != name {
			continue
		}
		migration := &kubevirtv1.VirtualMachineInstanceMigration{}
		if err := json.Unmarshal(o.JSON(), migration); err == nil {
			out = append(out, migration)
		}
	}
	slices.SortStableFunc(out, func(a, b *kubevirtv1.VirtualMachineInstanceMigration) int {
		if n := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); n != 0 {
			return n
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// learnMigration begins a migration that somebody has made, and cancels one that somebody deletes.
func (c *controller) learnMigration(g *guest, vm *kubevirtv1.VirtualMachine, now time.Time) {
	for _, migration := range c.migrationsOf(vm.Namespace, vm.Name) {
		current := g.migrationUID == migration.UID
		inFlight := g.migration != 0 && !overNow(g.machine)
		switch {
		case migration.IsFinal():
		case current && migration.DeletionTimestamp != nil && inFlight && !g.machine.Migration().Canceled:
			g.machine.Force(now, vmsim.Event{Kind: vmsim.CancelMigration})
		case !current && migration.DeletionTimestamp == nil && !inFlight && g.machine.Instance().Phase == vmsim.PhaseRunning:
			g.machine.Force(now, vmsim.Event{Kind: vmsim.Migrate})
			g.migration, g.migrationName, g.migrationUID = g.machine.Migration().Serial, migration.Name, migration.UID
		}
	}
}

func overNow(m *vmsim.Machine) bool {
	g := m.Migration()
	return g.Over()
}

// showMigration writes the present migration's object, and lets those go that are deleted and have ended.
func (c *controller) showMigration(g *guest) {
	namespace, name, _ := strings.Cut(g.key, "/")
	ended := 0
	all := c.migrationsOf(namespace, name)
	for _, migration := range slices.Backward(all) {
		ref := rest.Ref{Resource: migrations, Namespace: namespace, Name: migration.Name}
		current := g.migrationUID == migration.UID
		if current {
			c.showProgress(g, ref, migration)
		}
		over := migration.IsFinal() || current && overNow(g.machine) || !current && !c.hasInstance(g)
		if !over {
			continue
		}
		ended++
		if migration.DeletionTimestamp != nil || ended > keptMigrations {
			c.forget(ref)
		} else if !migration.IsFinal() && !current {
			c.failMigration(ref)
		}
	}
}

// hasInstance says whether there is an instance that a migration could be about.
func (c *controller) hasInstance(g *guest) bool {
	i := g.machine.Instance()
	return i.Serial != 0 && i.Phase != vmsim.PhaseSucceeded && i.Phase != vmsim.PhaseFailed
}

func (c *controller) showProgress(g *guest, ref rest.Ref, migration *kubevirtv1.VirtualMachineInstanceMigration) {
	progress := g.machine.Migration()
	status := migration.Status.DeepCopy()
	now := at(g.machine.Now())
	if phase := kubevirtv1.VirtualMachineInstanceMigrationPhase(progress.Phase); status.Phase != phase {
		status.Phase = phase
		status.PhaseTransitionTimestamps = append(status.PhaseTransitionTimestamps,
			kubevirtv1.VirtualMachineInstanceMigrationPhaseTransitionTimestamp{Phase: phase, PhaseTransitionTimestamp: now})
	}
	if state := migrationState(progress, progress.Instance, g.migrationUID); state != nil {
		status.MigrationState = state
	}
	if equality.Semantic.DeepEqual(status, &migration.Status) {
		return
	}
	_ = c.update(ref, managerController, "status", func(u *unstructured.Unstructured) error { return setPart(u, "status", status) })
}

// failMigration ends one whose instance ended before it began.
func (c *controller) failMigration(ref rest.Ref) {
	_ = c.update(ref, managerController, "status", func(u *unstructured.Unstructured) error {
		return unstructured.SetNestedField(u.Object, string(kubevirtv1.MigrationFailed), "status", "phase")
	})
}

// endMigrations ends those that are about no VM: one whose instance is gone has failed, and a deleted one goes.
func (c *controller) endMigrations(key string) {
	namespace, name, _ := strings.Cut(key, "/")
	instance := c.api.Table(instances).Get(key)
	for _, migration := range c.migrationsOf(namespace, name) {
		ref := rest.Ref{Resource: migrations, Namespace: namespace, Name: migration.Name}
		if instance == nil && !migration.IsFinal() {
			c.failMigration(ref)
		}
		if migration.DeletionTimestamp != nil {
			c.forget(ref)
		}
	}
}

// forget takes a migration's object away.
func (c *controller) forget(ref rest.Ref) {
	c.finalize(ref, "")
	_ = c.api.Delete(background(), ref, &metav1.DeleteOptions{})
}
