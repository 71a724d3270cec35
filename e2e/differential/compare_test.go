package differential_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// facts are what is compared of an answer: a value for each path.
type facts map[string]string

// factsOf takes an answer apart. Texts for people are not compared.
func factsOf(a answer) facts {
	out := facts{"code": fmt.Sprint(a.code), "type": a.contentType}
	if a.contentType != typeJSON {
		if len(a.body) == 0 {
			out["type"] = "" // where there is no body, its type is of no account
		}
		return out
	}
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	var frames []any
	for {
		var frame any
		if decoder.Decode(&frame) != nil {
			break
		}
		frames = append(frames, frame)
	}
	frames = slices.DeleteFunc(frames, isTimed)
	for n, frame := range frames {
		at := "object"
		if m, _ := frame.(map[string]any); m["kind"] != nil {
			at = fmt.Sprint(m["kind"])
		}
		if len(frames) > 1 {
			at = fmt.Sprintf("frame[%d]", n)
		}
		out.add(at, frame)
	}
	return out
}

// isTimed says that a frame of a watch is there because of the time: a bookmark that ends no initial events.
func isTimed(frame any) bool {
	m, _ := frame.(map[string]any)
	object, _ := m["object"].(map[string]any)
	return m["type"] == "BOOKMARK" && field(object, "metadata", "annotations") == nil
}

func (f facts) add(path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		f.addMap(path, v)
	case []any:
		for n, element := range v {
			if text, ok := element.(string); ok && age.MatchString(text) {
				element = "some time"
			}
			f.add(path+"["+nameOf(n, element, v)+"]", element)
		}
		if len(v) == 0 {
			f[path] = "[]"
		}
	default:
		f[path] = fmt.Sprint(v)
	}
}

// ownUID is the uid of an owner, or of a pod, as a key.
var ownUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// age is a cell of a table that tells how old an object is.
var age = regexp.MustCompile(`^\d+[smh]$`)

func (f facts) addMap(path string, m map[string]any) {
	if m["kind"] == "Status" && m["apiVersion"] == "v1" {
		f.addStatus(path, m)
		return
	}
	if len(m) == 0 {
		f[path] = "{}"
	}
	for key, value := range m {
		at := path + "." + key
		switch {
		case defaulted(at):
		case erased(key) && value == "": // as good as none
		case erased(key), key == "name" && m["generateName"] != nil:
			f[at] = "set"
		case key == "fieldsV1":
			encoded, _ := json.Marshal(value) // it was JSON
			f[at] = ownUID.ReplaceAllString(string(encoded), "uid")
		default:
			f.add(at, value)
		}
	}
}

// addStatus adds a Status without its text: the causes are a set of type and field.
func (f facts) addStatus(path string, m map[string]any) {
	for _, key := range []string{"status", "reason", "code"} {
		f[path+"."+key] = fmt.Sprint(m[key])
	}
	details, _ := m["details"].(map[string]any)
	for _, key := range []string{"group", "kind", "name", "retryAfterSeconds"} {
		if value, ok := details[key]; ok {
			f[path+".details."+key] = fmt.Sprint(value)
		}
	}
	causes, _ := details["causes"].([]any)
	var list []string
	for _, cause := range causes {
		c, _ := cause.(map[string]any)
		list = append(list, fmt.Sprintf("%v %v", c["reason"], c["field"]))
	}
	slices.Sort(list)
	if len(list) > 0 {
		f[path+".details.causes"] = strings.Join(list, "; ")
	}
}

// nameOf names an element of a list by what it is known by, where that is something.
func nameOf(n int, element any, all []any) string {
	key := func(e any) string {
		m, _ := e.(map[string]any)
		switch {
		case m["manager"] != nil:
			return strings.TrimSpace(fmt.Sprintf("%v %v %v", m["manager"], m["operation"], orNone(m["subresource"])))
		case m["singularName"] != nil: // of a list of resources, whose order changes
			return fmt.Sprint(m["name"])
		case m["type"] != nil && m["status"] != nil:
			return fmt.Sprint(m["type"])
		}
		return ""
	}
	mine := key(element)
	if mine == "" {
		return fmt.Sprint(n)
	}
	same := 0
	for _, other := range all[:n] {
		if key(other) == mine {
			same++
		}
	}
	if same > 0 {
		return fmt.Sprintf("%s #%d", mine, same+1)
	}
	return mine
}

func orNone(value any) any {
	if value == nil {
		return ""
	}
	return value
}

// erased says that a field differs whenever it is written: only that it is there is compared.
func erased(key string) bool {
	switch key {
	case "uid", "migrationUid", "lastFailedVMIUID", "resourceVersion", "time", "lastTransitionTime", "lastProbeTime", "continue", "selfLink":
		return true
	}
	return strings.HasSuffix(key, "Timestamp")
}

// defaulted says that a field of a VM is one that KubeVirt's webhook draws by lot for a new VM
// (mutating-webhook/mutators/vm-mutator.go): the identity of its firmware.
func defaulted(path string) bool {
	return strings.HasSuffix(path, ".firmware.uuid") || strings.HasSuffix(path, ".firmware.serial")
}

// difference is a path at which the answers differ.
type difference struct{ path, real, simulated string }

func (d difference) String() string {
	return fmt.Sprintf("%s: real %s, simulated %s", d.path, or(d.real, "nothing"), or(d.simulated, "nothing"))
}

func differences(real, simulated answer) []difference {
	a, b := factsOf(real), factsOf(simulated)
	paths := maps.Clone(a)
	maps.Copy(paths, b)
	var out []difference
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if a[path] != b[path] {
			out = append(out, difference{path, a[path], b[path]})
		}
	}
	return out
}
