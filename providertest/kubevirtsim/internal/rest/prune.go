package rest

import (
	"slices"
	"strconv"
)

// prune removes the fields that a schema does not know, in place, and returns their paths in order
// (apiextensions-apiserver v0.34 apiserver/schema/pruning/algorithm.go).
func (s *Schema) prune(object map[string]any) []string {
	if s == nil {
		return nil
	}
	p := pruner{}
	p.fields(s, object, "", func(key string) bool { return key == "apiVersion" || key == "kind" || key == "metadata" })
	if metadata, ok := object["metadata"].(map[string]any); ok {
		p.value(metadataSchema(), metadata, "metadata")
	}
	slices.Sort(p.unknown)
	return p.unknown
}

// pruner notes what it removes.
type pruner struct{ unknown []string }

func (p *pruner) value(s *Schema, v any, path string) {
	switch v := v.(type) {
	case map[string]any:
		p.fields(s, v, path, func(string) bool { return false })
	case []any:
		if s.Items == nil {
			return
		}
		for i, item := range v {
			p.value(s.Items, item, path+"["+strconv.Itoa(i)+"]")
		}
	}
}

func (p *pruner) fields(s *Schema, object map[string]any, path string, skip func(key string) bool) {
	if path != "" {
		path += "."
	}
	for key, v := range object {
		if skip(key) {
			continue
		}
		field, known := s.Properties[key]
		switch {
		case known:
			p.value(field, v, path+key)
		case s.AdditionalProperties != nil:
			p.value(s.AdditionalProperties, v, path+key)
		case s.PreserveUnknown || s.Type != "object":
		default:
			delete(object, key)
			p.unknown = append(p.unknown, path+key)
		}
	}
}
