package providertest

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// What checks do with migrations over and over.

// moves begins a migration; the check ends if that is refused, or if it has no name to go on with.
func (e *env) moves(vm string, opts provider.MigrateOptions) *domain.Migration {
	m, err := e.Provider.MigrateVM(e.ctx, e.cluster, e.ns, vm, opts)
	e.must("migrate "+vm, err)
	if m == nil || m.Name == "" || m.UID == "" {
		e.Fatalf("migrate %s: no migration with a name and a UID: %+v", vm, m)
	}
	return m
}

// migration reads a migration, nil when there is none of that name; the check ends on any other error.
func (e *env) migration(name string) *domain.Migration {
	m, err := e.Provider.GetMigration(e.ctx, e.cluster, e.ns, name)
	if domain.CodeOf(err) == domain.CodeMigrationNotFound {
		return nil
	}
	e.must("get migration "+name, err)
	if m == nil {
		e.Fatalf("get migration %s: neither a migration nor an error", name)
	}
	return m
}

// ended waits until a migration has ended or is gone, and returns it as it was read last, nil if it never was.
func (e *env) ended(name string) *domain.Migration {
	var last *domain.Migration
	e.eventually("the end of migration "+name, func() bool {
		m := e.migration(name)
		if m == nil {
			return true
		}
		last = m
		return m.Phase.Ended()
	})
	return last
}

// arrives waits until a migration of a VM has ended well, and the VM tells of none any more.
func (e *env) arrives(vm string, m *domain.Migration) *domain.Migration {
	last := e.ended(m.Name)
	if last == nil {
		e.Fatalf("migration %s was gone before it ended", m.Name)
	}
	e.same("end of migration "+m.Name, domain.PhaseSucceeded, last.Phase)
	e.until(vm, "done with its migration", atRest)
	return last
}

// atRest: the VM runs and does not move.
func atRest(vm *domain.VM) bool {
	return vm.Status == domain.StatusRunning && !vm.Migrating && !vm.MigrationInFlight
}

// migrations reads one page of the migrations of a VM; the check ends if that is not possible.
func (e *env) migrations(vm string, opts provider.ListOptions) *domain.MigrationList {
	page, err := e.Provider.ListMigrations(e.ctx, e.cluster, e.ns, vm, opts)
	e.must("list the migrations of "+vm, err)
	if page == nil {
		e.Fatalf("list the migrations of %s: neither a page nor an error", vm)
	}
	return page
}

// stayed finds fault with a VM that is not the same instance on the same node, running.
func (e *env) stayed(what string, before *domain.VM) {
	after := e.until(before.Name, "at rest "+what, atRest)
	e.same("node "+what, before.Node, after.Node)
	e.same("instance "+what, before.InstanceID, after.InstanceID)
}

// moving makes a VM that lives under knobs and waits until it runs and is quiet.
func (e *env) moving(name string, k Knobs) *domain.VM {
	e.put(e.spec(name, domain.RunStrategyAlways), k)
	e.settles(name, domain.StatusRunning)
	return e.quiet(name)
}
