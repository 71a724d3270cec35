package mapper

import "github.com/kv-shepherd/shepherd-go/internal/jsontree"

// object is a JSON object.
type object = jsontree.Object

// setAll adds strings to the map under a key; without any it leaves the map alone.
func setAll(o object, key string, texts map[string]string) {
	if len(texts) == 0 {
		return
	}
	target := jsontree.Make(o, key)
	for k, v := range texts {
		target[k] = v
	}
}

func setText(o object, key, s string) {
	if s != "" {
		o[key] = s
	}
}

// named returns the element of a list that has a name under its path, and makes it at the end when there is none.
func named(parent object, list, name string, path ...string) object {
	elements, _ := parent[list].([]any)
	last := len(path) - 1
	for _, element := range elements {
		if o, ok := element.(object); ok && jsontree.Make(o, path[:last]...)[path[last]] == name {
			return o
		}
	}
	o := object{}
	jsontree.Make(o, path[:last]...)[path[last]] = name
	parent[list] = append(elements, o)
	return o
}

// only makes key the one of the alternatives that an object has, and returns its value; a value it has already stays.
func only(o object, key string, alternatives ...string) object {
	for _, other := range alternatives {
		if other != key {
			delete(o, other)
		}
	}
	return jsontree.Make(o, key)
}
