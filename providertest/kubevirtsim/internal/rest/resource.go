package rest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// Resource describes one kind of objects, and what happens when they are written. Only Versions, Kind and Plural are
// required.
type Resource struct {
	Group string
	// Versions are the served versions, the preferred one first. All have the same fields: an object is converted by
	// writing another apiVersion, as CRDs without a conversion webhook do it.
	Versions []string
	// Stored is the version that objects are kept in. Empty means the first one.
	Stored string

	Kind       string
	ListKind   string // empty means Kind + "List"
	Plural     string
	Singular   string // empty means Kind in lower case
	ShortNames []string
	Categories []string
	Namespaced bool

	// Status says that there is a status subresource: then only it can write status, and it can write nothing else.
	Status bool
	// Verbs that are served. Nil means all of them.
	Verbs []string
	// BuiltIn says that the resource is the API server's own and not of a CRD: an update needs no revision, and an
	// unknown path beside it is answered with a Status.
	BuiltIn bool
	// Rules says that the CRD has validation rules (x-kubernetes-validations).
	Rules bool
	// Schema tells the known fields and their types. Nil knows all fields.
	Schema *Schema
	// ValidName checks a name as apimachinery's functions do. Nil means a DNS subdomain.
	ValidName func(name string, prefix bool) []string
	// Columns are what a table shows besides Name and Age.
	Columns []Column
	// Subresources by name, besides status.
	Subresources map[string]Subresource

	// Default changes an object before it is stored, as mutating webhooks and the strategies of built-in types do.
	Default func(*Write) error
	// ValidateCreate and ValidateUpdate refuse an object.
	ValidateCreate func(*Write) error
	ValidateUpdate func(*Write) error
	// BeforeDelete refuses a deletion. The object must not be changed.
	BeforeDelete func(*Write) error
	// AfterWrite is called after an object was stored or removed, in the writer's goroutine: two writes of one object
	// may be told in the wrong order.
	AfterWrite func(*Write)
}

// Subresource is served by a handler of its own.
type Subresource struct {
	// Kind of what is read or written, with its group and version where they are not the resource's.
	Kind    string
	Group   string
	Version string
	Verbs   []string
	Serve   func(w http.ResponseWriter, r *http.Request, namespace, name string)
}

// Operation is the kind of a write, by the names that admission has.
type Operation string

// The operations.
const (
	Create Operation = "CREATE"
	Update Operation = "UPDATE"
	Delete Operation = "DELETE"
)

// Write is a write that is about to happen, or has happened.
type Write struct {
	Context     context.Context
	Operation   Operation
	Resource    *Resource
	Version     string // that of the request, which Object and Old are in
	Namespace   string
	Name        string
	Subresource string
	// Object is the new state; nil for a deletion. Numbers in it must be int64 or float64.
	Object *unstructured.Unstructured
	// Old is the state before; nil for a creation. It must not be changed.
	Old *unstructured.Unstructured
	// DryRun says that nothing will be stored.
	DryRun bool
	// Manager is the field manager's name.
	Manager string
	// DeleteOptions are those of a deletion.
	DeleteOptions *metav1.DeleteOptions
	// Request is nil for a write of this process.
	Request *http.Request

	direct   bool // by Server.Update
	warnings []string
}

// Warn adds a warning to the answer.
func (w *Write) Warn(text string) {
	if !slices.Contains(w.warnings, text) {
		w.warnings = append(w.warnings, text)
	}
}

// allVerbs are those of a custom resource, in the order of its discovery (apiextensions-apiserver v0.34
// apiserver/customresource_discovery_controller.go).
var allVerbs = []string{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"}

func (r *Resource) complete() error {
	if len(r.Versions) == 0 || r.Kind == "" || r.Plural == "" {
		return fmt.Errorf("rest: a resource needs versions, a kind and a plural: %q %q %q", r.Versions, r.Kind, r.Plural)
	}
	if r.Stored == "" {
		r.Stored = r.Versions[0]
	}
	if r.ListKind == "" {
		r.ListKind = r.Kind + "List"
	}
	if r.Singular == "" {
		r.Singular = strings.ToLower(r.Kind)
	}
	if r.Verbs == nil {
		r.Verbs = allVerbs
	}
	if r.ValidName == nil {
		r.ValidName = validation.NameIsDNSSubdomain
	}
	return nil
}

func (r *Resource) groupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.Group, Resource: r.Plural}
}

func (r *Resource) gv(version string) schema.GroupVersion {
	return schema.GroupVersion{Group: r.Group, Version: version}
}

func (r *Resource) gvk(version string) schema.GroupVersionKind {
	return r.gv(version).WithKind(r.Kind)
}

// prefix is what the keys of a namespace's objects begin with.
func (r *Resource) prefix(namespace string) string {
	if !r.Namespaced || namespace == "" {
		return ""
	}
	return namespace + "/"
}

// key of an object. Namespaces are the one resource that is addressed by a namespace and has none.
func (r *Resource) key(namespace, name string) string {
	if !r.Namespaced {
		return name
	}
	return store.Key(namespace, name)
}
