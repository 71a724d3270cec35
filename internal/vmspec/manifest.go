package vmspec

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// The version and kind of object that a manifest is.
const (
	ManifestAPIVersion = "kubevirt.io/v1"
	ManifestKind       = "VirtualMachine"
)

// lists are the lists that typed fields are merged into by element name, with the path of the name in an element.
var lists = []struct {
	path []string
	name []string
}{
	{[]string{"spec", "dataVolumeTemplates"}, []string{"metadata", "name"}},
	{[]string{"spec", "template", "spec", "domain", "devices", "disks"}, []string{"name"}},
	{[]string{"spec", "template", "spec", "domain", "devices", "interfaces"}, []string{"name"}},
	{[]string{"spec", "template", "spec", "networks"}, []string{"name"}},
	{[]string{"spec", "template", "spec", "volumes"}, []string{"name"}},
	{[]string{"spec", "template", "spec", "tolerations"}, nil},
}

// objects are the objects that typed fields are merged into.
var objects = [][]string{
	{"metadata"}, {"spec"}, {"spec", "instancetype"}, {"spec", "preference"},
	{"spec", "template"}, {"spec", "template", "metadata"}, {"spec", "template", "spec"},
	{"spec", "template", "spec", "domain"}, {"spec", "template", "spec", "domain", "cpu"},
	{"spec", "template", "spec", "domain", "memory"}, {"spec", "template", "spec", "domain", "devices"},
	{"spec", "template", "spec", "domain", "resources"},
	{"spec", "template", "spec", "domain", "resources", "requests"},
	{"spec", "template", "spec", "domain", "resources", "limits"},
}

// manifest parses a manifest and checks what every use of it needs. What it returns can be walked without surprises:
// what has the wrong type was removed.
func (c *checker) manifest(raw json.RawMessage) object {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if len(raw) > MaxManifest {
		c.add("manifest", domain.FieldTooLong, "more than 1 MiB")
		return nil
	}
	m, duplicates, err := decodeObject(raw)
	if err != nil {
		c.add("manifest", domain.FieldInvalid, err.Error())
		return nil
	}
	for _, field := range duplicates {
		c.add(field, domain.FieldDuplicate, "stands twice")
	}
	c.isWord(m, "apiVersion", ManifestAPIVersion)
	c.isWord(m, "kind", ManifestKind)
	for _, path := range objects {
		c.isObject(m, path)
	}
	c.isMetadata(m, "metadata")
	c.isMetadata(m, "spec", "template", "metadata")
	c.isStringMap(m, "spec", "template", "spec", "nodeSelector")
	for _, list := range lists {
		c.isList(m, list.path, list.name)
	}
	c.isRunField(child(m, "spec"))
	return m
}

// isWord checks a top-level word that may be missing.
func (c *checker) isWord(m object, key, want string) {
	if got, ok := m[key]; ok && got != want {
		c.add("manifest."+key, domain.FieldNotSupported, want)
	}
}

func (c *checker) isObject(m object, path []string) {
	parent := child(m, path[:len(path)-1]...)
	key := path[len(path)-1]
	value, ok := parent[key]
	if !ok {
		return
	}
	if _, ok := value.(object); !ok {
		if value != nil { // null is what many printers write for "not set"
			c.add(pathOf(path...), domain.FieldInvalid, "not an object")
		}
		delete(parent, key)
	}
}

func (c *checker) isMetadata(m object, path ...string) {
	labels := append(path[:len(path):len(path)], "labels")
	c.errs = append(c.errs, names.Labels(pathOf(labels...), c.isStringMap(m, labels...))...)
	annotations := append(path[:len(path):len(path)], "annotations")
	c.errs = append(c.errs, names.Annotations(pathOf(annotations...), c.isStringMap(m, annotations...))...)
}

func (c *checker) isStringMap(m object, path ...string) map[string]string {
	c.isObject(m, path)
	o := child(m, path...)
	texts := make(map[string]string, len(o))
	for key, value := range o {
		s, ok := value.(string)
		if !ok {
			c.add(names.Element(pathOf(path...), key), domain.FieldInvalid, "not a string")
			delete(o, key)
			continue
		}
		texts[key] = s
	}
	return texts
}

func (c *checker) isList(m object, path, name []string) {
	parent := child(m, path[:len(path)-1]...)
	key := path[len(path)-1]
	value, ok := parent[key]
	if !ok {
		return
	}
	list, ok := value.([]any)
	if !ok {
		if value != nil {
			c.add(pathOf(path...), domain.FieldInvalid, "not a list")
		}
		delete(parent, key)
		return
	}
	seen := map[string]bool{}
	for n, element := range list {
		field := fmt.Sprintf("%s[%d]", pathOf(path...), n)
		o, ok := element.(object)
		if !ok {
			c.add(field, domain.FieldInvalid, "not an object")
			continue
		}
		if name == nil {
			continue
		}
		s, _ := child(o, name[:len(name)-1]...)[name[len(name)-1]].(string)
		if s == "" {
			c.add(field+"."+joined(name), domain.FieldRequired, "")
		} else if seen[s] {
			c.add(field+"."+joined(name), domain.FieldDuplicate, "")
		}
		seen[s] = true
	}
}

func (c *checker) isRunField(spec object) {
	if running, ok := spec["running"]; ok {
		if running == nil {
			delete(spec, "running")
		} else if _, ok := running.(bool); !ok {
			c.add("manifest.spec.running", domain.FieldInvalid, "not true or false")
			delete(spec, "running")
		}
	}
	if strategy, ok := spec["runStrategy"]; ok {
		if strategy == nil {
			delete(spec, "runStrategy")
		} else if _, ok := strategy.(string); !ok {
			c.add("manifest.spec.runStrategy", domain.FieldInvalid, "not a string")
			delete(spec, "runStrategy")
		}
	}
}

// manifestIdentity refuses a manifest of another VM than the spec's.
func (c *checker) manifestIdentity(opts Options, spec domain.VMSpec, manifest object) {
	metadata := child(manifest, "metadata")
	if name, ok := metadata["name"]; ok && name != nil && name != spec.Name {
		c.add("manifest.metadata.name", domain.FieldContradicts, "with name")
	}
	namespace, ok := metadata["namespace"]
	if ok && namespace != nil && opts.Namespace != "" && namespace != opts.Namespace {
		c.add("manifest.metadata.namespace", domain.FieldContradicts, "with the namespace of the call")
	}
}

func manifestRunStrategy(manifest object) domain.RunStrategy {
	spec := child(manifest, "spec")
	if strategy, ok := spec["runStrategy"].(string); ok {
		return domain.RunStrategy(strategy)
	}
	switch spec["running"] {
	case true:
		return domain.RunStrategyAlways
	case false:
		return domain.RunStrategyHalted
	}
	return ""
}

// child walks down objects; nil when one of them is missing. A nil object may be read.
func child(o object, path ...string) object {
	for _, key := range path {
		o, _ = o[key].(object)
	}
	return o
}

func domainOf(manifest object) object { return child(manifest, "spec", "template", "spec", "domain") }

func pathOf(path ...string) string { return "manifest." + joined(path) }

func joined(path []string) string { return strings.Join(path, ".") }
