package rest

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
)

// update serves PUT (UpdateResource, apiserver v0.34 endpoints/handlers/update.go).
func (c *call) update() error {
	if c.name == "" {
		return nameRequired()
	}
	body, err := c.readBody()
	if err != nil {
		return err
	}
	opts := &metav1.UpdateOptions{}
	if err := decodeQuery(c.r.URL.Query(), opts); err != nil {
		return err
	}
	if errs := metavalidation.ValidateUpdateOptions(opts); len(errs) > 0 {
		return invalidOptions("UpdateOptions", errs)
	}
	u, err := c.decodeObject(body, opts.FieldValidation)
	if err != nil {
		return err
	}
	if err := c.res.placeInNamespace(c.namespace, u); err != nil {
		return err
	}
	if err := checkName(u, c.name); err != nil {
		return err
	}
	w := c.begin(Update, opts.FieldManager, opts.DryRun)
	done, err := c.apply(w, intent{uid: u.GetUID(), produce: func(live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		return c.changeTo(w, live, u.DeepCopy())
	}})
	return c.finish(w, done, err)
}

// changeTo notes who owns the fields that u changes. What the endpoint cannot change is put back before: then nobody
// comes to own it, as the API server's reset fields have it.
func (s *Server) changeTo(w *Write, live, u *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	before := *w
	before.Old, before.Object = live, u
	if w.Subresource == "status" {
		revision, uid := u.GetResourceVersion(), u.GetUID()
		before.keepPart()
		u = before.Object
		u.SetResourceVersion(revision)
		if uid != "" {
			u.SetUID(uid)
		}
	} else {
		before.keepPart()
	}
	return s.own(w, live, u)
}
