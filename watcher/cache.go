package watcher

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// CacheOptions configures a [Cache]. The zero value is ready to use.
type CacheOptions[T any] struct {
	// Indexes by name, for [Cache.ByIndex]. Namespace and UID need none.
	Indexes map[string]IndexFunc[T]
	// KeepStrings keeps the key, UID and revision of an item as they are. Set it when they are parts of the value, or
	// strings of their own. Else they are copied: a part of a longer string would keep all of it in memory.
	KeepStrings bool
	// State returns where the watcher stands that feeds the cache ([Watcher.State]), for ages that are exact. Nil takes
	// what the sink is told, which is up to half a minute old.
	State func() State
}

// Cache keeps the set that a [Watcher] feeds it. It is safe for concurrent use; what it hands out is shared, so T must
// be immutable. Readers wait for no foreign code, and no longer than it takes to apply a few dozen changes.
//
// An object that could not be decoded is in the set, as an [Item] with Err and without a value, in no index.
type Cache[T any] struct {
	opts    CacheOptions[T]
	indexes []*index[T]
	named   map[string]*index[T]
	panics  atomic.Int64

	writing sync.Mutex // of the sink's methods, which one goroutine calls anyway

	mu          sync.RWMutex
	byKey       map[string]*entry[T]
	byUID       map[string]*entry[T]
	inOrder     *tree[*entry[T]]
	undecodable int
	stats       CacheStats
	state       State
	seen        time.Time // when the last change was applied
	announced   bool      // that the set is whole; subscriptions were told SYNCED, and not REBUILDING since
	told        chan struct{}
	waiting     map[string][]chan struct{} // for a change of a key
	subscribers []*Subscription[T]
}

// CacheStats counts what a cache has and did.
type CacheStats struct {
	// Items in the set, and those of them that cannot be decoded.
	Items, Undecodable int
	// Added, Modified and Deleted are changes of the set; Dropped is what was no change, or one of the past.
	Added, Modified, Deleted, Dropped int64
	// Subscriptions that are open, and the longest of their queues.
	Subscriptions, Queued int
	// Panics of callbacks.
	Panics int64
}

// Freshness says how far what was read can be trusted.
type Freshness struct {
	Status domain.CacheStatus
	// At is when the cluster was last known to look like this, zero if never. Age is the time since then.
	At  time.Time
	Age time.Duration
}

// NewCache makes an empty cache.
func NewCache[T any](opts CacheOptions[T]) *Cache[T] {
	c := &Cache[T]{
		opts:    opts,
		named:   make(map[string]*index[T], len(opts.Indexes)),
		byKey:   map[string]*entry[T]{},
		byUID:   map[string]*entry[T]{},
		inOrder: &tree[*entry[T]]{compare: compareKeys[T]},
		state:   State{Phase: domain.SyncIdle},
		told:    make(chan struct{}),
	}
	for _, name := range slices.Sorted(maps.Keys(opts.Indexes)) {
		x := &index[T]{of: opts.Indexes[name], tree: &tree[posting[T]]{compare: comparePostings[T]}}
		c.indexes, c.named[name] = append(c.indexes, x), x
	}
	return c
}

// Get returns the object with a key, "namespace/name". It may be one with Err.
func (c *Cache[T]) Get(key string) (Item[T], Freshness, bool) {
	c.mu.RLock()
	e, state, seen := c.byKey[key], c.state, c.seen
	c.mu.RUnlock()
	return found(e, c.freshness(state, seen))
}

// ByUID returns the object with a UID. It may be one with Err.
func (c *Cache[T]) ByUID(uid string) (Item[T], Freshness, bool) {
	c.mu.RLock()
	e, state, seen := c.byUID[uid], c.state, c.seen
	c.mu.RUnlock()
	return found(e, c.freshness(state, seen))
}

func found[T any](e *entry[T], f Freshness) (Item[T], Freshness, bool) {
	if e == nil {
		return Item[T]{}, f, false
	}
	return e.item, f, true
}

// All returns the objects of all namespaces in the order of their keys, as they are at the time of the call. No lock is
// held while they are walked. Some may have Err.
func (c *Cache[T]) All() (iter.Seq[Item[T]], Freshness) { return c.withPrefix("") }

// List is [Cache.All] of one namespace.
func (c *Cache[T]) List(namespace string) (iter.Seq[Item[T]], Freshness) {
	return c.withPrefix(namespace + "/")
}

func (c *Cache[T]) withPrefix(prefix string) (iter.Seq[Item[T]], Freshness) {
	c.mu.RLock()
	set, state, seen := c.inOrder.snapshot(), c.state, c.seen
	c.mu.RUnlock()
	return func(yield func(Item[T]) bool) {
		for e := range set.from(func(e *entry[T]) int { return strings.Compare(e.item.Key, prefix) }) {
			if !strings.HasPrefix(e.item.Key, prefix) || !yield(e.item) {
				return
			}
		}
	}, c.freshness(state, seen)
}

// Keys returns all keys in order, as they are at the time of the call.
func (c *Cache[T]) Keys() iter.Seq[string] {
	items, _ := c.All()
	return func(yield func(string) bool) {
		for item := range items {
			if !yield(item.Key) {
				return
			}
		}
	}
}

// ByIndex returns the objects that a named index has under a value, in the order of their keys, as they are at the time
// of the call. An index that is not there has none.
func (c *Cache[T]) ByIndex(name, value string) (iter.Seq[Item[T]], Freshness) {
	return c.ofIndex(name, value, func(v string) bool { return v == value })
}

// ByIndexPrefix returns the objects under all values of a named index that begin with a prefix, in the order of value
// and key; one with several such values comes several times.
func (c *Cache[T]) ByIndexPrefix(name, prefix string) (iter.Seq[Item[T]], Freshness) {
	return c.ofIndex(name, prefix, func(v string) bool { return strings.HasPrefix(v, prefix) })
}

func (c *Cache[T]) ofIndex(name, first string, wanted func(string) bool) (iter.Seq[Item[T]], Freshness) {
	var set snapshot[posting[T]]
	c.mu.RLock()
	if x := c.named[name]; x != nil {
		set = x.tree.snapshot()
	}
	state, seen := c.state, c.seen
	c.mu.RUnlock()
	return func(yield func(Item[T]) bool) {
		for p := range set.from(func(p posting[T]) int { return atLeast(p.value, first) }) {
			if !wanted(p.value) || !yield(p.entry.item) {
				return
			}
		}
	}, c.freshness(state, seen)
}

// atLeast orders what begins a walk: equal values differ in their keys, and the walk begins before the first of them.
func atLeast(value, first string) int {
	if value < first {
		return -1
	}
	return 1
}

// Len returns how many objects there are, those included that cannot be decoded.
func (c *Cache[T]) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.inOrder.length
}

// State returns where the watcher stands, as far as the cache knows, with the time at which the cluster was last seen.
func (c *Cache[T]) State() State {
	c.mu.RLock()
	state, seen := c.state, c.seen
	c.mu.RUnlock()
	return c.now(state, seen)
}

// Freshness says how far the set can be trusted now.
func (c *Cache[T]) Freshness() Freshness {
	c.mu.RLock()
	state, seen := c.state, c.seen
	c.mu.RUnlock()
	return c.freshness(state, seen)
}

// freshness is asked while no lock is held: the option State is foreign.
func (c *Cache[T]) freshness(state State, seen time.Time) Freshness {
	state = c.now(state, seen)
	now := time.Now()
	return Freshness{state.Status(now), state.Seen, state.Age(now)}
}

// now is the state that was told, or a newer one, with the time of the last change.
func (c *Cache[T]) now(told State, changed time.Time) State {
	if c.opts.State != nil {
		told = c.opts.State()
	}
	if changed.After(told.Seen) {
		told.Seen = changed
	}
	return told
}

// WaitSynced waits until the set was whole at least once, or ctx ends, whose error it returns then.
func (c *Cache[T]) WaitSynced(ctx context.Context) error {
	for {
		state, told := c.Changed()
		if state.Synced {
			return nil
		}
		select {
		case <-told:
		case <-ctx.Done():
			return ended(ctx)
		}
	}
}

// ended is the coded error of a context.
func ended(ctx context.Context) error {
	return domain.E(domain.CodeOf(ctx.Err()), nil, context.Cause(ctx))
}

// Stats returns what the cache has and did.
func (c *Cache[T]) Stats() CacheStats {
	c.mu.RLock()
	stats := c.stats
	stats.Items, stats.Undecodable = c.inOrder.length, c.undecodable
	subscribers := c.subscribers // never changed in place
	c.mu.RUnlock()
	stats.Subscriptions, stats.Panics = len(subscribers), c.panics.Load()
	for _, s := range subscribers {
		stats.Queued = max(stats.Queued, s.Stats().Queued)
	}
	return stats
}
