package watcher

import (
	"iter"
	"slices"
	"sync/atomic"
)

// chunkSize is the most elements of a chunk: a copy of a chunk is what a write costs after a snapshot.
const chunkSize = 128

// tree is a sorted set of two levels: chunks in order, elements in order. A snapshot of it costs nothing; writes copy
// what a snapshot can see before they change it. Elements that compare as equal replace each other.
//
// Snapshots may be taken at once by many; writes need an exclusive lock over both.
type tree[E any] struct {
	compare func(a, b E) int
	chunks  []*chunk[E]
	// generation counts the snapshots. What is older may be seen by one.
	generation atomic.Uint64
	owned      uint64 // generation of the slice of chunks
	length     int
}

type chunk[E any] struct {
	elements   []E
	generation uint64
}

// snapshot is a tree as it was.
type snapshot[E any] struct {
	chunks []*chunk[E]
	length int
}

// snapshot returns the tree as it is now, for ever.
func (t *tree[E]) snapshot() snapshot[E] {
	t.generation.Add(1)
	return snapshot[E]{t.chunks, t.length}
}

// fill puts sorted elements, each another one, into an empty tree.
func (t *tree[E]) fill(sorted []E) {
	generation := t.generation.Load()
	t.chunks = make([]*chunk[E], 0, len(sorted)/chunkSize+1)
	for part := range slices.Chunk(sorted, chunkSize) {
		t.chunks = append(t.chunks, &chunk[E]{slices.Clone(part), generation})
	}
	t.owned, t.length = generation, len(sorted)
}

// find returns the first place whose element e is not greater than what order compares with.
func find[E any](chunks []*chunk[E], order func(E) int) (at, n int, found bool) {
	at, first := slices.BinarySearchFunc(chunks, order, func(c *chunk[E], order func(E) int) int {
		return order(c.elements[0])
	})
	if first || at == 0 {
		return at, 0, first
	}
	n, found = slices.BinarySearchFunc(chunks[at-1].elements, order, func(e E, order func(E) int) int { return order(e) })
	return at - 1, n, found
}

// locate finds the element that is equal to e, or the place where it belongs.
func (t *tree[E]) locate(e E) (at, n int, found bool) {
	return find(t.chunks, func(other E) int { return t.compare(other, e) })
}

// set puts e in, in place of what is equal to it.
func (t *tree[E]) set(e E) {
	at, n, found := t.locate(e)
	switch {
	case found:
		t.writable(at).elements[n] = e
		return
	case len(t.chunks) == 0:
		t.top()
		t.chunks = append(t.chunks, &chunk[E]{[]E{e}, t.generation.Load()})
	case len(t.chunks[at].elements) < chunkSize:
		c := t.writable(at)
		c.elements = slices.Insert(c.elements, n, e)
	default:
		t.split(at, n, e)
	}
	t.length++
}

// split puts e into a full chunk. At the end of it a new chunk begins, so that what comes in order fills chunks.
func (t *tree[E]) split(at, n int, e E) {
	t.top()
	left, right := t.chunks[at], &chunk[E]{generation: t.generation.Load()}
	if n == chunkSize {
		right.elements = []E{e}
	} else {
		const half = chunkSize / 2
		right.elements = append(make([]E, 0, chunkSize), left.elements[half:]...)
		left = &chunk[E]{append(make([]E, 0, chunkSize), left.elements[:half]...), right.generation}
		t.chunks[at] = left
		if n <= half {
			left.elements = slices.Insert(left.elements, n, e)
		} else {
			right.elements = slices.Insert(right.elements, n-half, e)
		}
	}
	t.chunks = slices.Insert(t.chunks, at+1, right)
}

// remove takes out what is equal to e.
func (t *tree[E]) remove(e E) {
	at, n, found := t.locate(e)
	if !found {
		return
	}
	t.length--
	c := t.writable(at)
	c.elements = slices.Delete(c.elements, n, n+1)
	if len(c.elements) == 0 {
		t.chunks = slices.Delete(t.chunks, at, at+1)
		return
	}
	if at+1 < len(t.chunks) && len(c.elements)+len(t.chunks[at+1].elements) <= chunkSize/2 {
		c.elements = append(c.elements, t.chunks[at+1].elements...)
		t.chunks = slices.Delete(t.chunks, at+1, at+2)
	}
}

// top makes the slice of chunks writable.
func (t *tree[E]) top() {
	if generation := t.generation.Load(); t.owned != generation {
		t.chunks, t.owned = slices.Clone(t.chunks), generation
	}
}

// writable makes one chunk writable.
func (t *tree[E]) writable(at int) *chunk[E] {
	t.top()
	c := t.chunks[at]
	if c.generation != t.owned {
		c = &chunk[E]{slices.Clone(c.elements), t.owned}
		t.chunks[at] = c
	}
	return c
}

// from walks from the first element that is not before what order compares with.
func (s snapshot[E]) from(order func(E) int) iter.Seq[E] {
	return func(yield func(E) bool) {
		at, n, _ := find(s.chunks, order)
		for ; at < len(s.chunks); at, n = at+1, 0 {
			for _, e := range s.chunks[at].elements[n:] {
				if !yield(e) {
					return
				}
			}
		}
	}
}
