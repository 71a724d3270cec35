package kubevirtsim

import (
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// route is one path of virt-api.
type route struct {
	method string
	path   string // relative to the group's version; {namespace} and {name} are any
	// json says that bodies are JSON: what is read where consumes is set, and what is answered where produces is. A route
	// that says nothing of what it produces produces nothing, and refuses a client that accepts only JSON.
	consumes, produces bool
	// success is the code of an answer without a body.
	success int
	serve   func(*question) error
	// since is the minor that brought it; unlisted says that discovery does not tell of it.
	since    int
	unlisted bool
}

// The paths of virt-api.
const (
	ofMachine  = "namespaces/{namespace}/virtualmachines/{name}/"
	ofInstance = "namespaces/{namespace}/virtualmachineinstances/{name}/"
)

// served are the routes of the server's version (pkg/virt-api/api.go). Consoles, port forwards, memory dumps, SEV,
// backups, graphs and the end of an evacuation are left out, here and in discovery, as long as nothing would be behind
// them.
func (a *virtAPI) served() []route {
	get := func(path string, serve func(*question) error) route {
		return route{method: http.MethodGet, path: path, consumes: true, produces: true, serve: serve}
	}
	accepted := func(path string, serve func(*question) error) route {
		return route{method: http.MethodPut, path: path, success: http.StatusAccepted, serve: serve}
	}
	done := func(path string, serve func(*question) error) route {
		return route{method: http.MethodPut, path: path, success: http.StatusOK, serve: serve}
	}
	routes := []route{
		{method: http.MethodPut, path: "namespaces/{namespace}/expand-vm-spec", consumes: true, produces: true, serve: a.expandGiven},
		done(ofInstance+"pause", a.pause),
		done(ofInstance+"unpause", a.unpause),
		done(ofInstance+"freeze", a.freeze),
		done(ofInstance+"unfreeze", a.unfreeze),
		done(ofInstance+"reset", a.reset),
		done(ofInstance+"softreboot", a.softReboot),
		accepted(ofMachine+"start", a.start),
		accepted(ofMachine+"stop", a.stop),
		accepted(ofMachine+"restart", a.restart),
		accepted(ofMachine+"migrate", a.migrate),
		{method: http.MethodGet, path: ofMachine + "expand-spec", produces: true, serve: a.expandStored},
		get(ofInstance+"guestosinfo", a.guestInfo),
		get(ofInstance+"userlist", a.guestUsers),
		get(ofInstance+"filesystemlist", a.guestFilesystems),
		accepted(ofInstance+"addvolume", a.addVolumeToInstance),
		accepted(ofInstance+"removevolume", a.removeVolumeFromInstance),
		accepted(ofMachine+"addvolume", a.addVolume),
		accepted(ofMachine+"removevolume", a.removeVolume),
		{method: http.MethodGet, path: "version", produces: true, serve: a.versionInfo, unlisted: true},
		{method: http.MethodGet, path: "guestfs", produces: true, serve: a.guestfs, unlisted: true},
		get("healthz", a.health),
	}
	const resetSince = 5
	for i := range routes {
		r := &routes[i]
		switch r.path {
		case ofInstance + "reset":
			r.since = resetSince
		case ofMachine + "addvolume", ofMachine + "removevolume", "healthz": // served, and never listed
			r.unlisted = true
		}
	}
	return slices.DeleteFunc(routes, func(r route) bool { return !a.version.since(r.since) })
}

// listed is what discovery tells: names, and no kinds or verbs, which virt-api leaves open.
func (a *virtAPI) listed() []rest.ExtensionResource {
	var list []rest.ExtensionResource
	for _, r := range a.routes {
		if r.unlisted {
			continue
		}
		name := strings.TrimPrefix(r.path, "namespaces/{namespace}/")
		list = append(list, rest.ExtensionResource{Name: strings.Replace(name, "/{name}", "", 1), Namespaced: true})
	}
	return list
}

// serveResourceList serves the version's own path.
func (a *virtAPIVersion) serveResourceList(q *question) {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: a.groupVersion}
	for _, r := range a.listed() {
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: r.Name, Namespaced: r.Namespaced})
	}
	q.answer(http.StatusOK, list)
}

// find is the router's choice for a request: by path, method, type of the body and types that the client accepts, in this
// order (go-restful v3, jsr311.go).
func (a *virtAPI) find(q *question, path string) (route, error) {
	i := slices.IndexFunc(a.routes, func(r route) bool { return q.matches(r.path, path) })
	if i < 0 {
		return route{}, plain{http.StatusNotFound, "404: Page Not Found"}
	}
	found := a.routes[i]
	switch {
	case q.r.Method != found.method:
		q.w.Header().Set("Allow", found.method)
		return route{}, plain{http.StatusMethodNotAllowed, "405: Method Not Allowed"}
	case found.consumes && !consumesJSON(q.r):
		return route{}, plain{http.StatusUnsupportedMediaType, "415: Unsupported Media Type"}
	case !accepts(q.r, found.produces):
		text := "406: Not Acceptable\n\nAvailable representations: "
		if found.produces {
			text += typeJSON
		}
		return route{}, plain{http.StatusNotAcceptable, text}
	}
	return found, nil
}

// matches compares a path with a route's, and takes namespace and name from it.
func (q *question) matches(pattern, path string) bool {
	wanted, parts := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(wanted) != len(parts) {
		return false
	}
	var namespace, name string
	for i, part := range parts {
		switch wanted[i] {
		case "{namespace}":
			namespace = part
		case "{name}":
			name = part
		case part:
		default:
			return false
		}
	}
	q.namespace, q.name = namespace, name
	return true
}

const typeJSON = "application/json"

// consumesJSON says whether a body is said to be JSON. One without a type is only where there is none to be expected.
func consumesJSON(r *http.Request) bool {
	header := r.Header.Get("Content-Type")
	if header == "" {
		return r.Method == http.MethodGet
	}
	return slices.Contains(mediaTypes(header), typeJSON)
}

// accepts says whether a client takes what a route produces. Ranges such as application/* are not understood.
func accepts(r *http.Request, producesJSON bool) bool {
	header := r.Header.Get("Accept")
	if header == "" {
		return true
	}
	accepted := mediaTypes(header)
	return slices.Contains(accepted, "*/*") || producesJSON && slices.Contains(accepted, typeJSON)
}

// mediaTypes are the types of a header, without their parameters.
func mediaTypes(header string) []string {
	var types []string
	for part := range strings.SplitSeq(header, ",") {
		mediaType, _, _ := strings.Cut(part, ";")
		types = append(types, strings.Trim(mediaType, " "))
	}
	return types
}
