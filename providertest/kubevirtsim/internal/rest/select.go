package rest

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	internalscheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme"
	internalvalidation "k8s.io/apimachinery/pkg/apis/meta/internalversion/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// parseRevision reads a resourceVersion. What is no number is an error that the server does not translate: it becomes a
// 500 (APIObjectVersioner, apiserver v0.34 storage/api_object_versioner.go; seen on Kubernetes 1.34).
func parseRevision(s string) (uint64, error) {
	if s == "" || s == "0" {
		return 0, nil
	}
	revision, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, field.Invalid(field.NewPath("resourceVersion"), s, err.Error())
	}
	return revision, nil
}

// decodeQuery reads options from a query.
func decodeQuery(query url.Values, into runtime.Object) error {
	if err := internalscheme.ParameterCodec.DecodeParameters(query, metav1.SchemeGroupVersion, into); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	return nil
}

// listOptions reads and checks the options of a list or watch (ListResource, apiserver v0.34
// endpoints/handlers/get.go). With the WatchList feature, on by default in 1.34, a watch from "" or "0" is one with
// initial events.
func (c *call) listOptions() (*internalversion.ListOptions, error) {
	opts := &internalversion.ListOptions{}
	if err := decodeQuery(c.r.URL.Query(), opts); err != nil {
		return nil, err
	}
	opts.Watch = c.verb == "watch"
	internalversion.SetListOptionsDefaults(opts, true)
	if errs := internalvalidation.ValidateListOptions(opts, true); len(errs) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "ListOptions"}, "", errs)
	}
	return opts, c.checkFields(opts)
}

// checkFields refuses fields that a custom resource cannot be selected by, and adds the name of the path.
func (c *call) checkFields(opts *internalversion.ListOptions) error {
	if opts.FieldSelector != nil {
		for _, r := range opts.FieldSelector.Requirements() {
			if r.Field == "metadata.name" || r.Field == "metadata.namespace" && c.res.Namespaced {
				continue
			}
			if c.res.BuiltIn {
				return apierrors.NewBadRequest(fmt.Sprintf("%q is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", r.Field))
			}
			return apierrors.NewBadRequest("field label not supported: " + r.Field)
		}
	}
	if c.name == "" {
		return nil
	}
	if opts.FieldSelector == nil || opts.FieldSelector.Empty() {
		opts.FieldSelector = fields.OneTermEqualSelector("metadata.name", c.name)
		return nil
	}
	if selected, ok := opts.FieldSelector.RequiresExactMatch("metadata.name"); !ok || selected != c.name {
		return apierrors.NewBadRequest("fieldSelector metadata.name doesn't match requested name")
	}
	return nil
}

// wanted is the selection; nil selects everything in the scope of the request.
func (c *call) wanted(opts *internalversion.ListOptions) func(*store.Object) bool {
	byLabel := opts.LabelSelector != nil && !opts.LabelSelector.Empty()
	byField := opts.FieldSelector != nil && !opts.FieldSelector.Empty()
	if !byLabel && !byField {
		return nil
	}
	return func(o *store.Object) bool {
		if byLabel && !opts.LabelSelector.Matches(o.Labels) {
			return false
		}
		return !byField || opts.FieldSelector.Matches(objectFields{o})
	}
}

// objectFields has the methods of apimachinery's fields.Fields.
type objectFields struct{ *store.Object }

func (f objectFields) Has(name string) bool {
	return name == "metadata.name" || name == "metadata.namespace"
}

func (f objectFields) Get(name string) string {
	switch name {
	case "metadata.name":
		return f.Name
	case "metadata.namespace":
		return f.Namespace
	}
	return ""
}

// within adds the namespace of the path to a selection.
func (c *call) within(wanted func(*store.Object) bool) func(*store.Object) bool {
	prefix := c.res.prefix(c.namespace)
	if prefix == "" {
		return wanted
	}
	return func(o *store.Object) bool {
		return strings.HasPrefix(o.Key, prefix) && (wanted == nil || wanted(o))
	}
}
