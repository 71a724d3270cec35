// Package jsontree walks and edits JSON values as apimachinery holds them: string, bool, int64, float64, nil, []any and
// map[string]any.
package jsontree

import (
	"maps"
	"slices"
)

// Object is a JSON object.
type Object = map[string]any

// Make walks down objects and makes those that are missing; a value of another type on the way is replaced.
func Make(o Object, path ...string) Object {
	for _, key := range path {
		next, ok := o[key].(Object)
		if !ok {
			next = Object{}
			o[key] = next
		}
		o = next
	}
	return o
}

// At walks down objects, and returns nil where there is no way.
func At(o Object, path ...string) any {
	var value any = o
	for _, key := range path {
		next, ok := value.(Object)
		if !ok {
			return nil
		}
		value = next[key]
	}
	return value
}

// List is At for a list; nil where there is none.
func List(o Object, path ...string) []any {
	found, _ := At(o, path...).([]any)
	return found
}

// Clone copies a value with all that is in it.
func Clone(value any) any {
	switch value := value.(type) {
	case Object:
		c := maps.Clone(value)
		for key := range c {
			c[key] = Clone(c[key])
		}
		return c
	case []any:
		c := slices.Clone(value)
		for n := range c {
			c[n] = Clone(c[n])
		}
		return c
	default:
		return value
	}
}

// ElementName is the name of an element of one of a VM's lists; a DataVolume template's stands in its metadata.
func ElementName(element any) string {
	object, _ := element.(Object)
	if name, ok := object["name"].(string); ok {
		return name
	}
	name, _ := At(object, "metadata", "name").(string)
	return name
}
