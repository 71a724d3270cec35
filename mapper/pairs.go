package mapper

import (
	"cmp"
	"slices"
)

// pair is a label, an annotation, or an element of any other map of strings.
type pair struct{ key, value string }

// pairs are a map of strings as a view keeps it, so that a record lists them in one order: that of the keys.
type pairs []pair

// pairsOf takes those of a map that keep says; nil keeps all.
func pairsOf(in map[string]string, keep func(key string) bool) pairs {
	if len(in) == 0 {
		return nil
	}
	out := make(pairs, 0, len(in))
	for key, value := range in {
		if keep == nil || keep(key) {
			out = append(out, pair{key, value})
		}
	}
	return out.sorted()
}

// sorted puts pairs in order, in place; of those with one key the last counts, as it does in a JSON object.
func (p pairs) sorted() pairs {
	if inOrder(p) {
		return p
	}
	slices.SortStableFunc(p, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	kept := p[:0]
	for n := range p {
		if n+1 == len(p) || p[n].key != p[n+1].key {
			kept = append(kept, p[n])
		}
	}
	clear(p[len(kept):])
	return kept
}

func inOrder(p pairs) bool {
	for n := 1; n < len(p); n++ {
		if p[n-1].key >= p[n].key {
			return false
		}
	}
	return true
}

// toMap makes a map; nil of none.
func (p pairs) toMap() map[string]string {
	if len(p) == 0 {
		return nil
	}
	out := make(map[string]string, len(p))
	for n := range p {
		out[p[n].key] = p[n].value
	}
	return out
}

// pairs walks a map of strings.
func (c *coder) pairs(p *pairs) {
	if c.mode != reading {
		for n := range *p {
			(*p)[n] = pair{value((*p)[n].key), value((*p)[n].value)}
		}
		*p = p.sorted() // cleaning can make two keys one, or turn their order
	}
	list(c, (*[]pair)(p), func(p *pair, c *coder) {
		c.str(&p.key)
		c.str(&p.value)
	})
}
