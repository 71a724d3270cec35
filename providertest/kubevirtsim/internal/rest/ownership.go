package rest

import (
	"fmt"
	"maps"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
)

// managerKey tells the field managers of one resource apart: fields are owned in a version and through a subresource.
type managerKey struct {
	resource    *Resource
	version     string
	subresource string
}

// owners is apimachinery's manager of fields, which the API server uses as well.
func (s *Server) owners(w *Write) (*managedfields.FieldManager, error) {
	key := managerKey{w.Resource, w.Version, w.Subresource}
	if made, ok := s.managers.Load(key); ok {
		return made.(*managedfields.FieldManager), nil
	}
	gvk := w.Resource.gvk(w.Version)
	types := managedfields.NewDeducedTypeConverter()
	if w.Resource.Schema != nil {
		var err error
		if types, err = w.Resource.Schema.converter(gvk); err != nil {
			return nil, err
		}
	}
	in := converter{kind: gvk}
	made, err := managedfields.NewDefaultCRDFieldManager(types, in, in, in, gvk, gvk.GroupVersion(), w.Subresource, nil)
	if err != nil {
		return nil, err
	}
	kept, _ := s.managers.LoadOrStore(key, made)
	return kept.(*managedfields.FieldManager), nil
}

// own notes what a manager changes from live to object. It is never refused: fields that cannot be told are nobody's,
// such as those of another kind, which is refused later.
func (s *Server) own(w *Write, live, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if object.GetKind() != w.Resource.Kind {
		return object, nil
	}
	owners, err := s.owners(w)
	if err != nil {
		return nil, err
	}
	// A part that does not change changes no owner: without it the comparison takes a fraction of the time.
	live, object, same := withoutSame(live, object)
	owned, err := guarded(func() (runtime.Object, error) {
		return owners.UpdateNoErrors(live, object, w.Manager), nil
	})
	if err == nil {
		maps.Copy(owned.Object, same)
	}
	return owned, err
}

// withoutSame returns two objects without their parts that are equal, metadata aside, and these parts.
func withoutSame(a, b *unstructured.Unstructured) (_, _ *unstructured.Unstructured, same map[string]any) {
	a, b = &unstructured.Unstructured{Object: maps.Clone(a.Object)}, &unstructured.Unstructured{Object: maps.Clone(b.Object)}
	same = map[string]any{}
	for key, v := range b.Object {
		if other, both := a.Object[key]; both && key != "metadata" && key != "apiVersion" && key != "kind" && reflect.DeepEqual(v, other) {
			same[key] = v
			delete(a.Object, key)
			delete(b.Object, key)
		}
	}
	return a, b, same
}

// guarded calls code that walks over foreign objects, and makes an error of its panic.
func guarded(do func() (runtime.Object, error)) (u *unstructured.Unstructured, err error) {
	defer func() {
		if r := recover(); r != nil {
			u, err = nil, fmt.Errorf("field management: %v", r)
		}
	}()
	object, err := do()
	if err != nil {
		return nil, err
	}
	u, ok := object.(*unstructured.Unstructured)
	if !ok {
		return nil, fmt.Errorf("field management returned a %T", object)
	}
	return u, nil
}

// converter is what the field manager asks for versions and kinds. All versions have the same fields.
type converter struct{ kind schema.GroupVersionKind }

// ConvertToVersion implements runtime.ObjectConvertor.
func (c converter) ConvertToVersion(in runtime.Object, to runtime.GroupVersioner) (runtime.Object, error) {
	u, ok := in.(*unstructured.Unstructured)
	if !ok {
		return nil, fmt.Errorf("cannot convert a %T", in)
	}
	target, ok := to.KindForGroupVersionKinds([]schema.GroupVersionKind{u.GroupVersionKind()})
	if !ok {
		if gv, isVersion := to.(schema.GroupVersion); isVersion {
			target = gv.WithKind(u.GetKind())
		}
	}
	if target == u.GroupVersionKind() {
		return u, nil
	}
	converted := u.DeepCopy()
	converted.SetGroupVersionKind(target)
	return converted, nil
}

// Convert implements runtime.ObjectConvertor; the field manager does not call it.
func (c converter) Convert(in, out, _ any) error {
	return fmt.Errorf("cannot convert a %T into a %T", in, out)
}

// ConvertFieldLabel implements runtime.ObjectConvertor; the field manager does not call it.
func (c converter) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

// Default implements runtime.ObjectDefaulter: CRDs' defaults are the hooks' business.
func (c converter) Default(runtime.Object) {}

// New implements runtime.ObjectCreater.
func (c converter) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(kind)
	return u, nil
}

// ignoreTimes gives object the times at which its fields' owners were noted before, if nothing but these would change
// (IgnoreManagedFieldsTimestampsTransformer, apiserver v0.34 endpoints/handlers/fieldmanager/equality.go).
func ignoreTimes(object, old map[string]any) {
	metadata, _ := object["metadata"].(map[string]any)
	oldMetadata, _ := old["metadata"].(map[string]any)
	fields, _ := metadata["managedFields"].([]any)
	oldFields, _ := oldMetadata["managedFields"].([]any)
	if len(fields) == 0 || len(fields) != len(oldFields) {
		return
	}
	for i := range fields {
		entry, _ := fields[i].(map[string]any)
		oldEntry, _ := oldFields[i].(map[string]any)
		if !equalBut("time", entry, oldEntry) {
			return
		}
	}
	if equalBut("metadata", object, old) && equalBut("managedFields", metadata, oldMetadata) {
		metadata["managedFields"] = oldFields
	}
}

// equalBut compares two objects without one of their keys.
func equalBut(key string, a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		other, ok := b[k]
		if !ok || k != key && !reflect.DeepEqual(v, other) {
			return false
		}
	}
	return true
}
