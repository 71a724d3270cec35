package rest

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// placeInNamespace gives an object the namespace of the request, or refuses another one.
func (r *Resource) placeInNamespace(namespace string, u *unstructured.Unstructured) error {
	if !r.Namespaced {
		namespace = ""
	}
	switch u.GetNamespace() {
	case namespace:
		return nil
	case "":
		u.SetNamespace(namespace)
		return nil
	}
	if namespace == "" {
		u.SetNamespace("")
		return nil
	}
	return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
}

// checkName compares the name in an object with that of the request.
func checkName(u *unstructured.Unstructured, name string) error {
	if u.GetName() == "" {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s based on URL) was undeterminable: %v", name, "name must be provided"))
	}
	if u.GetName() != name {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", u.GetName(), name))
	}
	return nil
}

// nameSuffix is how many characters a generated name ends with, and maxGenerated how long it is at most.
const (
	nameSuffix   = 5
	maxGenerated = 63
)

// generateName is SimpleNameGenerator (apiserver v0.34 storage/names/generate.go).
func generateName(base string) string {
	if len(base) > maxGenerated-nameSuffix {
		base = base[:maxGenerated-nameSuffix]
	}
	return base + rand.String(nameSuffix)
}

// checkNamespace refuses to create something in a namespace that is not there or about to go, if namespaces are served
// (plugin/namespace/lifecycle, apiserver v0.34).
func (s *Server) checkNamespace(w *Write) error {
	namespaces := s.resource(schema.GroupResource{Resource: "namespaces"})
	if namespaces == nil || !w.Resource.Namespaced {
		return nil
	}
	o := s.table(namespaces).Get(w.Namespace)
	if o == nil {
		return apierrors.NewNotFound(namespaces.groupResource(), w.Namespace)
	}
	if o.DeletedAt.IsZero() {
		return nil
	}
	err := apierrors.NewForbidden(w.Resource.groupResource(), w.Name,
		fmt.Errorf("unable to create new content in namespace %s because it is being terminated", w.Namespace))
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{
		Type: corev1.NamespaceTerminatingCause, Message: fmt.Sprintf("namespace %s is being terminated", w.Namespace), Field: "metadata.namespace",
	})
	return err
}

// checkKind is ValidateTypeMeta of custom resources (apiextensions-apiserver v0.34 registry/customresource/validator.go).
func (w *Write) checkKind() field.ErrorList {
	var errs field.ErrorList
	if got := w.Object.GetKind(); got != w.Resource.Kind {
		errs = append(errs, field.Invalid(field.NewPath("kind"), got, "must be "+w.Resource.Kind))
	}
	if want, got := w.Resource.gv(w.Version).String(), w.Object.GetAPIVersion(); got != want {
		errs = append(errs, field.Invalid(field.NewPath("apiVersion"), got, "must be "+want))
	}
	return errs
}

// checkNew validates a new object's metadata.
func (w *Write) checkNew() error {
	errs := w.checkKind()
	if len(errs) == 0 {
		errs = validation.ValidateObjectMetaAccessor(w.Object, w.Resource.Namespaced, w.Resource.ValidName, field.NewPath("metadata"))
		errs = append(errs, w.unchecked(errs)...)
	}
	return w.invalid(errs)
}

// unchecked is said of a CRD's rules when an object is too wrong for them to be tried (hasBlockingErr,
// apiextensions-apiserver v0.34 registry/customresource/validator.go).
func (w *Write) unchecked(errs field.ErrorList) field.ErrorList {
	blocking := slices.ContainsFunc(errs, func(e *field.Error) bool {
		switch e.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		default:
			return false
		}
	})
	if !w.Resource.Rules || !blocking {
		return nil
	}
	return field.ErrorList{field.Invalid(nil, nil,
		"some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")}
}

// checkChange validates a change of metadata. Custom resources are checked twice, and a fault is told twice (BeforeUpdate
// and customResourceValidator.ValidateUpdate).
func (w *Write) checkChange() error {
	if w.direct && w.Subresource == "status" {
		return nil // a controller's, which keeps metadata as they are
	}
	at := field.NewPath("metadata")
	errs := validation.ValidateObjectMetaAccessor(w.Object, w.Resource.Namespaced, path.ValidatePathSegmentName, at)
	errs = append(errs, validation.ValidateObjectMetaAccessorUpdate(w.Object, w.Old, at)...)
	if kind := w.checkKind(); len(kind) > 0 {
		errs = append(errs, kind...)
	} else if !w.Resource.BuiltIn {
		errs = append(errs, validation.ValidateObjectMetaAccessorUpdate(w.Object, w.Old, at)...)
	}
	return w.invalid(errs)
}

func (w *Write) invalid(errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	kind := w.Resource.gvk(w.Version).GroupKind()
	if own := w.Object.GetKind(); own != "" {
		kind.Kind = own // wrong as it may be
	}
	return apierrors.NewInvalid(kind, w.Object.GetName(), errs)
}

// revisionOf reads an object's own revision; none is 0.
func revisionOf(u *unstructured.Unstructured) (uint64, error) {
	if u.GetResourceVersion() == "" {
		return 0, nil
	}
	return strconv.ParseUint(u.GetResourceVersion(), 10, 64)
}
