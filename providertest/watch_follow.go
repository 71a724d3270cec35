package providertest

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// following is a stream with a consumer that takes one event when it is asked for one: until then it is a slow one.
type following struct {
	e *env
	// end ends the stream's context.
	end   context.CancelFunc
	ask   chan struct{} // holds one
	told  chan heard
	asked bool

	// What the stream has told so far.
	known map[string]*domain.VM
	seen  map[string]bool // VMs at a revision
	whole bool            // SYNCED was told, and no REBUILDING since
	last  string          // revision
}

// heard is one value of a stream.
type heard struct {
	event domain.Event[*domain.VM]
	err   error
}

// follow begins to follow VMs of the check's cluster.
func (e *env) follow(namespace string, opts provider.WatchOptions) *following {
	ctx, cancel := context.WithCancel(e.ctx)
	return e.followIn(ctx, cancel, namespace, opts)
}

func (e *env) followIn(ctx context.Context, end context.CancelFunc, namespace string, opts provider.WatchOptions) *following {
	f := &following{e: e, end: end, ask: make(chan struct{}, 1), told: make(chan heard, 1), known: map[string]*domain.VM{}, seen: map[string]bool{}}
	f.whole = opts.Revision != ""
	go func() {
		defer close(f.told)
		defer func() {
			if r := recover(); r != nil {
				e.Errorf("panic of a stream: %v\n%s", r, debug.Stack())
			}
		}()
		if !f.wanted() {
			return
		}
		for event, err := range e.Provider.WatchVMs(ctx, e.cluster, namespace, opts) {
			f.told <- heard{event, err}
			if !f.wanted() {
				return
			}
		}
	}()
	return f
}

// wanted waits until the next event is asked for. It is false when the check is over.
func (f *following) wanted() bool {
	select {
	case <-f.ask:
		return true
	case <-f.e.ctx.Done():
		return false
	}
}

// next asks for a value and waits for it a while. It returns nil when none came; over says that none will.
func (f *following) next(patience time.Duration) (h *heard, over bool) {
	if !f.asked {
		f.ask <- struct{}{}
		f.asked = true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case h, open := <-f.told:
		if !open {
			return nil, true
		}
		f.asked = false
		return &h, false
	case <-timer.C:
		return nil, false
	}
}

// event is the next event; the check ends when there is none.
func (f *following) event(what string) domain.Event[*domain.VM] {
	h, over := f.next(f.e.h.settle())
	switch {
	case over:
		f.e.Fatalf("%s: the stream is over", what)
	case h == nil:
		f.e.Fatalf("%s: nothing is told within %s", what, f.e.h.settle())
	case h.err != nil:
		f.e.Fatalf("%s: %v", what, h.err)
	}
	f.take(h.event)
	return h.event
}

// until takes events up to the one for which holds is true, and returns them all.
func (f *following) until(what string, holds func(domain.Event[*domain.VM]) bool) (events []domain.Event[*domain.VM]) {
	for {
		event := f.event(what)
		if events = append(events, event); holds(event) {
			return events
		}
	}
}

// sync takes events until SYNCED.
func (f *following) sync() []domain.Event[*domain.VM] {
	return f.until("until SYNCED", func(event domain.Event[*domain.VM]) bool { return event.Type == domain.EventSynced })
}

// catchUp takes events until what was told comes to what a list has, and then those that are told too much.
func (f *following) catchUp(what, namespace string, opts provider.ListOptions) (events []domain.Event[*domain.VM]) {
	e := f.e
	deadline := time.Now().Add(e.h.settle())
	missing := "nothing was compared"
	for quiet := 0; quiet < 3; {
		h, over := f.next(8 * e.h.interval())
		switch {
		case over:
			e.Fatalf("%s: the stream is over", what)
		case h != nil && h.err != nil:
			e.Fatalf("%s: %v", what, h.err)
		case h != nil:
			f.take(h.event)
			events = append(events, h.event)
			quiet = 0
			continue
		case time.Now().After(deadline):
			e.Fatalf("%s: what was told does not come to what is there: %s", what, missing)
		}
		if missing = f.difference(namespace, opts); missing == "" {
			quiet++
		}
	}
	return events
}

// difference is what a list has that was not told, and the other way round.
func (f *following) difference(namespace string, opts provider.ListOptions) string {
	is := map[string]string{}
	for _, vm := range itemsOf(f.e.walkPages(namespace, opts, nil)) {
		is[keyOf(vm)] = versionOf(vm)
	}
	told := map[string]string{}
	for key, vm := range f.known {
		told[key] = versionOf(vm)
	}
	if maps.Equal(is, told) {
		return ""
	}
	return fmt.Sprintf("told %v, listed %v", told, is)
}

func keyOf(vm *domain.VM) string { return vm.Namespace + "/" + vm.Name }

// versionOf tells states of VMs apart.
func versionOf(vm *domain.VM) string { return vm.UID + " " + vm.Revision + " " + vm.InstanceRevision }

// take lays an event over what was told before, and finds fault with what does not fit.
func (f *following) take(event domain.Event[*domain.VM]) {
	e, vm := f.e, event.Value
	switch event.Type {
	case domain.EventSynced, domain.EventRebuilding:
		e.holds(vm == nil, "%s has a value", event.Type)
		f.whole = event.Type == domain.EventSynced
		e.holds((event.Revision != "") == f.whole, "%s has revision %q", event.Type, event.Revision)
		f.last = event.Revision
		return
	case domain.EventAdded, domain.EventModified, domain.EventDeleted:
	default:
		e.Fatalf("an event of type %q", event.Type)
	}
	if vm == nil {
		e.Fatalf("%s without a value", event.Type)
	}
	e.holds(f.whole || event.Revision == "", "%s %s before SYNCED has revision %q", event.Type, vm.Name, event.Revision)
	if event.Revision != "" {
		f.last = event.Revision
	}
	e.holds(vm.Cluster == e.cluster && vm.Namespace != "" && vm.Name != "" && vm.UID != "", "%s of a VM %s with UID %q", event.Type, vm.Ref(), vm.UID)
	f.lay(event)
}

// lay finds fault with an event that does not follow from the ones before.
func (f *following) lay(event domain.Event[*domain.VM]) {
	e, vm := f.e, event.Value
	key := keyOf(vm)
	was, known := f.known[key]
	switch {
	case event.Type == domain.EventAdded:
		e.holds(!known, "%s is ADDED, and was told already", key)
	case !known:
		e.Errorf("%s is %s, and was not told before, or has gone", key, event.Type)
	case was.UID != vm.UID:
		e.Errorf("%s is %s with UID %s, and was told with UID %s", key, event.Type, vm.UID, was.UID)
	}
	if event.Type == domain.EventDeleted {
		delete(f.known, key)
		return
	}
	version := key + " " + versionOf(vm)
	e.holds(!f.seen[version] || !known, "%s is told as of %s, again", key, versionOf(vm))
	if known && count(vm) < count(was) {
		e.Errorf("%s is told as it was with count %d, after it was told with count %d", key, count(vm), count(was))
	}
	f.seen[version] = true
	f.known[key] = vm.Clone()
}

// count is how often count had been called with a VM before it was read.
func count(vm *domain.VM) int {
	n, _ := strconv.Atoi(vm.Labels[countLabel])
	return n
}

const countLabel = "count"

// counted sets the count of a VM.
func (e *env) counted(name string, n int) {
	_, _, err := e.update(name, label(countLabel, strconv.Itoa(n)))
	e.must("update "+name, err)
}

// typesOf are types and names of events, "ADDED a".
func typesOf(events []domain.Event[*domain.VM]) []string {
	types := []string{}
	for _, event := range events {
		what := string(event.Type)
		if event.Value != nil {
			what += " " + event.Value.Name
		}
		types = append(types, what)
	}
	return types
}

// namesIn are the names of the VMs that the events tell of, sorted, each once.
func namesIn(events []domain.Event[*domain.VM]) []string {
	names := []string{}
	for _, event := range events {
		if event.Value != nil {
			names = append(names, event.Value.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
