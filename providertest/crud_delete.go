package providertest

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var crudDeleteChecks = []check{
	{
		id:  "CRUD-19",
		why: "delete does not wait: the VM is DELETING until it is gone, and VM_NOT_FOUND from then on",
		run: checkDelete,
	},
	{
		id:  "CRUD-20",
		why: "delete of a missing VM is VM_NOT_FOUND, EnsureDeleted of it nothing",
		run: checkDeleteOfNothing,
	},
	{
		id:  "CRUD-21",
		why: "delete under another UID is UID_CONFLICT, under another revision REVISION_CONFLICT, and the VM survives",
		run: checkDeletePreconditions,
	},
	{
		id:  "CRUD-22",
		why: "a VM that takes the name of a deleted one has another UID, and no verb that holds the old UID acts on it",
		run: checkSuccessor,
	},
}

// checkDelete deletes a VM that runs and one that is off. Where the harness can make the guest take its time, the time
// between is there to be seen; where it cannot, the VM may be gone at once.
func checkDelete(e *env) {
	lingers := Knobs{IgnoresShutdown: true}
	slow := e.has(all(knobs(lingers), need(NeedTurn))...)
	if slow {
		e.put(e.spec("on", domain.RunStrategyAlways), lingers)
		e.settles("on", domain.StatusRunning)
	} else {
		e.running("on")
	}
	e.must("delete", e.remove("on"))
	if slow {
		for _, look := range []string{"at once", "a moment later"} {
			e.looksDeleting("on", look)
			e.sleep(e.h.interval())
		}
		e.code("delete again", e.remove("on"), "")
		e.turn("on", Knobs{})
	}
	e.dies("on")

	e.halted("off")
	e.must("delete of a VM that is off", e.remove("off"))
	e.dies("off")
	e.stores("in the end")
}

// looksDeleting finds fault with the only VM there is unless it is there, and DELETING.
func (e *env) looksDeleting(name, when string) {
	vm := e.get(name)
	e.same("status "+when, domain.StatusDeleting, vm.Status)
	e.holds(vm.Deleting, "not deleting %s", when)
	if page := e.list(provider.ListOptions{}); e.same("VMs in the list "+when, 1, len(page.Items)) {
		e.same("status in the list "+when, domain.StatusDeleting, page.Items[0].Status)
	}
}

// dies waits until a VM is gone, and finds fault with any status but DELETING until then, and with one afterwards.
func (e *env) dies(name string) {
	e.eventually(name+" is gone", func() bool {
		vm, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, name)
		if domain.CodeOf(err) == domain.CodeVMNotFound {
			return true
		}
		e.must("get "+name, err)
		e.same("status of "+name+" until it is gone", domain.StatusDeleting, vm.Status)
		return false
	})
	_, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, name)
	e.code("get "+name+" when it is gone", err, domain.CodeVMNotFound)
}

func checkDeleteOfNothing(e *env) {
	ensure := func(name string, opts provider.DeleteOptions) error {
		return provider.EnsureDeleted(e.ctx, e.Provider, e.cluster, e.ns, name, opts)
	}
	e.halted("vm")
	e.code("missing VM", e.remove("missing"), domain.CodeVMNotFound)
	e.code("missing VM, with a UID", e.removeVM("missing", provider.DeleteOptions{UID: noUID}), domain.CodeVMNotFound)
	e.code("unknown namespace", e.Provider.DeleteVM(e.ctx, e.cluster, "no-such-namespace", "vm", provider.DeleteOptions{}), domain.CodeVMNotFound)
	e.code("unknown cluster", e.Provider.DeleteVM(e.ctx, "no-such-cluster", e.ns, "vm", provider.DeleteOptions{}), domain.CodeClusterNotFound)
	e.code("EnsureDeleted of a missing VM", ensure("missing", provider.DeleteOptions{}), "")
	e.code("EnsureDeleted with another UID", ensure("vm", provider.DeleteOptions{UID: noUID}), "")
	e.stores("before the delete", "vm")
	e.code("EnsureDeleted", ensure("vm", provider.DeleteOptions{}), "")
	e.gone("vm")
	e.code("delete when it is gone", e.remove("vm"), domain.CodeVMNotFound)
	e.code("EnsureDeleted when it is gone", ensure("vm", provider.DeleteOptions{}), "")
}

func checkDeletePreconditions(e *env) {
	stale := e.create(e.spec("vm", domain.RunStrategyHalted)).Revision
	e.settles("vm", domain.StatusStopped)
	if e.has(NeedUpdate) {
		_, _, err := e.update("vm", label("a", "1"))
		e.must("update", err)
	}
	before := e.quiet("vm")
	for what, c := range map[string]struct {
		opts provider.DeleteOptions
		code domain.Code
	}{
		"another UID":                     {provider.DeleteOptions{UID: noUID}, domain.CodeUIDConflict},
		"another UID, the right revision": {provider.DeleteOptions{UID: noUID, Revision: before.Revision}, domain.CodeUIDConflict},
		"stale revision":                  {provider.DeleteOptions{Revision: stale}, domain.CodeRevisionConflict},
		"stale revision, the right UID":   {provider.DeleteOptions{Revision: stale, UID: before.UID}, domain.CodeRevisionConflict},
	} {
		if c.opts.Revision == stale && stale == before.Revision {
			continue // nothing has written the VM since it was made
		}
		e.code(what, e.removeVM("vm", c.opts), c.code)
		e.unchanged(what, before)
	}
	e.code("the right UID and revision", e.removeVM("vm", provider.DeleteOptions{UID: before.UID, Revision: before.Revision}), "")
	e.gone("vm")
}

// holders are all verbs that take the UID of a VM.
var holders = []struct {
	verb  provider.Op
	needs []Need
	call  func(e *env, uid string) error
}{
	{provider.OpUpdateVM, need(NeedUpdate), func(e *env, uid string) error {
		_, _, err := e.updateVM("vm", label("a", "1"), provider.UpdateOptions{UID: uid})
		return err
	}},
	{provider.OpApplyVM, need(NeedApply), func(e *env, uid string) error {
		_, err := e.apply(e.spec("vm", domain.RunStrategyHalted), provider.ApplyOptions{UID: uid})
		return err
	}},
	{provider.OpDeleteVM, nil, func(e *env, uid string) error { return e.removeVM("vm", provider.DeleteOptions{UID: uid}) }},
	{provider.OpStartVM, need(NeedPower), func(e *env, uid string) error {
		return e.Provider.StartVM(e.ctx, e.cluster, e.ns, "vm", provider.StartOptions{UID: uid})
	}},
	{provider.OpStopVM, need(NeedPower), func(e *env, uid string) error {
		return e.Provider.StopVM(e.ctx, e.cluster, e.ns, "vm", provider.StopOptions{UID: uid})
	}},
	{provider.OpRestartVM, need(NeedPower), func(e *env, uid string) error {
		return e.Provider.RestartVM(e.ctx, e.cluster, e.ns, "vm", provider.RestartOptions{UID: uid})
	}},
	{provider.OpPauseVM, need(NeedPause), func(e *env, uid string) error {
		return e.Provider.PauseVM(e.ctx, e.cluster, e.ns, "vm", provider.PauseOptions{UID: uid})
	}},
	{provider.OpUnpauseVM, need(NeedPause), func(e *env, uid string) error {
		return e.Provider.UnpauseVM(e.ctx, e.cluster, e.ns, "vm", provider.UnpauseOptions{UID: uid})
	}},
	{provider.OpSoftRebootVM, need(NeedReboot), func(e *env, uid string) error {
		return e.Provider.SoftRebootVM(e.ctx, e.cluster, e.ns, "vm", provider.SoftRebootOptions{UID: uid})
	}},
	{provider.OpResetVM, need(NeedReboot), func(e *env, uid string) error {
		return e.Provider.ResetVM(e.ctx, e.cluster, e.ns, "vm", provider.ResetOptions{UID: uid})
	}},
	{provider.OpMigrateVM, need(NeedMigration), func(e *env, uid string) error {
		_, err := e.Provider.MigrateVM(e.ctx, e.cluster, e.ns, "vm", provider.MigrateOptions{UID: uid})
		return err
	}},
}

// checkSuccessor tries every verb on a successor that is off and on one that runs: whatever its state allows or refuses,
// it must not come to that.
func checkSuccessor(e *env) {
	old := e.halted("vm").UID
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyHalted, domain.RunStrategyAlways} {
		e.must("delete", e.remove("vm"))
		e.gone("vm")
		for _, holder := range holders {
			if e.has(holder.needs...) {
				e.code(holder.verb+" of the deleted VM", holder.call(e, old), domain.CodeVMNotFound)
			}
		}
		e.create(e.spec("vm", strategy))
		e.settles("vm", map[domain.RunStrategy]domain.VMStatus{
			domain.RunStrategyHalted: domain.StatusStopped, domain.RunStrategyAlways: domain.StatusRunning,
		}[strategy])
		successor := e.quiet("vm")
		e.holds(successor.UID != old, "the successor has the UID %s of the deleted VM", old)
		for _, holder := range holders {
			if e.has(holder.needs...) {
				err := holder.call(e, old)
				e.codes(holder.verb+" of the successor with the old UID", err, domain.CodeUIDConflict, domain.CodeVMNotFound)
				e.unchanged(holder.verb, successor)
			}
		}
	}
}
