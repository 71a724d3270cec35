package providertest

import (
	"fmt"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The family CON: many calls at the same time.
var concurrencyChecks = slices.Concat(raceChecks, readChecks)

// Writers that race.
var raceChecks = []check{
	{
		id: "CON-01",
		why: "all methods may be called at the same time: no panic, and no error but those that the VM's existence and " +
			"state explain",
		run: checkMixedVerbs,
	},
	{
		id:  "CON-02",
		why: "of many creates of one name exactly one succeeds, the others are VM_ALREADY_EXISTS, and there is one VM",
		run: checkConcurrentCreates,
	},
	{
		id: "CON-03",
		why: "of many starts of a VM that is off at least one succeeds, the others find it starting or running, and one " +
			"instance comes of it",
		needs: need(NeedPower),
		run:   checkConcurrentStarts,
	},
	{
		id:    "CON-04",
		why:   "updates of different fields at the same time both survive",
		needs: need(NeedUpdate),
		run:   checkConcurrentUpdates,
	},
	{
		id:    "CON-05",
		why:   "a start and a delete at the same time end in no VM and no instance, and the start is refused by code or not at all",
		needs: need(NeedPower),
		run:   checkStartAgainstDelete,
	},
}

// mixed are verbs that anybody may call at any time, on one VM.
var mixed = []func(e *env, name string) error{
	func(e *env, name string) error {
		return second(e.Provider.CreateVM(e.ctx, e.cluster, e.ns, e.spec(name, domain.RunStrategyAlways), provider.CreateOptions{}))
	},
	func(e *env, name string) error {
		return second(e.Provider.GetVM(e.ctx, e.cluster, e.ns, name))
	},
	func(e *env, _ string) error {
		return second(e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{Limit: 2}))
	},
	func(e *env, name string) error { return e.start(name) },
	func(e *env, name string) error { return e.stop(name) },
	func(e *env, name string) error { return e.restart(name) },
	func(e *env, name string) error { return e.pause(name) },
	func(e *env, name string) error { return e.unpause(name) },
	func(e *env, name string) error { return e.softReboot(name) },
	func(e *env, name string) error { return e.reset(name) },
	func(e *env, name string) error { return second(e.migrate(name)) },
	func(e *env, name string) error {
		return second(e.Provider.ListMigrations(e.ctx, e.cluster, e.ns, name, provider.ListOptions{}))
	},
	func(e *env, name string) error {
		_, _, err := e.update(name, label("touched", "1"))
		return err
	},
	func(e *env, name string) error {
		return second(e.Provider.ApplyVM(e.ctx, e.cluster, e.ns, e.spec(name, domain.RunStrategyAlways), provider.ApplyOptions{}))
	},
	func(e *env, name string) error {
		return second(e.Provider.ValidateVM(e.ctx, e.cluster, e.ns, e.spec(name, domain.RunStrategyAlways), provider.ValidateOptions{}))
	},
	func(e *env, name string) error { return e.remove(name) },
}

func checkMixedVerbs(e *env) {
	const callers, rounds = 64, 4
	names := []string{"a", "b", "c"}
	for _, name := range names {
		e.create(e.spec(name, domain.RunStrategyAlways))
	}
	expected := []domain.Kind{"", domain.KindNotFound, domain.KindAlreadyExists, domain.KindFailedPrecondition, domain.KindConflict}
	if len(e.h.Missing) > 0 {
		expected = append(expected, domain.KindUnsupported)
	}
	e.concurrently(callers, func(n int) {
		for round := range rounds {
			err := mixed[(n+5*round)%len(mixed)](e, names[(n+round)%len(names)])
			e.holds(slices.Contains(expected, domain.KindOf(err)), "not to be expected: %v", err)
			e.sleep(e.h.interval())
		}
	})
	// Whatever came of it can still be read and deleted.
	for _, vm := range e.list(provider.ListOptions{}).Items {
		e.holds(slices.Contains(names, vm.Name) && vm.UID != "", "after all that there is a VM %s with UID %q", vm.Name, vm.UID)
		e.codes("delete at the end", e.remove(vm.Name), "", domain.CodeVMNotFound)
	}
	for _, name := range names {
		e.gone(name)
	}
}

func checkConcurrentCreates(e *env) {
	const callers = 16
	made := make([]*domain.VM, callers)
	e.concurrently(callers, func(n int) {
		spec := e.labeled("vm", map[string]string{"caller": fmt.Sprint(n)})
		vm, err := e.createVM(spec, provider.CreateOptions{})
		if e.codes("create", err, "", domain.CodeVMAlreadyExists) && err == nil {
			made[n] = vm
		}
	})
	winners := 0
	for n, vm := range made {
		if vm == nil {
			continue
		}
		winners++
		stored := e.get("vm")
		e.same("UID of the VM", vm.UID, stored.UID)
		e.same("caller whose VM it is", fmt.Sprint(n), stored.Labels["caller"])
	}
	e.same("creates that succeeded", 1, winners)
	e.stores("after all creates", "vm")
}

func checkConcurrentStarts(e *env) {
	e.halted("vm")
	const callers = 8
	errs := make([]error, callers)
	e.concurrently(callers, func(n int) { errs[n] = e.start("vm") })
	started := 0
	for _, err := range errs {
		// The first start made it Always, which takes no start until its instance is there.
		e.codes("start", err, "", domain.CodeVMAlreadyRunning, domain.CodeTransitionInProgress, domain.CodeStartNotSupported)
		if err == nil {
			started++
		}
	}
	e.holds(started > 0, "no start succeeded")

	instances := map[string]bool{}
	look := func(vm *domain.VM) bool {
		if vm.InstanceID != "" {
			instances[vm.InstanceID] = true
		}
		return vm.Status == domain.StatusRunning
	}
	e.until("vm", "RUNNING", look)
	look(e.quiet("vm"))
	look(e.settles("vm", domain.StatusRunning))
	e.same("instances", 1, len(instances))
}

func checkConcurrentUpdates(e *env) {
	e.halted("vm")
	const rounds = 4
	want := map[string]string{}
	changes := [2][]domain.VMChange{}
	for n, field := range []string{"left", "right"} {
		for round := range rounds {
			key := fmt.Sprintf("%s-%d", field, round)
			want[key] = "set"
			changes[n] = append(changes[n], label(key, "set"))
		}
	}
	e.concurrently(len(changes), func(n int) {
		for _, change := range changes[n] {
			// A lost race is told by code, and nothing is lost when the caller comes again.
			e.eventually("an update gets through", func() bool {
				_, _, err := e.update("vm", change)
				if domain.CodeOf(err) == domain.CodeRevisionConflict {
					return false
				}
				e.must("update", err)
				return true
			})
		}
	})
	got := map[string]string{}
	for key, value := range e.get("vm").Labels {
		if _, ours := want[key]; ours {
			got[key] = value
		}
	}
	e.same("labels", want, got)
}

func checkStartAgainstDelete(e *env) {
	e.halted("vm")
	const callers = 4
	e.concurrently(callers, func(n int) {
		for range 2 {
			if err := e.start("vm"); domain.KindOf(err) != domain.KindFailedPrecondition {
				e.codes("start", err, "", domain.CodeVMNotFound)
			}
			e.codes("delete", e.remove("vm"), "", domain.CodeVMNotFound)
		}
	})
	e.gone("vm")
	_, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, "vm")
	e.code("get at the end", err, domain.CodeVMNotFound)
	// An instance that was left would keep the next VM of its name from having one.
	e.running("vm")
}
