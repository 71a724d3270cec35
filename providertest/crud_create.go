package providertest

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var crudCreateChecks = []check{
	{
		id:  "CRUD-01",
		why: "create of a valid spec returns an object whose cluster, namespace and name equal the request, with a UID and a revision",
		run: checkCreate,
	},
	{
		id:  "CRUD-02",
		why: "create of a name that is taken, but by the same intent, is VM_ALREADY_EXISTS and leaves the other VM as it was",
		run: checkCreateOfATakenName,
	},
	{
		id:    "CRUD-03",
		why:   "create repeated with its idempotency key and an equal spec returns the VM that is there, and writes nothing",
		needs: need(NeedIdempotency),
		run:   checkRepeatedCreate,
	},
	{
		id:    "CRUD-04",
		why:   "create with the key of another spec is IDEMPOTENCY_CONFLICT and changes nothing",
		needs: need(NeedIdempotency),
		run:   checkCreateOfAnotherIntent,
	},
	{
		id:  "CRUD-05",
		why: "create without a run strategy is INVALID_SPEC that names it; no VM has both of the fields that say it",
		run: checkRunStrategyRequired,
	},
	{
		id:  "CRUD-06",
		why: "create of an invalid spec is INVALID_SPEC that names every wrong field, and stores nothing",
		run: checkInvalidSpecs,
	},
	{
		id:    "CRUD-07",
		why:   "a dry run is answered as the real call would be, and changes nothing: neither what is stored nor power nor place",
		needs: need(NeedDryRun),
		run:   checkDryRuns,
	},
	{
		id:    "CRUD-08",
		why:   "validate says of an invalid spec what is wrong, without an error; an error means that nobody could be asked",
		needs: all(need(NeedValidate), faults(FaultUnreachable)),
		run:   checkValidate,
	},
}

func checkCreate(e *env) {
	made := func(name string, vm *domain.VM, err error) {
		e.must("make "+name, err)
		e.same("place of "+name, e.ref(name), domain.Ref{Cluster: vm.Cluster, Namespace: vm.Namespace, Name: vm.Name})
		e.holds(vm.UID != "", "%s has no UID", name)
		e.holds(vm.Revision != "", "%s has no revision", name)
		e.same("UID of "+name+", read again", vm.UID, e.get(name).UID)
	}
	vm, err := e.createVM(e.spec("created", domain.RunStrategyHalted), provider.CreateOptions{})
	made("created", vm, err)
	want := []string{"created"}
	if e.has(NeedApply) {
		vm, err := e.apply(e.spec("applied", domain.RunStrategyHalted), provider.ApplyOptions{})
		made("applied", vm, err)
		want = []string{"applied", "created"}
	}
	e.stores("in the end", want...)
}

func checkCreateOfATakenName(e *env) {
	before := e.halted("vm")
	other := e.spec("vm", domain.RunStrategyAlways)
	other.Labels = map[string]string{"other": "1"}
	refused := func(what string, spec domain.VMSpec, opts provider.CreateOptions) {
		_, err := e.createVM(spec, opts)
		e.code(what, err, domain.CodeVMAlreadyExists)
		e.unchanged(what, before)
	}
	refused("the same spec", e.spec("vm", domain.RunStrategyHalted), provider.CreateOptions{})
	refused("another spec", other, provider.CreateOptions{})
	if e.has(NeedIdempotency) {
		refused("a key that the VM was not made with", other, provider.CreateOptions{IdempotencyKey: "one"})
		_, err := e.createVM(e.spec("keyed", domain.RunStrategyHalted), provider.CreateOptions{IdempotencyKey: "one"})
		e.must("create with a key", err)
		e.settles("keyed", domain.StatusStopped)
		before = e.quiet("keyed")
		refused("another key", e.spec("keyed", domain.RunStrategyHalted), provider.CreateOptions{IdempotencyKey: "two"})
		refused("no key", e.spec("keyed", domain.RunStrategyHalted), provider.CreateOptions{})
	}
	if e.has(NeedApply, NeedEdit) {
		checkApplyOverAnothers(e)
	}
}

// checkApplyOverAnothers: without our identity a VM is not ours, until it is named by its UID.
func checkApplyOverAnothers(e *env) {
	vm := e.halted("theirs")
	key := domain.LabelKey(e.identityPrefix(vm), "managed-by")
	before := e.edit("theirs", domain.VMChange{Labels: map[string]*string{key: nil, "theirs": new("1")}})
	spec := e.spec("theirs", domain.RunStrategyAlways)
	for what, c := range map[string]struct {
		opts provider.ApplyOptions
		code domain.Code
	}{
		"apply over a VM that is not ours":   {provider.ApplyOptions{}, domain.CodeVMAlreadyExists},
		"the same with force":                {provider.ApplyOptions{Force: true}, domain.CodeVMAlreadyExists},
		"apply with another UID":             {provider.ApplyOptions{UID: noUID}, domain.CodeUIDConflict},
		"apply with another UID, with force": {provider.ApplyOptions{UID: noUID, Force: true}, domain.CodeUIDConflict},
	} {
		_, err := e.apply(spec, c.opts)
		e.code(what, err, c.code)
		e.unchanged(what, before)
	}
	after, err := e.apply(spec, provider.ApplyOptions{UID: before.UID})
	e.must("apply with its UID", err)
	e.same("UID after the apply", before.UID, after.UID)
	e.same("who manages it after the apply", domain.ManagedBy, after.Identity.ManagedBy)
	e.same("their label after the apply", "1", after.Labels["theirs"])
	e.same("run strategy after the apply", domain.RunStrategyHalted, after.RunStrategy)
}

func checkRepeatedCreate(e *env) {
	opts := provider.CreateOptions{IdempotencyKey: "order-17"}
	spec := func() domain.VMSpec {
		spec := e.spec("vm", domain.RunStrategyHalted)
		spec.Labels = map[string]string{"a": "1", "b": "2", "c": "3"}
		return spec
	}
	first, err := e.createVM(spec(), opts)
	e.must("create", err)
	repeat := func(what string) {
		before := e.quiet("vm")
		again, err := e.createVM(spec(), opts)
		if e.code(what, err, "") {
			e.same(what+": UID", first.UID, again.UID)
		}
		e.unchanged(what, before)
	}
	e.settles("vm", domain.StatusStopped)
	repeat("repeated create")
	if e.has(NeedUpdate) {
		_, _, err := e.update("vm", label("a", "changed"))
		e.must("update", err)
		repeat("repeated create of a VM that was changed since")
		e.same("the label that was changed", "changed", e.get("vm").Labels["a"])
	}
	e.stores("in the end", "vm")
}

func checkCreateOfAnotherIntent(e *env) {
	opts := provider.CreateOptions{IdempotencyKey: "order-17"}
	spec := func(edit func(*domain.VMSpec)) domain.VMSpec {
		spec := e.spec("vm", domain.RunStrategyHalted)
		spec.Labels, spec.Annotations = map[string]string{"a": "1"}, map[string]string{"example.test/a": "1"}
		edit(&spec)
		return spec
	}
	_, err := e.createVM(spec(func(*domain.VMSpec) {}), opts)
	e.must("create", err)
	e.settles("vm", domain.StatusStopped)
	before := e.quiet("vm")
	for what, edit := range map[string]func(*domain.VMSpec){
		"another label":        func(s *domain.VMSpec) { s.Labels["a"] = "2" },
		"one more label":       func(s *domain.VMSpec) { s.Labels["b"] = "1" },
		"another annotation":   func(s *domain.VMSpec) { s.Annotations["example.test/a"] = "2" },
		"another run strategy": func(s *domain.VMSpec) { s.RunStrategy = domain.RunStrategyAlways },
		"more processors":      func(s *domain.VMSpec) { s.CPU = domain.CPU{Cores: 2} },
	} {
		_, err := e.createVM(spec(edit), opts)
		e.code(what, err, domain.CodeIdempotencyConflict)
		e.unchanged(what, before)
	}
	e.stores("in the end", "vm")
}
