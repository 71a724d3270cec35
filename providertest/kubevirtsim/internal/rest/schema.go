package rest

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
)

// Schema is a structural schema, of which it has what tells fields and their merging. It marshals to OpenAPI. It must
// not be changed once it is in use, and may be shared by servers.
type Schema struct {
	Type                 string             `json:"type,omitempty"`
	Properties           map[string]*Schema `json:"properties,omitempty"`
	AdditionalProperties *Schema            `json:"additionalProperties,omitempty"`
	Items                *Schema            `json:"items,omitempty"`
	PreserveUnknown      bool               `json:"x-kubernetes-preserve-unknown-fields,omitempty"`
	IntOrString          bool               `json:"x-kubernetes-int-or-string,omitempty"`
	ListType             string             `json:"x-kubernetes-list-type,omitempty"`
	ListMapKeys          []string           `json:"x-kubernetes-list-map-keys,omitempty"`
	Kinds                []kindExtension    `json:"x-kubernetes-group-version-kind,omitempty"`

	converters sync.Map // schema.GroupVersionKind to managedfields.TypeConverter
}

// kindExtension names the kind of a schema.
type kindExtension struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

// SchemaOf reads the schema of an API type, such as kubevirtv1.VirtualMachine{}, as controller-gen makes a CRD of it:
// lists are atomic, quantities are integers or strings, embedded metadata knows no fields and keeps all.
func SchemaOf(object any) *Schema {
	s := (&reflector{}).of(reflect.TypeOf(object))
	if s.Properties != nil {
		s.Properties["metadata"] = metadataSchema()
	}
	return s
}

// metadataSchema is that of an object's own metadata, whose lists do not all merge as one.
var metadataSchema = sync.OnceValue(func() *Schema {
	s := (&reflector{root: true}).of(reflect.TypeFor[metav1.ObjectMeta]())
	s.Properties["finalizers"].ListType = "set"
	s.Properties["ownerReferences"].ListType = "map"
	s.Properties["ownerReferences"].ListMapKeys = []string{"uid"}
	return s
})

// reflector makes schemas of types.
type reflector struct {
	root bool // metadata is read as any struct
	path []reflect.Type
}

// openAPIType is what types with their own JSON say about it.
type openAPIType interface{ OpenAPISchemaType() []string }

func (r *reflector) of(t reflect.Type) *Schema {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[metav1.ObjectMeta]() && !r.root {
		return &Schema{Type: "object", PreserveUnknown: true}
	}
	if s := leaf(t); s != nil {
		return s
	}
	switch t.Kind() {
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.String:
		return &Schema{Type: "string"}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &Schema{Type: "integer"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return &Schema{Type: "string"} // base64
		}
		return &Schema{Type: "array", Items: r.of(t.Elem()), ListType: "atomic"}
	case reflect.Map:
		return &Schema{Type: "object", AdditionalProperties: r.of(t.Elem())}
	case reflect.Struct:
		return r.ofStruct(t)
	}
	return &Schema{PreserveUnknown: true}
}

// leaf is the schema of a type that writes its own JSON; nil for any other.
func leaf(t reflect.Type) *Schema {
	value := reflect.New(t).Interface()
	if api, ok := value.(openAPIType); ok {
		switch types := api.OpenAPISchemaType(); {
		case t.Name() == "Quantity" || t.Name() == "IntOrString":
			return &Schema{IntOrString: true}
		case len(types) == 1 && types[0] != "object":
			return &Schema{Type: types[0]}
		}
		return &Schema{PreserveUnknown: true}
	}
	if _, ok := value.(json.Marshaler); ok {
		return &Schema{PreserveUnknown: true}
	}
	if _, ok := value.(encoding.TextMarshaler); ok {
		return &Schema{Type: "string"}
	}
	return nil
}

func (r *reflector) ofStruct(t reflect.Type) *Schema {
	if slices.Contains(r.path, t) {
		return &Schema{Type: "object", PreserveUnknown: true} // a type that contains itself
	}
	r.path = append(r.path, t)
	defer func() { r.path = r.path[:len(r.path)-1] }()

	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case f.Anonymous && name == "" || strings.Contains(options, "inline"):
			maps.Copy(s.Properties, r.of(f.Type).Properties)
		case name == "":
			s.Properties[f.Name] = r.of(f.Type)
		default:
			s.Properties[name] = r.of(f.Type)
		}
	}
	return s
}

// converter merges objects of a kind by the schema.
func (s *Schema) converter(gvk schema.GroupVersionKind) (managedfields.TypeConverter, error) {
	if made, ok := s.converters.Load(gvk); ok {
		return made.(managedfields.TypeConverter), nil
	}
	rooted := &Schema{
		Type: s.Type, Properties: s.Properties, AdditionalProperties: s.AdditionalProperties, PreserveUnknown: s.PreserveUnknown,
		Kinds: []kindExtension{{gvk.Group, gvk.Version, gvk.Kind}},
	}
	encoded, err := json.Marshal(map[string]*Schema{gvk.Kind: rooted})
	if err != nil {
		return nil, err
	}
	made, err := decodeInto(managedfields.NewTypeConverter, encoded)
	if err != nil {
		return nil, err
	}
	kept, _ := s.converters.LoadOrStore(gvk, made)
	return kept.(managedfields.TypeConverter), nil
}

// decodeInto calls make with its models read from JSON. The type parameter spares the import of kube-openapi, whose
// type it is.
func decodeInto[S any](make func(map[string]*S, bool) (managedfields.TypeConverter, error), models []byte) (managedfields.TypeConverter, error) {
	var read map[string]*S
	if err := json.Unmarshal(models, &read); err != nil {
		return nil, err
	}
	return make(read, false)
}
