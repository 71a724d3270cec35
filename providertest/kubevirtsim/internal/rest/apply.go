package rest

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// applier applies an apply patch, which is YAML or JSON, with apimachinery's manager of fields. A field that the schema
// does not know is that one's error as it is: a 500 without a reason (seen on Kubernetes 1.34).
type applier struct {
	*call
	body      []byte
	force     bool
	directive string
}

func (a *applier) patch(w *Write, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	config := &unstructured.Unstructured{Object: map[string]any{}}
	if err := yaml.Unmarshal(a.body, &config.Object); err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: %v", err))
	}
	if config.Object == nil { // null is a document too
		config.Object = map[string]any{}
	}
	onto := live
	if live == nil {
		onto = &unstructured.Unstructured{Object: map[string]any{}}
		onto.SetGroupVersionKind(a.res.gvk(w.Version))
	}
	applied, err := a.applied(w, onto, config)
	if err != nil {
		return nil, err
	}
	if a.directive != metav1.FieldValidationIgnore {
		if err := yaml.UnmarshalStrict(a.body, &map[string]any{}); err != nil {
			if a.directive == metav1.FieldValidationStrict {
				return nil, apierrors.NewBadRequest(fmt.Sprintf("error strict decoding YAML: %v", err))
			}
			w.Warn(err.Error())
		}
	}
	// The merged value shares parts with live, which hooks are going to compare it with.
	return applied.DeepCopy(), nil
}

// applied merges. What the endpoint resets is checked as the rest is, and then taken out, so that nobody comes to own it.
func (a *applier) applied(w *Write, live, config *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	owners, err := a.owners(w)
	if err != nil {
		return nil, err
	}
	apply := func(config *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		return guarded(func() (runtime.Object, error) { return owners.Apply(live, config, w.Manager, a.force) })
	}
	reset := "status"
	if w.Subresource == "status" {
		reset = "spec"
	}
	if _, ok := config.Object[reset]; !ok || !w.Resource.Status {
		return apply(config)
	}
	whole := a.force
	a.force = true // what is reset makes no conflict
	_, err = apply(config.DeepCopy())
	if a.force = whole; err != nil {
		return nil, err
	}
	delete(config.Object, reset)
	return apply(config)
}
