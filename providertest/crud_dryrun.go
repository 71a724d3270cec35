package providertest

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// A dry run is answered as the real call would be, and shows what that would store.

func checkDryRuns(e *env) {
	before := e.halted("vm")
	dryCreates(e)
	e.unchanged("creates", before)
	if e.has(NeedUpdate) {
		dryUpdates(e, before)
		e.unchanged("updates", before)
	}
	if e.has(NeedApply) {
		dryApplies(e)
		e.unchanged("applies", before)
	}
	dryDeletes(e)
	e.unchanged("deletes", before)
	e.holds(!e.get("vm").Deleting, "a dry run of a delete began one")
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
}

func dryUpdates(e *env, before *domain.VM) {
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
	e.sameVerdicts("update", map[string]dryCall{
		"a missing VM":      update("missing", label("a", "1"), provider.UpdateOptions{}),
		"another UID":       update("vm", label("a", "1"), provider.UpdateOptions{UID: noUID}),
		"an invalid change": update("vm", domain.VMChange{MemoryBytes: new(int64(-1))}, provider.UpdateOptions{}),
	})
}

func dryApplies(e *env) {
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
	e.sameVerdicts("apply", map[string]dryCall{
		"another UID":     apply(provider.ApplyOptions{UID: noUID}, func(*domain.VMSpec) {}),
		"an invalid spec": apply(provider.ApplyOptions{}, func(s *domain.VMSpec) { s.MemoryBytes = -1 }),
	})
}

func dryDeletes(e *env) {
	e.code("dry run of delete", e.removeVM("vm", provider.DeleteOptions{DryRun: true}), "")
	remove := func(name string, opts provider.DeleteOptions) dryCall {
		return func(dry bool) error {
			opts.DryRun = dry
			return e.removeVM(name, opts)
		}
	}
	e.sameVerdicts("delete", map[string]dryCall{
		"a missing VM": remove("missing", provider.DeleteOptions{}),
		"another UID":  remove("vm", provider.DeleteOptions{UID: noUID}),
	})
}
