package store

import (
	"slices"
	"sort"
	"time"
)

// past holds the present state of a table and those that are kept of its past.
type past struct {
	now    *tree
	since  uint64  // the revision of now
	recent []state // in order, each reaching up to the next one's revision
	pinned []state // in the order of their pinning
	oldest uint64  // no state before it is kept, pinned ones aside
}

// state is a superseded one: the table's at all revisions from since on, and before until.
type state struct {
	tree         *tree
	since, until uint64
	at           time.Time // when it was superseded or pinned
}

func (s state) holds(revision uint64) bool { return s.since <= revision && revision < s.until }

// maxPins bounds what walks that nobody ends can hold.
const maxPins = 256

// advance makes next the present state.
func (p *past) advance(next *tree, revision uint64, opts Options, now time.Time) {
	p.recent = append(p.recent, state{tree: p.now, since: p.since, until: revision, at: now})
	p.now, p.since = next, revision
	p.forget(opts, now)
}

// forget drops what is too much or too old.
func (p *past) forget(opts Options, now time.Time) {
	drop := max(0, len(p.recent)-opts.States)
	for drop < len(p.recent) && now.Sub(p.recent[drop].at) > opts.KeepFor {
		drop++
	}
	if drop > 0 {
		p.oldest = p.recent[drop-1].until
		clear(p.recent[:drop])
		p.recent = p.recent[drop:] // append moves the rest to fresh memory now and then
	}
	p.pinned = slices.DeleteFunc(p.pinned, func(s state) bool { return now.Sub(s.at) > opts.KeepFor })
}

// at returns the state at a revision, nil if it is not kept.
func (p *past) at(revision uint64) *tree {
	if revision >= p.since {
		return p.now
	}
	if revision >= p.oldest {
		i := sort.Search(len(p.recent), func(i int) bool { return p.recent[i].until > revision })
		if i < len(p.recent) && p.recent[i].holds(revision) {
			return p.recent[i].tree
		}
	}
	for _, s := range p.pinned {
		if s.holds(revision) {
			return s.tree
		}
	}
	return nil
}

// pin keeps the state of a snapshot, or begins its time anew.
func (t *Table) pin(s Snapshot) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	p := &t.past
	if p.at(s.Revision) != s.tree {
		return // compacted or restored meanwhile: then it is to be gone
	}
	p.pinned = slices.DeleteFunc(p.pinned, func(old state) bool { return old.since == s.Revision })
	if len(p.pinned) >= maxPins {
		p.pinned = slices.Delete(p.pinned, 0, 1)
	}
	p.pinned = append(p.pinned, state{tree: s.tree, since: s.Revision, until: s.Revision + 1, at: time.Now()})
}
