package store

import (
	"iter"
	"strings"
)

// Snapshot is the state of one table at one revision.
type Snapshot struct {
	// Revision is that of the whole store for the present state, and the one that was asked for otherwise.
	Revision uint64

	tree  *tree
	table *Table
}

// Len is the number of all objects.
func (s Snapshot) Len() int { return s.tree.count }

// Get returns the object of that key, or nil.
func (s Snapshot) Get(key string) *Object { return s.tree.get(key) }

// Range yields, in order, the objects whose keys begin with prefix and are not less than start.
func (s Snapshot) Range(prefix, start string) iter.Seq[*Object] {
	return func(yield func(*Object) bool) {
		chunk, at, _ := s.tree.find(max(prefix, start))
		for ; chunk < len(s.tree.chunks); chunk, at = chunk+1, 0 {
			for _, o := range s.tree.chunks[chunk][at:] {
				if !strings.HasPrefix(o.Key, prefix) || !yield(o) {
					return
				}
			}
		}
	}
}

// Count is the number of objects that Range yields, without visiting them.
func (s Snapshot) Count(prefix, start string) int {
	return s.tree.before(afterPrefix(prefix), s.tree.count) - s.tree.before(max(prefix, start), 0)
}

// before is the number of objects with a lesser key; ifEmpty that of the empty key.
func (t *tree) before(key string, ifEmpty int) int {
	if key == "" {
		return ifEmpty
	}
	chunk, at, _ := t.find(key)
	for _, c := range t.chunks[:min(chunk, len(t.chunks))] {
		at += len(c)
	}
	return at
}

// afterPrefix is the least key behind all that begin with prefix; empty if there is none.
func afterPrefix(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}

// Pin keeps the state for [Options.KeepFor] from now, whatever is written meanwhile: for a list whose rest will be
// asked for. Only the most recent pins are kept.
func (s Snapshot) Pin() { s.table.pin(s) }
