package mock

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// chronicle is what has happened to the VMs of a cluster, in order, for streams to tell. It begins with the first stream,
// so that nobody pays for it who has none. Writers only add to it; a stream reads it in its consumer's own time.
type chronicle struct {
	history int // changes that a stream may be resumed behind
	keep    int // changes that are kept: history, or more for the queue of a stream

	states  map[string]*state // of the VMs as they are, by their place in lists
	changes []change
	first   uint64 // the place in front of changes[0]
	lost    int    // times that all streams lost their place
	touched []*record
	agenda  agenda
	waiting chan struct{} // closed when something happens; nil when nobody waits
}

// state is a VM as it was at one moment. It never changes: consumers get clones.
type state struct {
	ref    domain.Ref
	labels map[string]string
	// vm is the VM, or with err what was known of it last, at least where it is.
	vm *domain.VM
	// err is set for a VM that cannot be read.
	err error
}

// change is what has happened to one VM: it came, it changed, it went.
type change struct {
	key      string
	old, new *state
}

// end is the place behind all changes.
func (h *chronicle) end() uint64 { return h.first + uint64(len(h.changes)) }

// behind is the change that follows a place.
func (h *chronicle) behind(place uint64) change { return h.changes[place-h.first] }

// oldest is the place behind which a stream can be resumed.
func (h *chronicle) oldest() uint64 {
	if oldest := h.end() - min(h.end(), uint64(h.history)); oldest > h.first {
		return oldest
	}
	return h.first
}

// add takes a change in, and lets go of those that nobody may ask for any more.
func (h *chronicle) add(ch change) {
	if ch.new != nil {
		h.states[ch.key] = ch.new
	} else {
		delete(h.states, ch.key)
	}
	if surplus := len(h.changes) - h.keep; surplus > h.keep { // seldom, since the rest is moved
		h.changes = slices.Delete(h.changes, 0, surplus)
		h.first += uint64(surplus)
	}
	h.changes = append(h.changes, ch)
	h.wake()
}

// known is what who has been told everything up to a place knows.
func (h *chronicle) known(place uint64) map[string]*state {
	states := maps.Clone(h.states)
	for n := len(h.changes) - 1; n >= int(place-h.first); n-- { //nolint:gosec // a place that is kept
		if ch := h.changes[n]; ch.old != nil {
			states[ch.key] = ch.old
		} else {
			delete(states, ch.key)
		}
	}
	return states
}

// lose forgets everything, so that every stream must look at the VMs anew.
func (h *chronicle) lose() {
	h.first, h.changes = h.end()+1, nil
	h.lost++
	h.wake()
}

// news is closed when something happens.
func (h *chronicle) news() <-chan struct{} {
	if h.waiting == nil {
		h.waiting = make(chan struct{})
	}
	return h.waiting
}

func (h *chronicle) wake() {
	if h.waiting != nil {
		close(h.waiting)
		h.waiting = nil
	}
}

// watched returns the cluster's chronicle, which begins now if there is none. It keeps at least so many changes.
func (c *site) watched(keep int, at time.Time) *chronicle {
	if c.chronicle == nil {
		h := &chronicle{history: c.history, keep: c.history, states: map[string]*state{}}
		c.bury(at)
		for r := range c.sorted.after("") {
			c.changed(r, r.machine.Advance(at)) // it is not gone: those that may be were buried
			h.states[r.order] = c.state(r, nil)
			h.agenda.add(r)
		}
		c.chronicle = h
	}
	c.chronicle.keep = max(c.chronicle.keep, keep)
	return c.chronicle
}

// touch notes that there may be news of a VM, for when the cluster is unlocked.
func (c *site) touch(r *record) {
	if c.chronicle != nil && !r.touched {
		r.touched = true
		c.chronicle.touched = append(c.chronicle.touched, r)
	}
}

// unlock ends what was done to a cluster, and has the chronicle take note of what came of it.
func (c *site) unlock() {
	c.note()
	c.mu.Unlock()
}

// note writes down what has become of the VMs that were touched.
func (c *site) note() {
	h := c.chronicle
	if h == nil {
		return
	}
	for _, r := range h.touched {
		r.touched = false
		c.noteOne(h, r)
	}
	clear(h.touched)
	h.touched = h.touched[:0]
}

func (c *site) noteOne(h *chronicle, r *record) {
	old, there := h.states[r.order], c.vms[r.key]
	switch {
	case there == r:
		h.agenda.add(r)
		if now := c.state(r, old); !now.same(old) {
			h.add(change{r.order, old, now})
		}
	case old == nil || old.ref.UID != r.uid: // came and went at once
	case there != nil && there.uid == r.uid: // was put there anew, as the same VM
	default:
		h.add(change{r.order, old, nil})
	}
}

// pass lets the time pass for every VM that has something to do until then.
func (c *site) pass(at time.Time) {
	h := c.chronicle
	for r := h.agenda.due(at); r != nil; r = h.agenda.due(at) {
		if c.vms[r.key] == r && c.live(r, at) {
			h.agenda.add(r)
		}
	}
	c.note()
}

// state makes the state of a VM; old is the one before, if any.
func (c *site) state(r *record, old *state) *state {
	s := &state{
		ref:    domain.Ref{Cluster: c.name, Namespace: r.key.namespace, Name: r.key.name, UID: r.uid},
		labels: r.desired.labels,
	}
	if err := r.mappable(); err != nil {
		s.err = domain.NewItemError(s.ref, args.Error(provider.OpWatchVMs, s.ref, err))
		s.vm = &domain.VM{Cluster: s.ref.Cluster, Namespace: s.ref.Namespace, Name: s.ref.Name, UID: s.ref.UID}
		if old != nil && old.ref.UID == r.uid {
			s.vm = old.vm
		}
		return s
	}
	s.vm = c.view(r, now())
	return s
}

// same says whether who has been told of old need not be told of s.
func (s *state) same(old *state) bool {
	switch {
	case old == nil || s.ref.UID != old.ref.UID || (s.err != nil) != (old.err != nil):
		return false
	case s.err != nil:
		return true
	}
	a, b := *s.vm, *old.vm
	a.Read.At, b.Read.At = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}
