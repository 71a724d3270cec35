package store

import (
	"maps"
	"slices"
	"strings"
)

// Labels are an object's labels, sorted by key. They have the methods of apimachinery's labels.Labels; a map would take
// several times their bytes.
type Labels []Label

// Label is one of them.
type Label struct{ Key, Value string }

func labelsOf(m map[string]string) Labels {
	if len(m) == 0 {
		return nil
	}
	labels := make(Labels, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		labels = append(labels, Label{key, m[key]})
	}
	return labels
}

// Lookup returns the value of a label, and whether there is one.
func (l Labels) Lookup(key string) (string, bool) {
	i, found := slices.BinarySearchFunc(l, key, func(label Label, key string) int { return strings.Compare(label.Key, key) })
	if !found {
		return "", false
	}
	return l[i].Value, true
}

// Has says whether there is a label of that key.
func (l Labels) Has(key string) bool {
	_, found := l.Lookup(key)
	return found
}

// Get returns the value of a label, empty if there is none.
func (l Labels) Get(key string) string {
	value, _ := l.Lookup(key)
	return value
}
