package watcher

import (
	"slices"
	"strings"
)

// IndexFunc returns the values under which an object is to be found. It must be pure: what it said of an object is how
// the object is found again when it goes. It is called while no lock is held.
type IndexFunc[T any] func(value T) []string

// entry is one object of a cache. It never changes; a change of the object is another entry.
type entry[T any] struct{ item Item[T] }

func compareKeys[T any](a, b *entry[T]) int { return strings.Compare(a.item.Key, b.item.Key) }

// posting is an object under one value of an index.
type posting[T any] struct {
	value string
	entry *entry[T]
}

func comparePostings[T any](a, b posting[T]) int {
	if n := strings.Compare(a.value, b.value); n != 0 {
		return n
	}
	return compareKeys(a.entry, b.entry)
}

// index finds objects by values, sorted by value and key, so that it also finds those whose value has a prefix.
// One tree for all values: most values of most indexes have few objects.
type index[T any] struct {
	of   IndexFunc[T]
	tree *tree[posting[T]]
}

// values asks the function; what cannot be decoded has no values.
func (x *index[T]) values(e *entry[T]) []string {
	if e == nil || e.item.Err != nil {
		return nil
	}
	return x.of(e.item.Value)
}

// move is what a change does to one index.
type move[T any] struct {
	index    *index[T]
	old, new []string
}

// moves asks the index functions before a lock is taken: they are foreign code.
func (c *Cache[T]) moves(ch change[T]) []move[T] {
	if len(c.indexes) == 0 {
		return nil
	}
	m := make([]move[T], 0, len(c.indexes))
	for _, x := range c.indexes {
		m = append(m, move[T]{x, x.values(ch.old), x.values(ch.new)})
	}
	return m
}

// apply lets an index follow a change.
func (m move[T]) apply(ch change[T]) {
	for _, value := range m.old {
		if !slices.Contains(m.new, value) {
			m.index.tree.remove(posting[T]{value, ch.old})
		}
	}
	for _, value := range m.new {
		m.index.tree.set(posting[T]{value, ch.new})
	}
}

// fillWith makes the tree of an index for a whole set.
func (x *index[T]) fillWith(entries []*entry[T]) *tree[posting[T]] {
	var postings []posting[T]
	for _, e := range entries {
		for _, value := range x.values(e) {
			postings = append(postings, posting[T]{value, e})
		}
	}
	slices.SortFunc(postings, comparePostings)
	postings = slices.CompactFunc(postings, func(a, b posting[T]) bool { return comparePostings(a, b) == 0 })
	t := &tree[posting[T]]{compare: comparePostings[T]}
	t.fill(postings)
	return t
}
