package providertest

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func checkStream(e *env) {
	for _, name := range []string{"a", "b", "c"} {
		e.halted(name)
	}
	e.running("d")

	// A slow consumer: much happens after the first of the set.
	f := e.follow(e.ns, provider.WatchOptions{})
	begin := []domain.Event[*domain.VM]{f.event("the first of the set")}
	e.must("delete b", e.remove("b"))
	e.gone("b")
	e.halted("e")
	if e.has(NeedUpdate) {
		e.counted("c", 1)
	}
	e.must("stop d", e.stop("d"))
	e.settles("d", domain.StatusStopped)
	e.quiet("d")

	begin = append(begin, f.sync()...)
	set := begin[:len(begin)-1]
	for _, event := range set {
		e.same("type of an event before SYNCED", domain.EventAdded, event.Type)
	}
	set = slices.DeleteFunc(slices.Clone(set), func(event domain.Event[*domain.VM]) bool { return event.Value.Name == "b" || event.Value.Name == "e" })
	e.same("VMs told before SYNCED, but for those that came or went", []string{"a", "c", "d"}, namesIn(set))
	for _, event := range f.catchUp("after the set", e.ns, provider.ListOptions{}) {
		e.holds(event.Value != nil, "a second %s", event.Type)
	}
	for _, vm := range f.known {
		e.sameTold(vm)
	}

	// While it is followed.
	e.must("delete e", e.remove("e"))
	f.until("e goes", func(event domain.Event[*domain.VM]) bool {
		return event.Type == domain.EventDeleted && event.Value.Name == "e"
	})
	e.must("start d", e.start("d"))
	f.until("d is seen to run", func(event domain.Event[*domain.VM]) bool {
		return event.Type == domain.EventModified && event.Value.Name == "d" && event.Value.Status == domain.StatusRunning
	})
	e.quiet("d")
	f.catchUp("while it is followed", e.ns, provider.ListOptions{})

	nowhere := e.follow("suite-nowhere", provider.WatchOptions{})
	e.same("the set of a namespace that is not there", []string{"SYNCED"}, typesOf(nowhere.sync()))
	other := e.namespace("-other")
	here := e.ns
	e.ns = other
	e.halted("f")
	e.ns = here
	everywhere := e.follow(provider.AllNamespaces, provider.WatchOptions{})
	everywhere.sync()
	for _, key := range []string{here + "/a", other + "/f"} {
		e.holds(everywhere.known[key] != nil, "%s is not told in all namespaces", key)
	}
	e.holds(len(f.known) == 3, "the stream of one namespace knows %d VMs", len(f.known))
}

// sameTold compares a VM as it was told with how it is read. Annotations and how it was read may differ.
func (e *env) sameTold(told *domain.VM) {
	read := e.get(told.Name)
	e.holds(!told.Read.At.IsZero() && told.Read.From != "", "%s does not say how it was read: %+v", told.Name, told.Read)
	mine := told.Clone()
	for _, vm := range []*domain.VM{read, mine} {
		vm.Annotations, vm.Read = nil, domain.Read{}
	}
	e.same(told.Name+" as it was told", read, mine)
}

func checkStreamOrder(e *env) {
	names := []string{"a", "b"}
	for _, name := range names {
		e.halted(name)
	}
	f := e.follow(e.ns, provider.WatchOptions{})
	f.sync()
	e.concurrently(3, func(n int) {
		if n < len(names) {
			const rounds = 12
			for round := range rounds {
				e.counted(names[n], round+1)
				e.sleep(e.h.interval())
			}
			e.must("start "+names[n], e.start(names[n]))
			e.settles(names[n], domain.StatusRunning)
			return
		}
		running := map[string]bool{}
		f.until("both run", func(event domain.Event[*domain.VM]) bool {
			if event.Value != nil && event.Value.Status == domain.StatusRunning {
				running[event.Value.Name] = true
			}
			scramble(reflect.ValueOf(event.Value))
			return len(running) == len(names)
		})
	})
	for _, name := range names {
		e.quiet(name)
	}
	f.catchUp("behind all that", e.ns, provider.ListOptions{})

	// What its consumer did to what it was told nobody else sees.
	again := e.follow(e.ns, provider.WatchOptions{})
	for _, event := range again.sync() {
		scramble(reflect.ValueOf(event.Value))
	}
	again = e.follow(e.ns, provider.WatchOptions{})
	again.sync()
	for _, vm := range again.known {
		e.sameTold(vm)
	}
}

func checkStreamSelector(e *env) {
	tier := func(name, tier string) {
		_, _, err := e.update(name, label("tier", tier))
		e.must("label "+name, err)
	}
	for name, tier := range map[string]string{"a": "web", "b": "db", "c": "web"} {
		e.stopped(e.labeled(name, map[string]string{"tier": tier}))
	}
	const selector = "tier=web"
	f := e.follow(e.ns, provider.WatchOptions{Selector: selector})
	e.same("the set", []string{"ADDED a", "ADDED c", "SYNCED"}, sortedTypes(f.sync()))
	e.counted("b", 1)
	tier("b", "web")
	tier("a", "db")
	e.counted("a", 1)
	e.counted("c", 1)
	e.quiet("b")
	events := f.catchUp("after the labels", e.ns, provider.ListOptions{LabelSelector: selector})
	told := slices.DeleteFunc(sortedTypes(events), func(what string) bool { return what == "MODIFIED b" }) // by its controller
	e.same("what is told", []string{"ADDED b", "DELETED a", "MODIFIED c"}, slices.Compact(told))
	for _, event := range events {
		e.holds(!event.FinalStateUnknown, "%s %s: nobody saw it, it says", event.Type, event.Value.Name)
	}
	tier("a", "web")
	e.must("delete b", e.remove("b"))
	e.gone("b")
	f.catchUp("after a came back", e.ns, provider.ListOptions{LabelSelector: selector})
}

// sortedTypes are types and names of events, SYNCED last.
func sortedTypes(events []domain.Event[*domain.VM]) []string {
	types := typesOf(events)
	slices.Sort(types)
	return types
}

func checkStreamReplaced(e *env) {
	e.halted("a")
	old := e.halted("vm")
	f := e.follow(e.ns, provider.WatchOptions{})
	f.sync()
	replace := func() *domain.VM {
		e.must("delete vm", e.remove("vm"))
		e.gone("vm")
		return e.halted("vm")
	}
	for round := range 3 {
		made := replace() // and the stream is told when all of it is over
		var uids []string
		for _, event := range f.catchUp(fmt.Sprint("after round ", round), e.ns, provider.ListOptions{}) {
			if event.Type == domain.EventDeleted || event.Type == domain.EventAdded {
				uids = append(uids, string(event.Type)+" "+event.Value.UID)
			}
		}
		if diff := cmp.Diff([]string{"DELETED " + old.UID, "ADDED " + made.UID}, uids); diff != "" {
			e.Errorf("the VM was made anew (-want +got):\n%s", diff)
		}
		old = made
	}
}
