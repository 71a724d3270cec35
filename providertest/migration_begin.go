package providertest

import (
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func checkMigrationMoves(e *env) {
	before := e.running("vm")
	named := provider.MigrateOptions{Name: "move"}
	begun := e.moves("vm", named)
	e.same("name", "move", begun.Name)
	e.same("VM", "vm", begun.VMName)
	e.same("UID of the same call at once", begun.UID, e.moves("vm", named).UID)

	ended := e.arrives("vm", begun)
	after := e.until("vm", "on another node", func(vm *domain.VM) bool { return vm.Node != before.Node && atRest(vm) })
	e.same("name at the end", begun.Name, ended.Name)
	e.same("UID at the end", begun.UID, ended.UID)
	e.same("instance", before.InstanceID, after.InstanceID)
	e.same("UID of the VM", before.UID, after.UID)
	e.holds(before.Node != "" && after.Node != "", "it was on node %q and is on %q", before.Node, after.Node)

	e.same("UID of the same call after the end", begun.UID, e.moves("vm", named).UID)
	e.same("migrations", 1, len(e.migrations("vm", provider.ListOptions{}).Items))
}

func checkMigrationOfNothing(e *env) {
	e.halted("off")
	_, err := e.migrate("off")
	e.code("migrate of a VM that is off", err, domain.CodeVMNotRunning)
	e.same("migrations of a VM that is off", 0, len(e.migrations("off", provider.ListOptions{}).Items))
	_, err = e.migrate("missing")
	e.code("migrate of a missing VM", err, domain.CodeVMNotFound)
}

func checkNotMigratable(e *env) {
	e.moving("vm", Knobs{NotMigratable: true})
	vm := e.until("vm", "known not to be migratable", func(vm *domain.VM) bool { return vm.LiveMigratable == domain.FactNo })
	_, err := e.migrate("vm")
	e.code("migrate", err, domain.CodeNotMigratable)
	own, ok := errors.AsType[*domain.Error](err)
	if e.holds(ok && own.Params[domain.ParamReason] != "", "no param reason: %v", err) {
		e.same("reason", vm.NotMigratableReason, own.Params[domain.ParamReason])
	}
	e.same("migrations", 0, len(e.migrations("vm", provider.ListOptions{}).Items))
}

func checkSecondMigration(e *env) {
	e.moving("vm", Knobs{MigrationNeverEnds: true})
	active := e.moves("vm", provider.MigrateOptions{})
	refused := func(when string) {
		for what, opts := range map[string]provider.MigrateOptions{"migrate": {}, "migrate by another name": {Name: "other"}} {
			_, err := e.Provider.MigrateVM(e.ctx, e.cluster, e.ns, "vm", opts)
			e.code(what+" "+when, err, domain.CodeMigrationInProgress)
			own, ok := errors.AsType[*domain.Error](err)
			e.holds(ok && own.Params[domain.ParamMigration] == active.Name, "%s %s: param migration is not %s: %v", what, when, active.Name, err)
		}
	}
	refused("before it moves")
	e.settles("vm", domain.StatusMigrating)
	refused("while it moves")
	found := e.migrations("vm", provider.ListOptions{}).Items
	if e.same("migrations", 1, len(found)) {
		e.same("UID of the only one", active.UID, found[0].UID)
	}
}
