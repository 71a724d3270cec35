package rest

import (
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// call is one request for a resource.
type call struct {
	*Server
	target
	w   http.ResponseWriter
	r   *http.Request
	res *Resource
	format
	warnings []string
	// watching says that frames are answered, and headed that one of them has told the columns of their tables.
	watching, headed bool

	from, into []byte // the beginnings of objects in the stored version and in that of the request
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := s.extension(r.URL.Path); h != nil {
		h.ServeHTTP(w, r)
		return
	}
	t, ok := parseTarget(r)
	if !ok {
		s.serveDiscovery(w, r)
		return
	}
	c := &call{Server: s, target: t, w: w, r: r}
	c.res = s.resource(c.gv.WithResource(c.target.resource).GroupResource())
	if !c.exists() {
		s.notFound(w, r)
		return
	}
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

// exists says whether the path is one. A resource is looked for only where its scope allows the request (crdHandler,
// apiextensions-apiserver v0.34 apiserver/customresource_handler.go).
func (c *call) exists() bool {
	switch {
	case c.res == nil || !slices.Contains(c.res.Versions, c.gv.Version):
		return false
	case c.res.Namespaced && c.namespace == "":
		return c.verb == "list" || c.verb == "watch"
	case !c.res.Namespaced && c.namespace != "":
		return c.gv.Group == "" && c.target.resource == "namespaces"
	}
	return true
}

func (c *call) serve() error {
	if c.subresource != "" {
		return c.serveSubresource()
	}
	if c.deeper || !slices.Contains(c.res.Verbs, c.verb) {
		return apierrors.NewMethodNotSupported(c.res.groupResource(), c.verb)
	}
	if err := c.negotiate(); err != nil {
		return err
	}
	switch c.verb {
	case "get":
		return c.get()
	case "list", "watch":
		return c.listOrWatch()
	case "create":
		return c.create()
	case "update":
		return c.update()
	case "patch":
		return c.patch()
	case "delete":
		return c.delete()
	default: // by the check above
		return c.deleteCollection()
	}
}

func (c *call) serveSubresource() error {
	sub, ok := c.res.Subresources[c.subresource]
	if ok {
		if !slices.Contains(sub.Verbs, c.verb) {
			return apierrors.NewMethodNotSupported(c.res.groupResource(), c.verb)
		}
		sub.Serve(c.w, c.r, c.namespace, c.name)
		return nil
	}
	if c.subresource != "status" || !c.res.Status || c.deeper {
		return apierrors.NewNotFound(c.res.groupResource(), c.name)
	}
	if err := c.negotiate(); err != nil {
		return err
	}
	switch c.verb {
	case "get":
		return c.get()
	case "update":
		return c.update()
	case "patch":
		return c.patch()
	}
	return apierrors.NewMethodNotSupported(c.res.groupResource(), c.verb)
}

func (c *call) negotiate() error {
	var ok bool
	if c.format, ok = negotiate(c.r, convertible); !ok {
		return notAcceptable([]string{typeJSON, typeYAML})
	}
	return nil
}

func (c *call) warn(text string) {
	if !slices.Contains(c.warnings, text) {
		c.warnings = append(c.warnings, text)
	}
}

// key of the object that the path names.
func (c *call) key() string { return c.res.key(c.namespace, c.name) }

func (s *Server) extension(path string) http.Handler {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.extensions {
		prefix := "/apis/" + e.Group + "/" + e.Version + "/"
		if len(path) > len(prefix) && path[:len(prefix)] == prefix {
			return e.Handler
		}
	}
	return nil
}

// notFound answers for a path that is none: in plain text, as the end of the server's chain of handlers does, but for
// the groups of built-in types with a Status.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	t, ok := parseTarget(r)
	if ok && s.servesBuiltIn(t.gv) {
		WriteError(w, r, apierrors.NewGenericServerResponse(http.StatusNotFound, "", schema.GroupResource{}, "", "", 0, false))
		return
	}
	http.Error(w, "404 page not found", http.StatusNotFound)
}
