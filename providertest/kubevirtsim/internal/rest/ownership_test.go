package rest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// TestOwnersOfParts: who owns what is the same as if the whole objects were compared.
func TestOwnersOfParts(t *testing.T) {
	const before = `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"a","labels":{"x":"1"},"managedFields":[
		{"manager":"one","operation":"Update","apiVersion":"kubevirt.io/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:x":{}}},"f:spec":{".":{},"f:runStrategy":{},"f:template":{}}}},
		{"manager":"two","operation":"Apply","apiVersion":"kubevirt.io/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:runStrategy":{}}}}]},
		"spec":{"runStrategy":"Always","template":{"spec":{"domain":{"devices":{}}}}},"status":{"created":true}}`
	cases := map[string]struct {
		why    string
		change func(u map[string]any)
	}{
		"nothing":      {"nobody comes to own anything", func(map[string]any) {}},
		"metadata":     {"spec is left out of the comparison", func(u map[string]any) { set(u, "2", "metadata", "labels", "x") }},
		"spec":         {"status is", func(u map[string]any) { set(u, "Halted", "spec", "runStrategy") }},
		"status":       {"spec is", func(u map[string]any) { set(u, false, "status", "created") }},
		"new status":   {"spec is", func(u map[string]any) { set(u, "Running", "status", "printableStatus") }},
		"no status":    {"what goes is nobody's", func(u map[string]any) { delete(u, "status") }},
		"no spec part": {"what goes is nobody's", func(u map[string]any) { unstructured.RemoveNestedField(u, "spec", "template") }},
	}
	s := newServerOver(t, store.New(store.Options{}), Options{}, nil)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := s.resource(vmGroupResource).write(t.Context(), Update, Ref{Resource: vmGroupResource, Namespace: "ns", Name: "a"}, "three")
			parse := func(changed bool) *unstructured.Unstructured {
				u := &unstructured.Unstructured{}
				if err := utiljson.Unmarshal([]byte(before), &u.Object); err != nil {
					t.Fatal(err)
				}
				if changed {
					c.change(u.Object)
				}
				return u
			}
			owners, err := s.owners(w)
			if err != nil {
				t.Fatal(err)
			}
			want, err := guarded(func() (runtime.Object, error) { return owners.UpdateNoErrors(parse(false), parse(true), "three"), nil })
			if err != nil {
				t.Fatal(err)
			}
			live := parse(false)
			got, err := s.own(w, live, parse(true))
			if err != nil {
				t.Fatal(err)
			}
			ignoreTimes(got.Object, want.Object)
			if diff := cmp.Diff(want.Object, got.Object); diff != "" {
				t.Errorf("%s (-whole +parts):\n%s", c.why, diff)
			}
			if diff := cmp.Diff(parse(false).Object, live.Object); diff != "" {
				t.Errorf("the live object is changed (-want +got):\n%s", diff)
			}
		})
	}
}

func set(u map[string]any, value any, fields ...string) {
	if err := unstructured.SetNestedField(u, value, fields...); err != nil {
		panic(err) // the fields are maps
	}
}
