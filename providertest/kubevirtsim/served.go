package kubevirtsim

import (
	_ "embed" // served.csv and fields.csv
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kv-shepherd/shepherd-go/capability"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// servedCSV has the API versions of each resource by minor, the preferred one first. It was read off KubeVirt's crds.go at
// the newest patch of each minor; the evidence is the place there. The versions of kubevirt.io's own resources are one
// list for all (ApiSupportedVersions of kubevirt.io/api/core/v1/register.go).
//
//go:embed served.csv
var servedCSV string

// fieldsCSV has the fields of KubeVirt's API that are younger than 1.3, by Go type, with the minor that has them first. It
// was read off kubevirt.io/api at the newest patch of each minor; the evidence is the place in 1.9.0.
//
//go:embed fields.csv
var fieldsCSV string

// servedVersions are the versions of a resource in one minor.
type servedVersions struct {
	served []string
	stored string
}

// servedTable is served.csv, read once.
var servedTable = sync.OnceValue(func() map[capability.Version]map[schema.GroupResource]servedVersions {
	table := map[capability.Version]map[schema.GroupResource]servedVersions{}
	for _, row := range rowsOf("served.csv", servedCSV) { // minor, group, plural, served, stored, evidence
		minor := minorOf("served.csv", row[0])
		if table[minor] == nil {
			table[minor] = map[schema.GroupResource]servedVersions{}
		}
		table[minor][schema.GroupResource{Group: row[1], Resource: row[2]}] = servedVersions{strings.Fields(row[3]), row[4]}
	}
	return table
})

// typeField is a field of one of KubeVirt's Go types.
type typeField struct{ pkg, name, field string }

// fieldsTable is fields.csv, read once: the minor that has a field first.
var fieldsTable = sync.OnceValue(func() map[typeField]capability.Version {
	table := map[typeField]capability.Version{}
	for _, row := range rowsOf("fields.csv", fieldsCSV) { // package, type, field, since, evidence
		table[typeField{"kubevirt.io/api/" + row[0], row[1], row[2]}] = minorOf("fields.csv", row[3])
	}
	return table
})

// rowsOf reads a table that is compiled in, and tested.
func rowsOf(name, text string) [][]string {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	return rows[1:]
}

func minorOf(name, text string) capability.Version {
	v, err := capability.ParseVersion(text)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
	return v
}

// served are the versions in which a resource of KubeVirt's is served, and the one in which it is stored.
func (v version) served(group, plural string) (versions []string, stored string) {
	found := servedTable()[v.minor][schema.GroupResource{Group: group, Resource: plural}]
	return found.served, found.stored
}

// schemaKey tells schemas apart that are read once for all servers: they are the larger part of a server's start.
type schemaKey struct {
	object reflect.Type
	minor  capability.Version
}

var schemas sync.Map // schemaKey to *rest.Schema

// schemaOf is the schema of an API type as the minor knows it, without the fields that came later.
func (v version) schemaOf(object any) *rest.Schema {
	key := schemaKey{reflect.TypeOf(object), v.minor}
	if made, ok := schemas.Load(key); ok {
		return made.(*rest.Schema)
	}
	s := rest.SchemaOf(object)
	v.forget(s, key.object)
	kept, _ := schemas.LoadOrStore(key, s)
	return kept.(*rest.Schema)
}

// forget takes the fields out of a schema that the minor does not know yet.
func (v version) forget(s *rest.Schema, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		v.forget(s, t.Elem())
	case reflect.Slice, reflect.Array:
		if s.Items != nil {
			v.forget(s.Items, t.Elem())
		}
	case reflect.Map:
		if s.AdditionalProperties != nil {
			v.forget(s.AdditionalProperties, t.Elem())
		}
	case reflect.Struct:
		v.forgetFields(s, t)
	default: // has no fields
	}
}

func (v version) forgetFields(s *rest.Schema, t reflect.Type) {
	if s.Properties == nil || !strings.HasPrefix(t.PkgPath(), "kubevirt.io/") {
		return // one that writes its own JSON, or of Kubernetes
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			v.forget(s, f.Type) // inlined, and its fields are here
			continue
		}
		field, ok := s.Properties[name]
		if !ok || name == "metadata" && f.Anonymous {
			continue
		}
		if since, young := fieldsTable()[typeField{t.PkgPath(), t.Name(), name}]; young && v.minor.Before(since) {
			delete(s.Properties, name)
			continue
		}
		v.forget(field, f.Type)
	}
}
