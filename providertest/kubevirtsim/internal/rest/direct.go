package rest

import (
	"context"
	"encoding/json"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Ref names an object.
type Ref struct {
	Resource  schema.GroupResource
	Namespace string
	Name      string
}

// registered finds the resource; of one that is not registered there is nothing to be found.
func (s *Server) registered(ref Ref) (*Resource, error) {
	r := s.resource(ref.Resource)
	if r == nil {
		return nil, apierrors.NewNotFound(ref.Resource, ref.Name)
	}
	return r, nil
}

// Get returns a copy of an object, in the stored version. The error is an apierrors.StatusError.
func (s *Server) Get(ref Ref) (*unstructured.Unstructured, error) {
	r, err := s.registered(ref)
	if err != nil {
		return nil, err
	}
	o := s.table(r).Get(r.key(ref.Namespace, ref.Name))
	if o == nil {
		return nil, apierrors.NewNotFound(ref.Resource, ref.Name)
	}
	return r.decode(o, r.Stored)
}

// Create makes an object as a POST does, hooks included, and returns it. The object may hold whatever marshals to JSON.
func (s *Server) Create(ctx context.Context, ref Ref, manager string, object map[string]any) (*unstructured.Unstructured, error) {
	r, err := s.registered(ref)
	if err != nil {
		return nil, err
	}
	u, err := normal(object)
	if err != nil {
		return nil, err
	}
	u.SetGroupVersionKind(r.gvk(r.Stored))
	w := r.write(ctx, Create, ref, manager)
	if ref.Name != "" {
		u.SetName(ref.Name)
	}
	if err := normalizeMetadata(u); err != nil {
		return nil, err
	}
	r.Schema.prune(u.Object)
	done, err := s.createObject(w, u)
	return done.object, err
}

// Update changes an object as a PUT does, hooks included, and returns it. subresource is empty or status, and decides
// what of the change is kept. change may be called several times; it may make the object hold whatever marshals to
// JSON. A change that changes nothing writes nothing. The hooks of a custom resource are not asked about a change of
// metadata alone, which controllers often make: they have had their say on all else.
func (s *Server) Update(ctx context.Context, ref Ref, manager, subresource string, change func(*unstructured.Unstructured) error) (*unstructured.Unstructured, error) {
	r, err := s.registered(ref)
	if err != nil {
		return nil, err
	}
	w := r.write(ctx, Update, ref, manager)
	w.Subresource, w.direct = subresource, true
	done, err := s.apply(w, intent{produce: func(live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		u := live.DeepCopy()
		if err := change(u); err != nil {
			return nil, err
		}
		u, err := normal(u.Object)
		if err != nil {
			return nil, err
		}
		r.Schema.prune(u.Object)
		return s.changeTo(w, live, u)
	}})
	return done.object, err
}

// Delete removes an object as a DELETE does, hooks and finalizers included. Nil options are none.
func (s *Server) Delete(ctx context.Context, ref Ref, opts *metav1.DeleteOptions) error {
	r, err := s.registered(ref)
	if err != nil {
		return err
	}
	w := r.write(ctx, Delete, ref, "")
	if w.DeleteOptions = opts; opts == nil {
		w.DeleteOptions = &metav1.DeleteOptions{}
	}
	_, err = s.remove(w)
	return err
}

func (r *Resource) write(ctx context.Context, op Operation, ref Ref, manager string) *Write {
	return &Write{Context: ctx, Operation: op, Resource: r, Version: r.Stored, Namespace: ref.Namespace, Name: ref.Name, Manager: manager}
}

// normal makes an object hold only what JSON has, with numbers as they are read from it. What does already stays.
func normal(object map[string]any) (*unstructured.Unstructured, error) {
	if err := normalFields(object); err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: object}, nil
}

func normalFields(object map[string]any) (err error) {
	for key, v := range object {
		if object[key], err = normalValue(v); err != nil {
			return err
		}
	}
	return nil
}

func normalValue(v any) (_ any, err error) {
	switch v := v.(type) {
	case nil, string, bool, int64:
		return v, nil
	case map[string]any:
		if v == nil {
			return nil, nil //nolint:nilnil // null
		}
		return v, normalFields(v)
	case []any:
		if v == nil {
			return nil, nil //nolint:nilnil // null
		}
		for i := range v {
			if v[i], err = normalValue(v[i]); err != nil {
				return nil, err
			}
		}
		return v, nil
	default: // a number that was read otherwise, or some type that marshals
		encoded, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		var read any
		err = utiljson.Unmarshal(encoded, &read)
		return read, err
	}
}
