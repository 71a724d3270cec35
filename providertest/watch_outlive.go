package providertest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// rebuilt has a stream lose its place, and takes what it tells from REBUILDING to SYNCED.
func (f *following) rebuilt(meanwhile func()) []domain.Event[*domain.VM] {
	e := f.e
	e.must("expire the streams", e.ExpireStreams(e.ctx, e.cluster, meanwhile))
	first := f.event("after the loss")
	e.same("the first event after the loss", domain.EventRebuilding, first.Type)
	events := f.sync()
	return events[:len(events)-1]
}

func checkStreamRebuilt(e *env) {
	for _, name := range []string{"a", "b", "c", "d"} {
		e.halted(name)
	}
	f := e.follow(e.ns, provider.WatchOptions{})
	f.sync()
	want := []string{"ADDED b", "ADDED e", "DELETED a", "DELETED b"}
	events := f.rebuilt(func() {
		for _, name := range []string{"a", "b"} {
			e.must("delete "+name, e.remove(name))
			e.gone(name)
		}
		e.halted("b")
		e.halted("e")
		if e.has(NeedUpdate) {
			e.counted("c", 1)
			e.quiet("c")
			want = append(want, "MODIFIED c")
		}
	})
	e.same("what is told of what was missed", want, sortedTypes(events))
	for _, event := range events {
		gone := event.Type == domain.EventDeleted
		e.holds(event.FinalStateUnknown == gone, "%s %s: FinalStateUnknown is %t", event.Type, event.Value.Name, event.FinalStateUnknown)
	}
	e.same("told after SYNCED", []string{}, typesOf(f.catchUp("after the loss", e.ns, provider.ListOptions{})))

	// It goes on as before.
	e.must("delete d", e.remove("d"))
	after := f.catchUp("after a delete", e.ns, provider.ListOptions{})
	last := after[len(after)-1]
	e.holds(last.Type == domain.EventDeleted && !last.FinalStateUnknown, "the delete is told by %s, FinalStateUnknown is %t", last.Type, last.FinalStateUnknown)
}

func checkStreamUnchanged(e *env) {
	for _, name := range []string{"a", "b"} {
		e.halted(name)
	}
	e.running("c")
	f := e.follow(e.ns, provider.WatchOptions{})
	f.sync()
	for round := range 2 {
		e.same("told of a loss in which nothing happened", []string{}, typesOf(f.rebuilt(func() {})))
		name := fmt.Sprint("new-", round)
		e.same("told of a loss in which one came", []string{"ADDED " + name}, typesOf(f.rebuilt(func() { e.halted(name) })))
	}
	e.same("told after SYNCED", []string{}, typesOf(f.catchUp("after the losses", e.ns, provider.ListOptions{})))
}

func checkSlowConsumer(e *env) {
	names := []string{"a", "b", "c"}
	for _, name := range names {
		e.halted(name)
	}
	const queue, rounds = 4, 20
	f := e.follow(e.ns, provider.WatchOptions{Queue: queue})
	f.sync()
	for round := range rounds {
		for _, name := range names {
			e.counted(name, round+1)
		}
	}
	e.must("delete b", e.remove("b"))
	e.gone("b")
	e.halted("b")
	e.must("delete c", e.remove("c"))
	e.gone("c")
	e.halted("d")
	events := f.catchUp("after a pause", e.ns, provider.ListOptions{})
	// What waited, and for each VM what was merged: at most one event, or two.
	most := queue + 2*len(names) + 2
	e.holds(len(events) <= most, "%d events after a pause with %d changes, want at most %d", len(events), rounds*len(names), most)
	e.same("VMs that the events tell of", []string{"a", "b", "c", "d"}, namesIn(events))

	for n := rounds + 1; n < rounds+8; n++ { // a consumer who waits is told each one
		e.counted("a", n)
		f.until("a change while the consumer waits", func(event domain.Event[*domain.VM]) bool {
			return event.Type == domain.EventModified && count(event.Value) == n
		})
	}
}

func checkResume(e *env) {
	for _, name := range []string{"a", "b", "c", "d"} {
		e.halted(name)
	}
	f := e.follow(e.ns, provider.WatchOptions{})
	set := f.sync()
	first := resumable{set[len(set)-1].Revision, maps.Clone(f.known), nil}

	// What was told behind a place, and what happened when nobody followed.
	places := []resumable{first}
	const rounds = 6
	for n := range rounds {
		e.counted([]string{"a", "b"}[n%2], n+1)
	}
	e.must("delete c", e.remove("c"))
	e.gone("c")
	for _, event := range f.catchUp("before the break", e.ns, provider.ListOptions{}) {
		e.holds(event.Revision != "", "%s %s has no revision, though nothing had to be merged", event.Type, event.Value.Name)
		for n := range places {
			places[n].then = append(places[n].then, event)
		}
		places = append(places, resumable{event.Revision, plus(places[len(places)-1].known, event), nil})
	}
	f.end()
	e.counted("a", rounds+1)
	e.must("delete d", e.remove("d"))
	e.gone("d")
	e.counted("b", rounds+2)
	for n, at := range places {
		e.goesOn(fmt.Sprint("from place ", n), at)
	}
	if e.has(NeedExpireStreams) {
		e.must("expire the streams", e.ExpireStreams(e.ctx, e.cluster, func() { e.counted("a", rounds+3) }))
		for _, at := range []resumable{first, places[len(places)-1]} {
			e.only("a revision that is too old", domain.CodeRevisionExpired, e.cluster, e.ns, provider.WatchOptions{Revision: at.revision})
		}
	}
}

// resumable is where a stream goes on: what its consumer knew there, and what it was told next.
type resumable struct {
	revision string
	known    map[string]*domain.VM
	then     []domain.Event[*domain.VM]
}

// plus is what one knows who knew known and was told an event since.
func plus(known map[string]*domain.VM, event domain.Event[*domain.VM]) map[string]*domain.VM {
	next := maps.Clone(known)
	if key := keyOf(event.Value); event.Type == domain.EventDeleted {
		delete(next, key)
	} else {
		next[key] = event.Value
	}
	return next
}

// goesOn resumes at a place, and compares what is told with what was told then.
func (e *env) goesOn(what string, at resumable) {
	f := e.follow(e.ns, provider.WatchOptions{Revision: at.revision})
	defer f.end()
	for key, vm := range at.known {
		f.known[key] = vm
		f.seen[key+" "+versionOf(vm)] = true
	}
	first := f.event(what)
	e.holds(first.Type == domain.EventSynced && first.Revision == at.revision, "%s: it begins with %s, revision %q, want SYNCED with %q",
		what, first.Type, first.Revision, at.revision)
	events := f.catchUp(what, e.ns, provider.ListOptions{})
	told := changesOf(events)
	want := changesOf(at.then)
	for key, changes := range want {
		e.holds(len(told[key]) >= len(changes) && slices.Equal(changes, told[key][:len(changes)]), "%s: of %s it tells %v, and before it told %v", what, key, told[key], changes)
	}
}

// changesOf are the changes of each VM.
func changesOf(events []domain.Event[*domain.VM]) map[string][]string {
	changes := map[string][]string{}
	for _, event := range events {
		if event.Value != nil {
			key := keyOf(event.Value)
			changes[key] = append(changes[key], string(event.Type)+" "+versionOf(event.Value))
		}
	}
	return changes
}
