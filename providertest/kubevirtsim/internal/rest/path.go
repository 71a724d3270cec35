package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// target is what a path and a method ask for (apiserver v0.34 endpoints/request/requestinfo.go).
type target struct {
	gv          schema.GroupVersion
	resource    string
	namespace   string
	name        string
	subresource string
	deeper      bool // the path goes on behind the subresource
	verb        string
}

// parseTarget reads the path of a request for a resource; ok is false for any other.
func parseTarget(r *http.Request) (t target, ok bool) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		t.gv.Version, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		t.gv.Group, t.gv.Version, parts = parts[1], parts[2], parts[3:]
	default:
		return t, false
	}
	if slices.Contains(parts, "") {
		return t, false
	}
	t.verb = verbs[r.Method]
	if parts[0] == "watch" {
		if len(parts) < 2 {
			return t, false
		}
		t.verb, parts = "watch", parts[1:]
	}
	t.place(parts)
	t.refineVerb(r.URL.Query())
	return t, true
}

var verbs = map[string]string{
	http.MethodGet: "get", http.MethodHead: "get", http.MethodPost: "create", http.MethodPut: "update",
	http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// place reads namespaces/NS/RESOURCE/NAME/SUBRESOURCE. The status and the finalizers of a namespace are its own
// subresources, and not resources in it.
func (t *target) place(parts []string) {
	if parts[0] == "namespaces" && len(parts) > 1 {
		t.namespace = parts[1]
		if len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
			parts = parts[2:]
		}
	}
	t.resource = parts[0]
	if len(parts) > 1 {
		t.name = parts[1]
	}
	if len(parts) > 2 {
		t.subresource = parts[2]
	}
	t.deeper = len(parts) > 3
}

// refineVerb tells what a request without a name wants.
func (t *target) refineVerb(query url.Values) {
	switch {
	case t.name == "" && t.verb == "get":
		t.verb = "list"
		if values := query["watch"]; len(values) > 0 && isTrue(values[0]) {
			t.verb = "watch"
		}
	case t.name == "" && t.verb == "delete":
		t.verb = "deletecollection"
	}
}

// isTrue reads a flag as apimachinery's conversion of query parameters does: anything but false and 0.
func isTrue(value string) bool {
	value = strings.ToLower(value)
	return value != "false" && value != "0"
}
