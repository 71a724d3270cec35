package providertest

import (
	"errors"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var crudUpdateChecks = []check{
	{
		id:    "CRUD-14",
		why:   "update of a missing VM is VM_NOT_FOUND and creates nothing",
		needs: need(NeedUpdate),
		run:   checkUpdateOfNothing,
	},
	{
		id:    "CRUD-15",
		why:   "update under a stale revision is REVISION_CONFLICT and changes nothing; without one the last write wins on what it names",
		needs: need(NeedUpdate, NeedEdit),
		run:   checkRevisions,
	},
	{
		id:    "CRUD-16",
		why:   "update and apply leave alone what another manager set - label, annotation, hot-plugged disk - with force too",
		needs: need(NeedUpdate, NeedApply, NeedEdit),
		run:   checkForeignFieldsSurvive,
	},
	{
		id:    "CRUD-17",
		why:   "update and apply of a field that another manager owns is FIELD_CONFLICT with its path and manager, unless forced",
		needs: need(NeedUpdate, NeedOwnership, NeedEdit),
		run:   checkFieldConflicts,
	},
	{
		id:    "CRUD-18",
		why:   "update of a running VM's CPU or memory says when it takes effect; what waits for a restart is flagged until there was one",
		needs: need(NeedUpdate, NeedPower),
		run:   checkApplied,
	},
}

func checkUpdateOfNothing(e *env) {
	for what, opts := range map[string]provider.UpdateOptions{
		"update": {}, "update with force": {Force: true}, "update with a UID": {UID: noUID},
	} {
		_, _, err := e.updateVM("missing", label("a", "1"), opts)
		e.code(what, err, domain.CodeVMNotFound)
	}
	if e.has(NeedApply) {
		_, err := e.apply(e.spec("missing", domain.RunStrategyHalted), provider.ApplyOptions{UID: noUID})
		e.code("apply to a VM that is not there any more", err, domain.CodeVMNotFound)
	}
	e.stores("in the end")
}

func checkRevisions(e *env) {
	stale := e.halted("vm").Revision
	now := e.edit("vm", label("theirs", "1"))
	e.holds(now.Revision != stale, "the revision is still %s after an edit", stale)
	for what, c := range map[string]struct {
		opts provider.UpdateOptions
		code domain.Code
	}{
		"stale revision":              {provider.UpdateOptions{Revision: stale}, domain.CodeRevisionConflict},
		"stale revision, with force":  {provider.UpdateOptions{Revision: stale, Force: true}, domain.CodeRevisionConflict},
		"stale revision, its own UID": {provider.UpdateOptions{Revision: stale, UID: now.UID}, domain.CodeRevisionConflict},
		"another UID":                 {provider.UpdateOptions{UID: noUID}, domain.CodeUIDConflict},
		"another UID, with force":     {provider.UpdateOptions{UID: noUID, Force: true}, domain.CodeUIDConflict},
	} {
		_, _, err := e.updateVM("vm", label("a", "stale"), c.opts)
		e.code(what, err, c.code)
		e.unchanged(what, now)
	}
	after, _, err := e.updateVM("vm", label("a", "1"), provider.UpdateOptions{Revision: now.Revision, UID: now.UID})
	if e.code("revision and UID as they are", err, "") {
		e.same("label of that", "1", after.Labels["a"])
		e.holds(after.Revision != now.Revision, "the revision did not move")
	}
	e.edit("vm", label("theirs", "2"))
	after, _, err = e.update("vm", label("a", "2"))
	if e.code("no revision, after another's write", err, "") {
		e.same("label that was written last", "2", after.Labels["a"])
		e.same("label of the other", "2", after.Labels["theirs"])
	}
}

func checkForeignFieldsSurvive(e *env) {
	spec := e.spec("vm", domain.RunStrategyAlways)
	before := e.runs(spec)
	e.edit("vm", domain.VMChange{
		Labels:      map[string]*string{"theirs": new("1")},
		Annotations: map[string]*string{"example.test/theirs": new("1")},
	})
	e.plug("vm", "hot")
	survives := func(after string, err error) {
		e.code(after, err, "")
		vm := e.get("vm")
		e.same("their label after "+after, "1", vm.Labels["theirs"])
		e.same("their annotation after "+after, "1", vm.Annotations["example.test/theirs"])
		e.holds(hasDisk(vm, "hot"), "their disk is gone after %s: %+v", after, vm.Disks)
		e.same("instance after "+after, before.InstanceID, vm.InstanceID)
	}
	survives("their edits", nil)
	for _, force := range []bool{false, true} {
		with := ""
		if force {
			with = " with force"
		}
		_, _, err := e.updateVM("vm", domain.VMChange{Labels: label("ours", "1").Labels,
			Annotations: map[string]*string{"example.test/ours": new("1")}}, provider.UpdateOptions{Force: force})
		survives("an update"+with, err)
		_, _, err = e.updateVM("vm", domain.VMChange{Labels: map[string]*string{"ours": nil}}, provider.UpdateOptions{Force: force})
		survives("the removal of our label"+with, err)

		more := spec
		more.Labels = map[string]string{"ours": "2"}
		more.Annotations = map[string]string{"example.test/ours": "2"}
		vm, err := e.apply(more, provider.ApplyOptions{Force: force})
		survives("an apply"+with, err)
		if err == nil {
			e.same("our label after an apply"+with, "2", vm.Labels["ours"])
		}
		_, err = e.apply(spec, provider.ApplyOptions{Force: force})
		survives("an apply that leaves out what the one before set"+with, err)
		checkLeftOut(e, with)
	}
}

// checkLeftOut: the spec of an apply is the whole set of what we own.
func checkLeftOut(e *env, with string) {
	vm := e.get("vm")
	_, there := vm.Labels["ours"]
	e.holds(!there, "our label is there still%s, which the last apply leaves out", with)
	_, there = vm.Annotations["example.test/ours"]
	e.holds(!there, "our annotation is there still%s, which the last apply leaves out", with)
}

// plug has somebody plug a disk into a running VM.
func (e *env) plug(name, disk string) {
	change := domain.VMChange{SetDisks: []domain.Disk{{Name: disk, Kind: domain.DiskClaim, Claim: disk, Bus: "scsi", Hotpluggable: true}}}
	e.must("plug "+disk+" into "+name, e.Edit(e.ctx, e.ref(name), somebody, change))
	e.until(name, "given disk "+disk, func(vm *domain.VM) bool { return hasDisk(vm, disk) })
	e.quiet(name)
}

func checkFieldConflicts(e *env) {
	spec := e.spec("vm", domain.RunStrategyHalted)
	spec.Labels = map[string]string{"tier": "ours"}
	bytes := spec.MemoryBytes
	e.stopped(spec)
	before := e.edit("vm", domain.VMChange{Labels: label("tier", "theirs").Labels, MemoryBytes: new(2 * bytes)})
	both := domain.VMChange{Labels: label("tier", "changed").Labels, MemoryBytes: new(4 * bytes)}
	conflict := func(what string, err error, words ...string) {
		e.ownedBySomebody(what, err, words...)
		e.unchanged(what, before)
		e.same(what+": memory", 2*bytes, e.get("vm").Memory.Bytes)
	}
	_, _, err := e.update("vm", label("tier", "changed"))
	conflict("update of their label", err, "tier")
	_, _, err = e.update("vm", both)
	conflict("update of their label and memory", err, "tier", "memory")
	_, _, err = e.update("vm", domain.VMChange{Labels: map[string]*string{"tier": nil, "free": new("1")}})
	conflict("removal of their label beside a change that is free", err, "tier")
	if e.has(NeedApply) {
		_, err = e.apply(spec, provider.ApplyOptions{})
		conflict("apply", err, "tier", "memory")
	}

	after, _, err := e.update("vm", label("free", "1"))
	if e.code("update beside what is theirs", err, "") {
		e.same("their label", "theirs", after.Labels["tier"])
	}
	after, _, err = e.updateVM("vm", label("tier", "changed"), provider.UpdateOptions{Force: true})
	if e.code("update of their label with force", err, "") {
		e.same("the label that was theirs", "changed", after.Labels["tier"])
		e.same("their memory", 2*bytes, after.Memory.Bytes)
	}
	_, _, err = e.update("vm", label("tier", "again"))
	e.code("update of a label that is ours again", err, "")
	if e.has(NeedApply) {
		e.edit("vm", label("tier", "theirs"))
		after, err = e.apply(spec, provider.ApplyOptions{Force: true})
		if e.code("apply with force", err, "") {
			e.same("the label", "ours", after.Labels["tier"])
			e.same("the memory", bytes, after.Memory.Bytes)
		}
	}
}

// ownedBySomebody finds fault with anything but FIELD_CONFLICT with one field of somebody's for each word.
func (e *env) ownedBySomebody(what string, err error, words ...string) {
	if !e.code(what, err, domain.CodeFieldConflict) {
		return
	}
	e.same(what+": number of fields", len(words), len(fields(err)))
	for _, word := range words {
		e.holds(slices.ContainsFunc(fields(err), about(word)), "%s: no field about %s in %+v", what, word, fields(err))
	}
	for _, f := range fields(err) {
		e.same(what+": manager of "+f.Field, somebody, f.Manager)
		e.same(what+": reason of "+f.Field, domain.FieldOwned, f.Reason)
	}
	if own, ok := errors.AsType[*domain.Error](err); ok {
		e.same(what+": param manager", somebody, own.Params[domain.ParamManager])
	}
}
