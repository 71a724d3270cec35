package mock

import (
	"slices"
	"strings"
)

// index keeps the VMs of a cluster in the order of their keys. It is a list of sorted chunks: an insert moves the
// records of one chunk only, and a page is found by two binary searches and read off in a row.
type index struct{ chunks [][]*record }

// chunkSize is when a chunk is cut in two.
const chunkSize = 256

// chunk finds the chunk that an order belongs into: the last one that begins at or before it.
func (x *index) chunk(order string) int {
	n, exact := slices.BinarySearchFunc(x.chunks, order, func(chunk []*record, order string) int {
		return strings.Compare(chunk[0].order, order)
	})
	if !exact && n > 0 {
		n--
	}
	return n
}

func search(chunk []*record, order string) (int, bool) {
	return slices.BinarySearchFunc(chunk, order, func(r *record, order string) int { return strings.Compare(r.order, order) })
}

func (x *index) insert(r *record) {
	if len(x.chunks) == 0 {
		x.chunks = [][]*record{{r}}
		return
	}
	n := x.chunk(r.order)
	at, _ := search(x.chunks[n], r.order)
	chunk := slices.Insert(x.chunks[n], at, r)
	x.chunks[n] = chunk
	if len(chunk) >= chunkSize {
		half := slices.Clone(chunk[chunkSize/2:])
		clear(chunk[chunkSize/2:])
		x.chunks[n] = chunk[:chunkSize/2]
		x.chunks = slices.Insert(x.chunks, n+1, half)
	}
}

func (x *index) remove(order string) {
	if len(x.chunks) == 0 {
		return
	}
	n := x.chunk(order)
	at, found := search(x.chunks[n], order)
	if !found {
		return
	}
	x.chunks[n] = slices.Delete(x.chunks[n], at, at+1)
	if len(x.chunks[n]) == 0 {
		x.chunks = slices.Delete(x.chunks, n, n+1)
	}
}

// after yields the records behind an order, in order. The index must not change meanwhile.
func (x *index) after(order string) func(yield func(*record) bool) {
	return func(yield func(*record) bool) {
		if len(x.chunks) == 0 {
			return
		}
		n := x.chunk(order)
		at, found := search(x.chunks[n], order)
		if found {
			at++
		}
		for ; n < len(x.chunks); n, at = n+1, 0 {
			for _, r := range x.chunks[n][at:] {
				if !yield(r) {
					return
				}
			}
		}
	}
}
