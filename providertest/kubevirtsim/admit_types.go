package kubevirtsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// checkTypes holds an object against the types of KubeVirt's API, as each of its webhooks does before anything else:
// every value has the type of its field, and what must be there is there (pkg/util/openapi of KubeVirt v1.9.0). The causes
// of its refusal have neither type nor field.
func checkTypes(webhook string, w *rest.Write, kind any) error {
	c := &typeCheck{}
	for _, part := range []string{"spec", "status"} {
		f, ok := reflect.TypeOf(kind).FieldByName(strings.ToUpper(part[:1]) + part[1:])
		if !ok {
			continue
		}
		if value, set := w.Object.Object[part]; set {
			c.value(f.Type, value, part)
		} else if part == "spec" {
			c.miss(part)
		}
	}
	if len(c.faults) == 0 {
		return nil
	}
	f := &findings{}
	for _, fault := range c.faults {
		f.causes = append(f.causes, metav1.StatusCause{Message: fault})
	}
	return f.refusal(webhook)
}

// typeCheck notes what does not fit.
type typeCheck struct{ faults []string }

func (c *typeCheck) miss(path string) { c.faults = append(c.faults, path+" in body is required") }

func (c *typeCheck) mismatch(path, want string, value any) {
	c.faults = append(c.faults, fmt.Sprintf("%s in body must be of type %s: %q", path, want, jsonType(value)))
}

func (c *typeCheck) value(t reflect.Type, value any, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	want := wanted(t)
	got := jsonType(value)
	fits := slices.Contains(want, got) || got == "integer" && slices.Contains(want, "number")
	if len(want) > 0 && !fits {
		c.mismatch(path, strings.Join(want, ","), value)
		return
	}
	switch value := value.(type) {
	case map[string]any:
		switch {
		case t.Kind() == reflect.Struct && len(want) > 0:
			c.fields(t, value, path)
		case t.Kind() == reflect.Map:
			for _, key := range slices.Sorted(maps.Keys(value)) {
				c.value(t.Elem(), value[key], path+"."+key)
			}
		}
	case []any:
		if t.Kind() == reflect.Slice {
			for n, item := range value {
				c.value(t.Elem(), item, path+"["+strconv.Itoa(n)+"]")
			}
		}
	}
}

func (c *typeCheck) fields(t reflect.Type, object map[string]any, path string) {
	for n := range t.NumField() {
		f := t.Field(n)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
			continue
		case f.Anonymous && name == "":
			inner := f.Type
			for inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			c.fields(inner, object, path)
			continue
		}
		value, set := object[name]
		switch {
		case set:
			c.value(f.Type, value, path+"."+name)
		case !strings.Contains(options, "omitempty") && strings.HasPrefix(t.PkgPath(), "kubevirt.io/api/") && !optional[t.Name()+"."+name]:
			c.miss(path + "." + name)
		}
	}
}

// optional are the fields that may be missing though their Go tags do not say so: they are marked by a comment.
var optional = map[string]bool{}

// wanted are the JSON types that fit; none for what writes its own JSON and may be anything.
func wanted(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return []string{"string", "integer", "number"}
	case reflect.TypeFor[intstr.IntOrString]():
		return []string{"string", "number"}
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime](), reflect.TypeFor[metav1.Duration]():
		return []string{"string", "null"}
	}
	if _, own := reflect.New(t).Interface().(json.Marshaler); own {
		return nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return []string{"boolean"}
	case reflect.String:
		return []string{"string"}
	case reflect.Float32, reflect.Float64:
		return []string{"number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return []string{"integer"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return []string{"string"}
		}
		return []string{"array"}
	case reflect.Map, reflect.Struct:
		return []string{"object"}
	default:
		return nil
	}
}

func jsonType(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		if value == float64(int64(value)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}
