package providertest

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// A dry run is answered as the real call would be, and shows what that would store.

func checkDryRuns(e *env) {
	before := e.halted("vm")
	owned := e.has(NeedOwnership, NeedEdit)
	if owned {
		before = e.edit("vm", label("theirs", "1"))
	}
	dryCreates(e)
	e.unchanged("creates", before)
	if e.has(NeedUpdate) {
		dryUpdates(e, before, owned)
		e.unchanged("updates", before)
	}
	if e.has(NeedApply) {
		dryApplies(e, owned)
		e.unchanged("applies", before)
	}
	dryDeletes(e, before)
	e.unchanged("deletes", before)
	e.holds(!e.get("vm").Deleting, "a dry run of a delete began one")
	dryPower(e, before)
	e.unchanged("verbs of power", before)
	e.stores("after every dry run", "vm")
}

// dryCall is a verb with and without.
type dryCall func(dry bool) error

// sameVerdicts finds fault with a dry run that says something else than the real call, which is refused.
func (e *env) sameVerdicts(verb string, calls map[string]dryCall) {
	for what, call := range calls {
		dry := call(true)
		want := domain.CodeOf(call(false))
		if e.holds(want != "", "%s: %s is not refused", verb, what) {
			e.code("dry run of "+verb+": "+what, dry, want)
		}
	}
}

func dryCreates(e *env) {
	made, err := e.createVM(e.spec("new", domain.RunStrategyAlways), provider.CreateOptions{DryRun: true})
	if e.code("dry run of create", err, "") {
		e.same("place of what would be made", e.ref("new"), domain.Ref{Cluster: made.Cluster, Namespace: made.Namespace, Name: made.Name})
		e.same("its run strategy", domain.RunStrategyAlways, made.RunStrategy)
	}
	create := func(name string, edit func(*domain.VMSpec)) dryCall {
		return func(dry bool) error {
			spec := e.spec(name, domain.RunStrategyHalted)
			edit(&spec)
			_, err := e.createVM(spec, provider.CreateOptions{DryRun: dry})
			return err
		}
	}
	e.sameVerdicts("create", map[string]dryCall{
		"a name that is taken": create("vm", func(*domain.VMSpec) {}),
		"an invalid spec":      create("new", func(s *domain.VMSpec) { s.MemoryBytes = -1 }),
		"a name that is none":  create("No Name", func(*domain.VMSpec) {}),
	})
	if e.has(NeedInstanceTypes) {
		e.sameVerdicts("create", map[string]dryCall{
			"an unknown instance type": create("new", func(s *domain.VMSpec) { *s = e.typed("new", domain.RunStrategyHalted, e.ns+"-unknown") }),
		})
	}
}

func dryUpdates(e *env, before *domain.VM, owned bool) {
	shown, applied, err := e.updateVM("vm", label("a", "1"), provider.UpdateOptions{DryRun: true})
	if e.code("dry run of update", err, "") {
		e.same("label as it would be", "1", shown.Labels["a"])
		e.same("UID", before.UID, shown.UID)
		e.same("applied", domain.AppliedLive, applied)
	}
	update := func(name string, change domain.VMChange, opts provider.UpdateOptions) dryCall {
		return func(dry bool) error {
			opts.DryRun = dry
			_, _, err := e.updateVM(name, change, opts)
			return err
		}
	}
	refused := map[string]dryCall{
		"a missing VM":      update("missing", label("a", "1"), provider.UpdateOptions{}),
		"another UID":       update("vm", label("a", "1"), provider.UpdateOptions{UID: noUID}),
		"another revision":  update("vm", label("a", "1"), provider.UpdateOptions{Revision: before.Revision + "0"}),
		"an invalid change": update("vm", domain.VMChange{MemoryBytes: new(int64(-1))}, provider.UpdateOptions{}),
	}
	if owned {
		refused["another's label"] = update("vm", label("theirs", "2"), provider.UpdateOptions{})
	}
	e.sameVerdicts("update", refused)
}

func dryApplies(e *env, owned bool) {
	spec := e.spec("new", domain.RunStrategyAlways)
	spec.Labels = map[string]string{"a": "1"}
	shown, err := e.apply(spec, provider.ApplyOptions{DryRun: true})
	if e.code("dry run of an apply that would make the VM", err, "") {
		e.same("its name", "new", shown.Name)
	}
	spec.Name = "vm"
	shown, err = e.apply(spec, provider.ApplyOptions{DryRun: true})
	if e.code("dry run of apply", err, "") {
		e.same("label as it would be", "1", shown.Labels["a"])
	}
	apply := func(opts provider.ApplyOptions, edit func(*domain.VMSpec)) dryCall {
		return func(dry bool) error {
			spec := e.spec("vm", domain.RunStrategyHalted)
			edit(&spec)
			opts.DryRun = dry
			_, err := e.apply(spec, opts)
			return err
		}
	}
	refused := map[string]dryCall{
		"another UID":     apply(provider.ApplyOptions{UID: noUID}, func(*domain.VMSpec) {}),
		"an invalid spec": apply(provider.ApplyOptions{}, func(s *domain.VMSpec) { s.MemoryBytes = -1 }),
	}
	if owned {
		refused["another's label"] = apply(provider.ApplyOptions{}, func(s *domain.VMSpec) { s.Labels = map[string]string{"theirs": "2"} })
	}
	e.sameVerdicts("apply", refused)
}

func dryDeletes(e *env, before *domain.VM) {
	e.code("dry run of delete", e.removeVM("vm", provider.DeleteOptions{DryRun: true}), "")
	remove := func(name string, opts provider.DeleteOptions) dryCall {
		return func(dry bool) error {
			opts.DryRun = dry
			return e.removeVM(name, opts)
		}
	}
	e.sameVerdicts("delete", map[string]dryCall{
		"a missing VM":     remove("missing", provider.DeleteOptions{}),
		"another UID":      remove("vm", provider.DeleteOptions{UID: noUID}),
		"another revision": remove("vm", provider.DeleteOptions{Revision: before.Revision + "0"}),
	})
}
