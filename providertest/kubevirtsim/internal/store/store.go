package store

import (
	"sync"
	"time"
)

// Options configures a Store. The zero value is ready to use.
type Options struct {
	// First is the revision before the first write. Zero means 100: an API server has a past of its own before the
	// first VM, so that revision 1 belongs to no object and a watch from it is too old.
	First uint64
	// Events is how many events each table's log keeps for watches. Zero means 10,000.
	Events int
	// States is how many past states each table keeps. Zero means 1,000.
	States int
	// KeepFor is how long a past state is kept after it was superseded. Zero means five minutes, as the API server
	// compacts etcd.
	KeepFor time.Duration
}

func (o Options) withDefaults() Options {
	if o.First == 0 {
		o.First = 100
	}
	if o.Events <= 0 {
		o.Events = 10_000
	}
	if o.States <= 0 {
		o.States = 1_000
	}
	if o.KeepFor <= 0 {
		o.KeepFor = 5 * time.Minute
	}
	return o
}

// Store holds the tables. Make it with [New].
type Store struct {
	options Options

	mu       sync.RWMutex // over everything below, the tables' insides included
	revision uint64
	epoch    int // grows when watches are to end
	tables   map[string]*Table
}

// New makes an empty store.
func New(opts Options) *Store {
	opts = opts.withDefaults()
	return &Store{options: opts, revision: opts.First, tables: map[string]*Table{}}
}

// Revision is that of the last write to any table.
func (s *Store) Revision() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revision
}

// Table returns the table of that name, and makes it first if need be.
func (s *Store) Table(name string) *Table {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[name]
	if t == nil {
		t = &Table{store: s}
		t.reset(&tree{}, s.revision)
		s.tables[name] = t
	}
	return t
}

// Table holds the objects of one resource.
type Table struct {
	store *Store

	past past
	log  log
	wake chan struct{} // closed at the next event; nil while nobody waits
}

// reset makes the table begin anew with this state. The store's lock must be held.
func (t *Table) reset(state *tree, revision uint64) {
	t.past = past{now: state, since: revision, oldest: revision}
	t.log = log{oldest: revision, size: t.store.options.Events}
}

// Now is the present state.
func (t *Table) Now() Snapshot {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	return Snapshot{Revision: t.store.revision, tree: t.past.now, table: t}
}

// At is the state at a revision. It returns an [ExpiredError] if it is not kept, and a [FutureError] if there was no
// such revision yet.
func (t *Table) At(revision uint64) (Snapshot, error) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	if revision > t.store.revision {
		return Snapshot{}, &FutureError{Asked: revision, Current: t.store.revision}
	}
	t.past.forget(t.store.options, time.Now())
	state := t.past.at(revision)
	if state == nil {
		return Snapshot{}, &ExpiredError{Asked: revision}
	}
	return Snapshot{Revision: revision, tree: state, table: t}, nil
}

// Get returns the object of that key as it is now, or nil.
func (t *Table) Get(key string) *Object { return t.Now().Get(key) }
