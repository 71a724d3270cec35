package selector

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

type operator int

const (
	opIn operator = iota // = and == are in with one value
	opNotIn
	opExists
	opNotExists
	opGreater
	opLess
)

// requirement is one condition on one label.
type requirement struct {
	key    string
	op     operator
	values []string // sorted, without repetition; one for opGreater and opLess
	number int64    // of opGreater and opLess
}

// Selector is a parsed label selector. The zero value selects everything. It is immutable, and safe for concurrent use.
type Selector struct{ requirements []requirement }

// canonical sorts requirements and drops repeated ones, so that equal selectors print alike.
func canonical(requirements []requirement) Selector {
	slices.SortFunc(requirements, compare)
	requirements = slices.CompactFunc(requirements, func(a, b requirement) bool { return compare(a, b) == 0 })
	return Selector{requirements}
}

func compare(a, b requirement) int {
	return cmp.Or(
		strings.Compare(a.key, b.key),
		cmp.Compare(a.op, b.op),
		slices.Compare(a.values, b.values),
	)
}

// Empty says that the selector selects everything.
func (s Selector) Empty() bool { return len(s.requirements) == 0 }

// Matches says whether an object with these labels is selected: all requirements must hold.
func (s Selector) Matches(labels map[string]string) bool {
	for _, r := range s.requirements {
		if !r.matches(labels) {
			return false
		}
	}
	return true
}

// matches holds for != and notin also where the label is missing, as in Kubernetes.
func (r requirement) matches(labels map[string]string) bool {
	value, exists := labels[r.key]
	switch r.op {
	case opIn:
		return exists && slices.Contains(r.values, value)
	case opNotIn:
		return !exists || !slices.Contains(r.values, value)
	case opExists:
		return exists
	case opNotExists:
		return !exists
	default:
		n, err := strconv.ParseInt(value, 10, 64)
		return exists && err == nil && (r.op == opGreater && n > r.number || r.op == opLess && n < r.number)
	}
}

// String returns the canonical form: sorted, one spelling for one meaning. [Parse] of it is the same selector.
func (s Selector) String() string {
	var b strings.Builder
	for i, r := range s.requirements {
		if i > 0 {
			b.WriteByte(',')
		}
		r.write(&b)
	}
	return b.String()
}

func (r requirement) write(b *strings.Builder) {
	if r.op == opNotExists {
		b.WriteByte('!')
	}
	b.WriteString(r.key)
	switch {
	case r.op == opIn && len(r.values) == 1:
		b.WriteString("=" + r.values[0])
	case r.op == opNotIn && len(r.values) == 1:
		b.WriteString("!=" + r.values[0])
	case r.op == opIn:
		b.WriteString(" in (" + strings.Join(r.values, ",") + ")")
	case r.op == opNotIn:
		b.WriteString(" notin (" + strings.Join(r.values, ",") + ")")
	case r.op == opGreater:
		b.WriteString(">" + r.values[0])
	case r.op == opLess:
		b.WriteString("<" + r.values[0])
	}
}
