package kubevirtsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// checkTypes holds an object against the types of KubeVirt's API, as each of its webhooks does before anything else:
// every value has the type of its field, and what must be there is there (pkg/util/openapi of KubeVirt v1.9.0). The causes
// of its refusal have neither type nor field.
func checkTypes(webhook string, w *rest.Write, kind any) error {
	dropNulls(w)
	f := &findings{}
	for _, fault := range faultsOf(w, kind) {
		f.causes = append(f.causes, metav1.StatusCause{Message: fault.message()})
	}
	return f.refusal(webhook)
}

// checkCRD is what the API server checks of an object by the schema in the resource's CRD. There, fields that must be set
// may not be left to their zero value.
func checkCRD(w *rest.Write, kind any) error {
	dropNulls(w)
	var errs field.ErrorList
	for _, fault := range (&typeCheck{strict: true}).check(w, kind) {
		at := field.NewPath(fault.path)
		switch {
		case fault.malformed:
			errs = append(errs, field.Invalid(at, fault.got, fault.message()))
		case fault.want == "":
			errs = append(errs, field.Required(at, ""))
		case fault.want == quantityTypes: // a schema of two alternatives
			errs = append(errs, field.TypeInvalid(at, fault.got, fault.message()),
				field.Invalid(nil, "", fmt.Sprintf("%q must validate at least one schema (anyOf)", fault.path)), field.TypeInvalid(at, fault.got, fault.message()))
		default:
			errs = append(errs, field.TypeInvalid(at, fault.got, fault.message()))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: w.Resource.Group, Kind: w.Resource.Kind}, w.Object.GetName(), errs)
}

// dropNulls takes out the nulls that the API server drops when it reads an object of a CRD; an apply it reads otherwise
// (PruneNonNullableNullsWithoutDefaults, apiextensions-apiserver v0.34).
func dropNulls(w *rest.Write) {
	if w.Request != nil && strings.HasPrefix(w.Request.Header.Get("Content-Type"), string(types.ApplyYAMLPatchType)) {
		return
	}
	for _, part := range []string{"spec", "status"} {
		if w.Object.Object[part] == nil {
			delete(w.Object.Object, part)
			continue
		}
		withoutNulls(w.Object.Object[part])
	}
}

func withoutNulls(value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			if v == nil {
				delete(value, key)
				continue
			}
			withoutNulls(v)
		}
	case []any:
		for _, v := range value {
			withoutNulls(v)
		}
	}
}

// typeFault is a value of another type than its field, or one that is missing: then no type is wanted.
type typeFault struct {
	path, want, got string
	oneOf           []string // the values that there are, for one that is none of them
	malformed       bool     // got is no quantity
}

func (f typeFault) message() string {
	switch {
	case f.oneOf != nil:
		return fmt.Sprintf("%s in body should be one of %v", f.path, f.oneOf)
	case f.malformed:
		return fmt.Sprintf("%s in body should match '%s'", f.path, quantity)
	case f.want == "":
		return f.path + " in body is required"
	}
	return fmt.Sprintf("%s in body must be of type %s: %q", f.path, f.want, f.got)
}

// faultsOf are the faults that virt-api finds. Scalars may be missing: they are taken for their zero value.
func faultsOf(w *rest.Write, kind any) []typeFault {
	faults := (&typeCheck{}).check(w, kind)
	if w.Object.Object["spec"] == nil { // it is missing, and it is nothing
		faults = append(faults, typeFault{path: "spec", want: "object", got: "null"})
	}
	return faults
}

// typeCheck notes what does not fit.
type typeCheck struct {
	strict bool // scalars must be set, too
	faults []typeFault
}

// check looks at both parts of an object.
func (c *typeCheck) check(w *rest.Write, kind any) []typeFault {
	if w.Object.Object["spec"] == nil {
		c.miss("spec")
	}
	for _, part := range []string{"spec", "status"} {
		f, ok := reflect.TypeOf(kind).FieldByName(strings.ToUpper(part[:1]) + part[1:])
		if value := w.Object.Object[part]; ok && value != nil {
			c.value(f.Type, value, part)
		}
	}
	return c.faults
}

func (c *typeCheck) miss(path string) { c.faults = append(c.faults, typeFault{path: path}) }

func (c *typeCheck) value(t reflect.Type, value any, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	want, got := wanted(t), jsonType(value)
	fits := slices.Contains(want, got) || got == "integer" && slices.Contains(want, "number")
	if len(want) > 0 && !fits {
		c.faults = append(c.faults, typeFault{path: path, want: strings.Join(want, ","), got: got})
		return
	}
	if values := enumerated[t]; values != nil && !slices.Contains(values, fmt.Sprint(value)) && !c.strict {
		c.faults = append(c.faults, typeFault{path: path, oneOf: values})
	}
	if text, ok := value.(string); ok && c.strict && t == reflect.TypeFor[resource.Quantity]() && !quantity.MatchString(text) {
		c.faults = append(c.faults, typeFault{path: path, got: text, malformed: true})
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
	for f := range t.Fields() {
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
		case !strings.Contains(options, "omitempty") && name != "apiGroup" && (c.strict || !scalar(f.Type)): // a reference may do without a group
			c.miss(path + "." + name)
		}
	}
}

// scalar says whether a type has a zero value that virt-api takes for a default.
func scalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	default:
		return true
	}
}

// enumerated are the values of Kubernetes' types that virt-api knows by name.
var enumerated = map[reflect.Type][]string{
	reflect.TypeFor[corev1.DNSPolicy]():                     {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"},
	reflect.TypeFor[corev1.NodeSelectorOperator]():          {"DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"},
	reflect.TypeFor[corev1.TolerationOperator]():            {"Equal", "Exists"},
	reflect.TypeFor[corev1.TaintEffect]():                   {"NoExecute", "NoSchedule", "PreferNoSchedule"},
	reflect.TypeFor[corev1.PullPolicy]():                    {"Always", "IfNotPresent", "Never"},
	reflect.TypeFor[corev1.UnsatisfiableConstraintAction](): {"DoNotSchedule", "ScheduleAnyway"},
	reflect.TypeFor[corev1.URIScheme]():                     {"HTTP", "HTTPS"},
}

// quantity is the pattern that CRDs have for one.
var quantity = regexp.MustCompile(`^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`)

// quantityTypes are the types of a quantity, in words.
const quantityTypes = "string,integer,number"

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
