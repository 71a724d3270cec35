package kubevirt

import (
	"encoding/json"
	"strings"

	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
)

// ownedBy returns the part of a live object that a field manager has applied: what it must send again, since an apply
// removes what its manager owned and leaves out. The object is as the server sent it, unknown fields included; typed
// objects would lose those of a newer KubeVirt.
func ownedBy(live map[string]any, manager string) map[string]any {
	owned := map[string]any{}
	meta, _ := live["metadata"].(map[string]any)
	entries, _ := meta["managedFields"].([]any)
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		if entry["manager"] != manager || entry["operation"] != "Apply" || entry["subresource"] != nil {
			continue
		}
		if fields, ok := entry["fieldsV1"].(map[string]any); ok {
			if part, ok := pick(live, fields).(map[string]any); ok {
				owned = part
			}
		}
	}
	return owned
}

// pick copies from a value what a set of fields names. The set is in the form of metadata.managedFields: "f:NAME" a
// field, "k:{...}" the list element with these keys, "v:..." the list element with this value, "." the container
// itself; a leaf is empty and means everything below.
func pick(value any, fields map[string]any) any {
	if len(fields) == 0 {
		return jsontree.Clone(value)
	}
	switch value := value.(type) {
	case map[string]any:
		part := map[string]any{}
		for name, below := range fields {
			field, ok := strings.CutPrefix(name, "f:")
			inner, exists := value[field]
			if set, isSet := below.(map[string]any); ok && exists && isSet {
				part[field] = pick(inner, set)
			}
		}
		return part
	case []any:
		part := []any{}
		for _, element := range value {
			for name, below := range fields {
				if set, isSet := below.(map[string]any); isSet && isNamed(name, element) {
					part = append(part, pickElement(name, element, set))
					break
				}
			}
		}
		return part
	default:
		return value
	}
}

// isNamed says whether the name of a list element in a set of fields is that of the element.
func isNamed(name string, element any) bool {
	if text, ok := strings.CutPrefix(name, "v:"); ok {
		var want any
		return json.Unmarshal([]byte(text), &want) == nil && equalJSON(want, element)
	}
	text, ok := strings.CutPrefix(name, "k:")
	var keys map[string]any
	object, isObject := element.(map[string]any)
	if !ok || !isObject || json.Unmarshal([]byte(text), &keys) != nil {
		return false
	}
	for key, want := range keys {
		if !equalJSON(want, object[key]) {
			return false
		}
	}
	return true
}

// pickElement is pick for a list element, whose keys belong to it whether they are named or not.
func pickElement(name string, element any, fields map[string]any) any {
	picked := pick(element, fields)
	part, ok := picked.(map[string]any)
	object, isObject := element.(map[string]any)
	if !ok || !isObject {
		return picked
	}
	var keys map[string]any
	if json.Unmarshal([]byte(strings.TrimPrefix(name, "k:")), &keys) == nil {
		for key := range keys {
			part[key] = jsontree.Clone(object[key])
		}
	}
	return part
}

// equalJSON compares two JSON values by their text, since numbers come in several Go types.
func equalJSON(a, b any) bool {
	left, err := json.Marshal(a)
	if err != nil {
		return false
	}
	right, err := json.Marshal(b)
	return err == nil && string(left) == string(right)
}
