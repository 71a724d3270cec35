package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// maxOperations of a JSON patch (apiserver v0.34 endpoints/handlers/patch.go).
const maxOperations = 10_000

// jsonPatcher applies JSON patches and merge patches.
type jsonPatcher struct {
	*call
	body      []byte
	merge     bool
	directive string
}

func (p *jsonPatcher) patch(w *Write, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	if live == nil {
		return nil, apierrors.NewNotFound(p.res.groupResource(), p.name)
	}
	before, err := json.Marshal(live.Object)
	if err != nil {
		return nil, err
	}
	after, err := p.applied(before)
	if err != nil {
		return nil, err
	}
	u, _, strict, err := p.res.decodeBody(after, false, w.Version)
	if err == nil && len(strict) > 0 {
		switch p.directive {
		case metav1.FieldValidationStrict:
			err = runtime.NewStrictDecodingError(strict)
		case metav1.FieldValidationWarn:
			for _, fault := range strict {
				w.Warn(fault.Error())
			}
		}
	}
	if err != nil {
		return nil, apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{field.Invalid(field.NewPath("patch"), string(after), err.Error())})
	}
	if u.GetKind() == live.GetKind() || p.res.Default == nil || p.subresource != "" {
		return p.changeTo(w, live, u)
	}
	// Where a webhook changes objects, another kind is put right on the way, and nobody owns a field any more (seen on
	// Kubernetes 1.34).
	u.SetKind(live.GetKind())
	if u, err = p.changeTo(w, live, u); err == nil {
		u.SetManagedFields(nil)
	}
	return u, err
}

// applied is the patched JSON. The library has panicked on foreign patches before; then it is the patch's fault.
func (p *jsonPatcher) applied(before []byte) (after []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = apierrors.NewBadRequest(fmt.Sprintf("cannot apply the patch: %v", r))
		}
	}()
	if p.merge {
		return p.merged(before)
	}
	operations, err := jsonpatch.DecodePatch(p.body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if len(operations) > maxOperations {
		return nil, apierrors.NewRequestEntityTooLargeError(
			fmt.Sprintf("The allowed maximum operations in a JSON patch is %d, got %d", maxOperations, len(operations)))
	}
	after, err = operate(operations, before)
	if err != nil {
		return nil, apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
	}
	return after, nil
}

// maxCopied is what the copy operations of a patch may add (JSONPatchMaxCopyBytes, apiserver v0.34 server/config.go).
const maxCopied = 3 << 20

// operate applies the operations; one by one where some copy, since copies of copies would grow without bounds. The API
// server bounds them by a variable of the library, which is not ours to set.
func operate(operations jsonpatch.Patch, doc []byte) ([]byte, error) {
	copies := slices.ContainsFunc(operations, func(o jsonpatch.Operation) bool { return o.Kind() == "copy" })
	if !copies {
		return operations.Apply(doc)
	}
	copied := 0
	for i, o := range operations {
		before := len(doc)
		var err error
		if doc, err = operations[i : i+1].Apply(doc); err != nil {
			return nil, err
		}
		if o.Kind() == "copy" {
			copied += max(0, len(doc)-before)
		}
		if copied > maxCopied {
			return nil, jsonpatch.NewAccumulatedCopySizeError(maxCopied, int64(copied))
		}
	}
	return doc, nil
}

func (p *jsonPatcher) merged(before []byte) ([]byte, error) {
	if p.directive != metav1.FieldValidationIgnore {
		var object map[string]any
		if err := json.Unmarshal(p.body, &object); err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
		}
	}
	after, err := jsonpatch.MergePatch(before, p.body)
	if errors.Is(err, jsonpatch.ErrBadJSONPatch) || errors.Is(err, jsonpatch.ErrBadJSONDoc) {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return after, err
}
