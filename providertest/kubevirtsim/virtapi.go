package kubevirtsim

import (
	"net/http"
	"strings"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// subresourceGroup is the API that KubeVirt serves itself, beside its CRDs.
const subresourceGroup = "subresources.kubevirt.io"

// virtAPI is KubeVirt's virt-api as far as it serves that API: an extension of the Kubernetes API server that keeps no
// objects of its own. It decides on the objects that it reads there, and writes what it decides as one more client
// (virtapiclient.go), so that it meets the webhooks as any other; what a guest is to do, it tells its node
// (virtapinode.go). Its answers are those of pkg/virt-api/rest of KubeVirt v1.9.0 where no other version is named; what
// the router in front of it says is go-restful's.
type virtAPI struct {
	sim     *Server
	api     *rest.Server
	version version
	routes  []route
}

// extend registers the API in both of its versions, which are the same.
func (s *Server) extend() {
	a := &virtAPI{sim: s, api: s.api, version: s.version}
	a.routes = a.served()
	for _, version := range []string{"v1", "v1alpha3"} {
		group := &virtAPIVersion{virtAPI: a, prefix: "/apis/" + subresourceGroup + "/" + version, groupVersion: subresourceGroup + "/" + version}
		s.api.Extend(rest.Extension{Group: subresourceGroup, Version: version, Resources: a.listed(), Handler: group})
	}
}

// virtAPIVersion is one version of the API.
type virtAPIVersion struct {
	*virtAPI
	prefix       string
	groupVersion string
}

// ServeHTTP implements http.Handler.
func (a *virtAPIVersion) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache, private")
	if a.version.since(9) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
	}
	q := &question{w: w, r: r}
	if text := a.notReviewable(r); text != "" {
		q.refuse(plain{http.StatusUnauthorized, text})
		return
	}
	path := strings.Trim(strings.TrimPrefix(r.URL.Path, a.prefix), "/")
	if path == "" {
		a.serveResourceList(q)
		return
	}
	found, err := a.find(q, path)
	if err == nil {
		err = found.serve(q)
	}
	switch {
	case err != nil:
		q.refuse(err)
	case !q.answered:
		w.WriteHeader(found.success)
	}
}

// notReviewable says why virt-api could not ask who may do this; empty when it could. It reads the access review off the
// path, and answers 401 to one that it cannot read (pkg/virt-api/rest/authorizer.go).
func (a *virtAPIVersion) notReviewable(r *http.Request) string {
	switch path := strings.TrimPrefix(r.URL.Path, a.prefix); path {
	case "", "/version", "/guestfs", "/healthz": // open to all
		return ""
	}
	const resourceAt, ofNamespace, ofObject = 6, 7, 9 // of a path cut at its slashes, the first of which leaves an empty part
	parts := strings.Split(r.URL.Path, "/")
	switch {
	case len(parts) < ofObject && len(parts) != ofNamespace:
		return "unknown api endpoint: " + r.URL.Path
	case len(parts) == ofNamespace && parts[resourceAt] != "expand-vm-spec",
		len(parts) >= ofObject && parts[resourceAt] != machines.Resource && parts[resourceAt] != instances.Resource:
		return "unknown resource type " + parts[resourceAt]
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete:
		return ""
	}
	return "unknown http verb in request: " + r.Method
}
