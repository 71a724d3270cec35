package rest

import (
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/types"
)

// patchTypes are those of custom resources.
var patchTypes = []string{string(types.JSONPatchType), string(types.MergePatchType), string(types.ApplyYAMLPatchType)}

// patcher makes the new state of an object from a patch.
type patcher interface {
	// patch gets nil where there is no object.
	patch(w *Write, live *unstructured.Unstructured) (*unstructured.Unstructured, error)
}

// patch serves PATCH (PatchResource, apiserver v0.34 endpoints/handlers/patch.go).
func (c *call) patch() error {
	contentType, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	if !slices.Contains(patchTypes, contentType) {
		return unsupportedMediaType(patchTypes)
	}
	if c.name == "" {
		return nameRequired()
	}
	body, err := c.readBody()
	if err != nil {
		return err
	}
	opts := &metav1.PatchOptions{}
	if err := decodeQuery(c.r.URL.Query(), opts); err != nil {
		return err
	}
	if errs := metavalidation.ValidatePatchOptions(opts, types.PatchType(contentType)); len(errs) > 0 {
		return invalidOptions("PatchOptions", errs)
	}
	w := c.begin(Update, opts.FieldManager, opts.DryRun)
	i := intent{}
	var p patcher = &jsonPatcher{call: c, body: body, merge: contentType == string(types.MergePatchType), directive: fieldValidation(opts.FieldValidation)}
	if contentType == string(types.ApplyYAMLPatchType) {
		i.mayCreate = c.subresource == ""
		p = &applier{call: c, body: body, force: opts.Force != nil && *opts.Force, directive: fieldValidation(opts.FieldValidation)}
	}
	i.produce = func(live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		return c.patched(w, p, live)
	}
	done, err := c.apply(w, i)
	return c.finish(w, done, err)
}

// patched checks that what a patch made is the object of the request still (patcher.applyPatch).
func (c *call) patched(w *Write, p patcher, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	u, err := p.patch(w, live)
	if err != nil {
		return nil, err
	}
	if live == nil && u.GetUID() != "" {
		return nil, apierrors.NewConflict(c.res.groupResource(), c.name,
			errors.New("uid mismatch: the provided object specified uid "+string(u.GetUID())+", and no existing object was found"))
	}
	if err := c.res.placeInNamespace(c.namespace, u); err != nil {
		return nil, err
	}
	return u, checkName(u, c.name)
}
