package store

import (
	"slices"
	"sort"
	"strings"
)

// chunkSize is how many objects one chunk holds at most. A write copies one chunk and the list of chunks, and for a
// hundred thousand objects both are of about this size.
const chunkSize = 256

// tree is an immutable set of objects in key order, in chunks of which none is empty.
type tree struct {
	chunks [][]*Object
	count  int
}

// chunkOf is the chunk in which key is or would be.
func (t *tree) chunkOf(key string) int {
	i := sort.Search(len(t.chunks), func(i int) bool { return t.chunks[i][0].Key > key })
	return max(0, i-1)
}

// find returns the chunk and the place in it of the first object whose key is not less than key.
func (t *tree) find(key string) (chunk, at int, found bool) {
	if len(t.chunks) == 0 {
		return 0, 0, false
	}
	chunk = t.chunkOf(key)
	at, found = slices.BinarySearchFunc(t.chunks[chunk], key, func(o *Object, key string) int { return strings.Compare(o.Key, key) })
	return chunk, at, found
}

func (t *tree) get(key string) *Object {
	chunk, at, found := t.find(key)
	if !found {
		return nil
	}
	return t.chunks[chunk][at]
}

// put returns a tree with o in place of the object of its key.
func (t *tree) put(o *Object) *tree {
	if len(t.chunks) == 0 {
		return &tree{chunks: [][]*Object{{o}}, count: 1}
	}
	chunk, at, found := t.find(o.Key)
	old := t.chunks[chunk]
	if found {
		changed := slices.Clone(old)
		changed[at] = o
		return t.with(chunk, 1, t.count, changed)
	}
	if last := chunk == len(t.chunks)-1 && at == len(old); last && len(old) >= chunkSize {
		return t.with(chunk, 1, t.count+1, old, []*Object{o}) // filling in order leaves full chunks behind
	}
	grown := make([]*Object, 0, len(old)+1)
	grown = append(append(append(grown, old[:at]...), o), old[at:]...)
	if len(grown) <= chunkSize {
		return t.with(chunk, 1, t.count+1, grown)
	}
	half := len(grown) / 2
	return t.with(chunk, 1, t.count+1, slices.Clone(grown[:half]), slices.Clone(grown[half:]))
}

// remove returns a tree without the object of that key, which must be there.
func (t *tree) remove(key string) *tree {
	chunk, at, _ := t.find(key)
	old := t.chunks[chunk]
	if len(old) == 1 {
		return t.with(chunk, 1, t.count-1)
	}
	rest := append(slices.Clone(old[:at]), old[at+1:]...)
	if next := chunk + 1; next < len(t.chunks) && len(rest)+len(t.chunks[next]) <= chunkSize/2 {
		return t.with(chunk, 2, t.count-1, append(rest, t.chunks[next]...))
	}
	return t.with(chunk, 1, t.count-1, rest)
}

// with returns a tree with others in place of n chunks.
func (t *tree) with(chunk, n, count int, others ...[]*Object) *tree {
	chunks := make([][]*Object, 0, len(t.chunks)-n+len(others))
	chunks = append(append(append(chunks, t.chunks[:chunk]...), others...), t.chunks[chunk+n:]...)
	return &tree{chunks: chunks, count: count}
}
