package rest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

func nameRequired() error { return apierrors.NewBadRequest("name must be provided") }

// delete serves DELETE (DeleteResource, apiserver v0.34 endpoints/handlers/delete.go).
func (c *call) delete() error {
	opts, err := c.deleteOptions()
	if err != nil {
		return err
	}
	w := c.begin(Delete, "", opts.DryRun)
	w.DeleteOptions = opts
	done, err := c.remove(w)
	for _, text := range w.warnings {
		c.warn(text)
	}
	switch {
	case err != nil:
		return err
	case done.stored != nil || done.object != nil: // finalizers keep it
		return c.finish(w, done, nil)
	}
	return c.answerStatus(&metav1.Status{Status: metav1.StatusSuccess, Details: &metav1.StatusDetails{
		Name: w.Name, Group: c.res.Group, Kind: c.res.Plural, UID: w.Old.GetUID(),
	}})
}

// deleteOptions are those of the body, or of the query where there is no body.
func (c *call) deleteOptions() (*metav1.DeleteOptions, error) {
	body, err := c.readBody()
	if err != nil {
		return nil, err
	}
	opts := &metav1.DeleteOptions{}
	if len(body) == 0 {
		err = decodeQuery(c.r.URL.Query(), opts)
	} else {
		err = c.decodeDeleteOptions(body, opts)
	}
	if err != nil {
		return nil, err
	}
	if errs := metavalidation.ValidateDeleteOptions(opts); len(errs) > 0 {
		return nil, invalidOptions("DeleteOptions", errs)
	}
	return opts, nil
}

func (c *call) decodeDeleteOptions(body []byte, opts *metav1.DeleteOptions) error {
	isYAML, err := isYAML(c.r)
	if err != nil {
		return err
	}
	if isYAML {
		if body, err = yaml.YAMLToJSON(body); err != nil {
			return err
		}
	}
	if err := utiljson.Unmarshal(body, opts); err != nil {
		return err
	}
	if opts.Kind != "" && opts.Kind != "DeleteOptions" {
		return fmt.Errorf("no kind %q is registered for version %q in scheme %q", opts.Kind, opts.APIVersion, "pkg/runtime/scheme.go:110")
	}
	return nil
}

// remove deletes an object, or marks it as being deleted while it has finalizers. In the first case it returns nothing,
// and w.Old is what was there.
func (s *Server) remove(w *Write) (written, error) {
	for {
		done, err := s.removeOnce(w)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
			continue
		}
		return done, err
	}
}

func (s *Server) removeOnce(w *Write) (written, error) {
	r := w.Resource
	old := s.table(r).Get(r.key(w.Namespace, w.Name))
	if old == nil {
		return written{}, apierrors.NewNotFound(r.groupResource(), w.Name)
	}
	if err := w.checkPreconditions(old); err != nil {
		return written{}, err
	}
	var err error
	if w.Old, err = r.decode(old, w.Version); err != nil {
		return written{}, err
	}
	w.Operation, w.Object = Delete, nil
	if err := s.hook(w, r.BeforeDelete); err != nil {
		return written{}, err
	}
	if keeper := keeperOf(w); keeper != "" && w.Old.GetDeletionTimestamp() == nil {
		return s.keepUntilCollected(w, old, keeper)
	}
	if len(w.Old.GetFinalizers()) > 0 {
		return s.mark(w, old)
	}
	if w.DryRun {
		return written{}, nil
	}
	if _, err := s.table(r).Delete(old.Key, old.Revision); err != nil {
		return written{}, err
	}
	if r.AfterWrite != nil {
		r.AfterWrite(w)
	}
	return written{}, nil
}

// keeperOf is the finalizer by which an object is kept for the garbage collector, to orphan its dependents or to delete
// them first; empty when it is not kept (shouldOrphanDependents and shouldDeleteDependents, apiserver v0.34
// registry/generic/registry/store.go).
func keeperOf(w *Write) string {
	opts := w.DeleteOptions
	if opts == nil {
		return ""
	}
	switch policy := opts.PropagationPolicy; {
	case opts.OrphanDependents != nil && *opts.OrphanDependents: //nolint:staticcheck // old clients send it
		return metav1.FinalizerOrphanDependents
	case policy != nil && *policy == metav1.DeletePropagationOrphan:
		return metav1.FinalizerOrphanDependents
	case policy != nil && *policy == metav1.DeletePropagationForeground:
		return metav1.FinalizerDeleteDependents
	}
	return ""
}

// keepUntilCollected marks an object with the garbage collector's finalizer. There are no dependents here, and so the
// collector has nothing to do but to take its finalizer away again.
func (s *Server) keepUntilCollected(w *Write, old *store.Object, keeper string) (written, error) {
	u := w.Old.DeepCopy()
	u.SetFinalizers(append(u.GetFinalizers(), keeper))
	w.Old = u
	marked, err := s.mark(w, old)
	if err != nil || w.DryRun {
		return marked, err
	}
	ref := Ref{Resource: w.Resource.groupResource(), Namespace: w.Namespace, Name: w.Name}
	_, err = s.Update(w.Context, ref, "kube-controller-manager", "", func(u *unstructured.Unstructured) error {
		u.SetFinalizers(slices.DeleteFunc(u.GetFinalizers(), func(f string) bool { return f == keeper }))
		return nil
	})
	if apierrors.IsNotFound(err) {
		err = nil // it is gone, as it should be
	}
	return marked, err
}

// checkPreconditions names the kind where other conflicts name the resource (BeforeDelete, apiserver v0.34
// registry/rest/delete.go).
func (w *Write) checkPreconditions(old *store.Object) error {
	p := w.DeleteOptions.Preconditions
	if p == nil {
		return nil
	}
	gr := schema.GroupResource{Group: w.Resource.Group, Resource: w.Resource.Kind}
	if p.UID != nil && string(*p.UID) != old.UID {
		return apierrors.NewConflict(gr, w.Name, fmt.Errorf("the UID in the precondition (%s) does not match the UID in record (%s). "+
			"The object might have been deleted and then recreated", *p.UID, old.UID))
	}
	if revision := strconv.FormatUint(old.Revision, 10); p.ResourceVersion != nil && *p.ResourceVersion != revision {
		return apierrors.NewConflict(gr, w.Name, fmt.Errorf("the ResourceVersion in the precondition (%s) does not match the "+
			"ResourceVersion in record (%s). The object might have been modified", *p.ResourceVersion, revision))
	}
	return nil
}

// mark gives an object its deletionTimestamp; one that has it stays as it is (markAsDeleting, registry/generic/registry).
func (s *Server) mark(w *Write, old *store.Object) (written, error) {
	if w.Old.GetDeletionTimestamp() != nil {
		return written{stored: old, object: w.Old}, nil
	}
	u := w.Old.DeepCopy()
	if u.GetGeneration() > 0 {
		u.SetGeneration(u.GetGeneration() + 1)
	}
	now, none := metav1.Now(), int64(0)
	u.SetDeletionTimestamp(&now)
	u.SetDeletionGracePeriodSeconds(&none)
	if w.DryRun {
		return written{object: u}, nil
	}
	marked, err := s.put(w.Resource, u, old.Revision)
	if err != nil {
		return written{}, err
	}
	w.Operation, w.Object = Update, u
	s.after(w, marked)
	return written{stored: marked, object: u}, nil
}

func (s *Server) put(r *Resource, u *unstructured.Unstructured, was uint64) (*store.Object, error) {
	d, err := r.draft(u)
	if err != nil {
		return nil, err
	}
	return s.table(r).Update(d, was)
}

// deleteCollection serves DELETE of all objects that are selected, and answers with them as they were.
func (c *call) deleteCollection() error {
	opts, err := c.listOptions()
	if err != nil {
		return err
	}
	deletion, err := c.deleteOptions()
	if err != nil {
		return err
	}
	p, err := c.page(opts)
	if err != nil {
		return err
	}
	for _, o := range p.items {
		w := c.begin(Delete, "", deletion.DryRun)
		w.Namespace, w.Name, w.DeleteOptions = o.Namespace, o.Name, deletion
		if _, err := c.remove(w); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return c.writeList(p)
}
