package watcher

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// sliceSize is how many changes are applied under one lock: some 0.1 ms.
const sliceSize = 64

// change is what happened to one key: old is nil for what is new, new for what is gone. Where both are there with
// different UIDs, one object went and another came; unknown says that nobody saw it go.
type change[T any] struct {
	old, new *entry[T]
	unknown  bool
	place    string // where a stream goes on after it, if that is known
}

// Replace takes a whole set. What it has and the cache has at the same revision is no change. A list is a consistent
// read: what it shows with an older revision is the truth, of a cluster whose history went back.
func (c *Cache[T]) Replace(ctx context.Context, items []Item[T]) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	items = sorted(items)
	if len(items) > 0 && c.untouched() {
		c.fill(items)
		return nil
	}
	changes, same := c.diff(items)
	c.dropped(same)
	for part := range slices.Chunk(changes, sliceSize) {
		if ctx.Err() != nil {
			return ended(ctx)
		}
		c.commit(part)
	}
	return nil
}

// sorted sorts items by key. Of several with one key the last one stays.
func sorted[T any](items []Item[T]) []Item[T] {
	byKey := func(a, b Item[T]) int { return strings.Compare(a.Key, b.Key) }
	if !slices.IsSortedFunc(items, byKey) {
		slices.SortStableFunc(items, byKey)
	}
	kept := items[:0]
	for _, item := range items {
		if n := len(kept); n > 0 && kept[n-1].Key == item.Key {
			kept[n-1] = item
		} else {
			kept = append(kept, item)
		}
	}
	return kept
}

// diff compares a sorted set with that of the cache. Nobody else writes: no lock is needed to read.
func (c *Cache[T]) diff(items []Item[T]) (changes []change[T], same int64) {
	next := 0
	for _, chunk := range c.inOrder.chunks {
		for _, old := range chunk.elements {
			for ; next < len(items) && items[next].Key < old.item.Key; next++ {
				changes = append(changes, change[T]{new: c.entryOf(items[next], nil)})
			}
			switch {
			case next == len(items) || items[next].Key != old.item.Key:
				changes = append(changes, change[T]{old: old, unknown: true})
				continue
			case sameItem(old.item, items[next]):
				same++
			default:
				changes = append(changes, change[T]{old: old, new: c.entryOf(items[next], old), unknown: true})
			}
			next++
		}
	}
	for ; next < len(items); next++ {
		changes = append(changes, change[T]{new: c.entryOf(items[next], nil)})
	}
	return changes, same
}

// Apply takes changes, as a stream tells them. What they mean follows from what the cache has: an ADDED of what is known
// is a modification, a MODIFIED of what is not is an addition. What is no change, or is older than what the cache has, is
// dropped.
func (c *Cache[T]) Apply(_ context.Context, events []Event[T]) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	var one [1]change[T]
	for n := range events {
		ch, ok := c.meaning(&events[n])
		if !ok {
			c.passed(events[n].Place)
			continue
		}
		ch.place = events[n].Place
		one[0] = ch
		c.commit(one[:])
	}
	c.mu.Lock()
	c.seen = time.Now()
	c.mu.Unlock()
	return nil
}

// meaning is what an event changes in this cache.
func (c *Cache[T]) meaning(e *Event[T]) (ch change[T], ok bool) {
	old := c.byKey[e.Item.Key]
	if old != nil {
		// Revisions of one resource have one order, whichever object they are of: this also holds between an object
		// and the one that had its name before.
		if older, comparable := olderRevision(e.Item.Revision, old.item.Revision); comparable && older {
			return change[T]{}, false
		}
	}
	switch {
	case e.Type == domain.EventDeleted:
		if old == nil || !sameUID(old.item, e.Item) {
			return change[T]{}, false
		}
		return change[T]{old: old}, true
	case old == nil:
		return change[T]{new: c.entryOf(e.Item, nil)}, true
	case sameItem(old.item, e.Item):
		return change[T]{}, false
	default:
		return change[T]{old: old, new: c.entryOf(e.Item, old), unknown: true}, true
	}
}

// sameUID holds also where one of them is not known.
func sameUID[T any](a, b Item[T]) bool { return a.UID == b.UID || a.UID == "" || b.UID == "" }

// sameItem says that nothing changed. What has no revision always may have.
func sameItem[T any](a, b Item[T]) bool {
	return a.Revision != "" && a.Revision == b.Revision && sameUID(a, b)
}

// entryOf makes an entry with strings that pin nothing. Those of the entry before it are used again.
func (c *Cache[T]) entryOf(item Item[T], old *entry[T]) *entry[T] {
	if item.Err != nil {
		var none T
		item.Value = none
	}
	switch {
	case old != nil && item.UID == "":
		item.UID = old.item.UID // of what cannot be decoded; nothing says that it is another one
	case !c.opts.KeepStrings && old != nil && old.item.UID == item.UID:
		item.UID = old.item.UID
	case !c.opts.KeepStrings:
		item.UID = strings.Clone(item.UID)
	}
	if !c.opts.KeepStrings {
		item.Revision = strings.Clone(item.Revision)
		if old != nil {
			item.Key = old.item.Key
		} else {
			item.Key = strings.Clone(item.Key)
		}
	}
	return &entry[T]{item}
}

// passed takes note of an event that changes nothing: a stream that begins now goes on behind it all the same.
func (c *Cache[T]) passed(place string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Dropped++
	c.reach(place)
}

// reach notes where a stream goes on from the set as it is. The caller holds the lock.
func (c *Cache[T]) reach(place string) {
	if place != "" {
		c.state.Revision = place
	}
}

func (c *Cache[T]) dropped(n int64) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	c.stats.Dropped += n
	c.mu.Unlock()
}

// commit applies changes and queues them for the subscriptions, in one step for whoever reads or subscribes.
func (c *Cache[T]) commit(changes []change[T]) {
	var buffer [sliceSize][]move[T]
	moves := buffer[:0]
	for _, ch := range changes {
		moves = append(moves, c.moves(ch))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, ch := range changes {
		c.store(ch)
		for _, m := range moves[n] {
			m.apply(ch)
		}
		for _, s := range c.subscribers {
			s.push(ch)
		}
		if len(c.waiting) > 0 {
			c.wake(keyOf(ch))
		}
		c.reach(ch.place)
	}
}

// store applies a change to the maps and the order.
func (c *Cache[T]) store(ch change[T]) {
	if ch.old != nil && (ch.new == nil || ch.new.item.UID != ch.old.item.UID) && c.byUID[ch.old.item.UID] == ch.old {
		delete(c.byUID, ch.old.item.UID)
	}
	if ch.new == nil {
		delete(c.byKey, ch.old.item.Key)
		c.inOrder.remove(ch.old)
	} else {
		// A map takes the new key string along, when it is equal to the one it has.
		c.byKey[ch.new.item.Key] = ch.new
		c.inOrder.set(ch.new)
		if ch.new.item.UID != "" {
			c.byUID[ch.new.item.UID] = ch.new
		}
	}
	c.countChange(ch)
}

func (c *Cache[T]) countChange(ch change[T]) {
	if ch.old != nil && ch.old.item.Err != nil {
		c.undecodable--
	}
	if ch.new != nil && ch.new.item.Err != nil {
		c.undecodable++
	}
	switch {
	case ch.old == nil:
		c.stats.Added++
	case ch.new == nil:
		c.stats.Deleted++
	case ch.old.item.UID != ch.new.item.UID:
		c.stats.Deleted++
		c.stats.Added++
	default:
		c.stats.Modified++
	}
}

// untouched says that the cache is empty and no subscription was told anything: the first list can be made a set
// beside it.
func (c *Cache[T]) untouched() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, s := range c.subscribers {
		if !s.isVirgin() {
			return false
		}
	}
	return c.inOrder.length == 0
}

// fill makes the maps and trees of a whole set beside the empty ones, and puts them in their place. Subscriptions
// begin with the set then.
func (c *Cache[T]) fill(items []Item[T]) {
	entries := make([]*entry[T], len(items))
	byKey, byUID := make(map[string]*entry[T], len(items)), make(map[string]*entry[T], len(items))
	undecodable := 0
	for n := range items {
		e := c.entryOf(items[n], nil)
		entries[n] = e
		byKey[e.item.Key] = e
		if e.item.UID != "" {
			byUID[e.item.UID] = e
		}
		if e.item.Err != nil {
			undecodable++
		}
	}
	inOrder := &tree[*entry[T]]{compare: compareKeys[T]}
	inOrder.fill(entries)
	trees := make([]*tree[posting[T]], len(c.indexes))
	for n, x := range c.indexes {
		trees[n] = x.fillWith(entries)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byKey, c.byUID, c.inOrder, c.undecodable = byKey, byUID, inOrder, undecodable
	c.stats.Added += int64(len(entries))
	for n, x := range c.indexes {
		x.tree = trees[n]
	}
	for _, s := range c.subscribers {
		s.start(inOrder.snapshot())
	}
	for key := range c.waiting {
		c.wake(key)
	}
}

// SetState takes the state of the watcher. Subscriptions are told when the set is whole, and when it no longer is.
func (c *Cache[T]) SetState(_ context.Context, state State) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state
	close(c.told)
	c.told = make(chan struct{})
	switch {
	case c.announced && (!state.Synced || state.Phase == domain.SyncRebuilding):
		c.announced = false
		c.announce(domain.EventRebuilding)
	case !c.announced && state.Synced && state.Phase == domain.SyncLive:
		c.announced = true
		c.announce(domain.EventSynced)
	}
	return nil
}

func (c *Cache[T]) announce(what domain.EventType) {
	for _, s := range c.subscribers {
		s.announce(what, c.state)
	}
}
