package rest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// written is what a write left behind: a stored object, or what would have been stored.
type written struct {
	stored  *store.Object
	object  *unstructured.Unstructured
	created bool
}

// intent is a write that is made anew whenever another writer was faster.
type intent struct {
	// produce makes the new state of an object. It gets nil where there is none.
	produce func(live *unstructured.Unstructured) (*unstructured.Unstructured, error)
	// uid that the object must have; empty for any.
	uid types.UID
	// mayCreate says that the object may be missing.
	mayCreate bool
}

// apply is the loop around one write (Store.Update and GuaranteedUpdate, apiserver v0.34 registry/generic/registry).
func (s *Server) apply(w *Write, i intent) (written, error) {
	for {
		done, err := s.attempt(w, i)
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrExists) && !errors.Is(err, store.ErrNotFound) {
			return done, err
		}
		if err := w.Context.Err(); err != nil {
			return written{}, err
		}
	}
}

func (s *Server) attempt(w *Write, i intent) (written, error) {
	r := w.Resource
	old := s.table(r).Get(r.key(w.Namespace, w.Name))
	if old == nil {
		if !i.mayCreate {
			return written{}, apierrors.NewNotFound(r.groupResource(), w.Name)
		}
		return s.attemptCreate(w, i)
	}
	if i.uid != "" && string(i.uid) != old.UID {
		return written{}, apierrors.NewConflict(r.groupResource(), w.Name, r.preconditionFailed(old.Key, i.uid, old.UID))
	}
	var err error
	if w.Old, err = r.decode(old, w.Version); err != nil {
		return written{}, err
	}
	w.Operation = Update
	if w.Object, err = i.produce(w.Old); err != nil {
		return written{}, err
	}
	if err := s.hook(w, r.Default); err != nil {
		return written{}, err
	}
	return s.replace(w, old)
}

// preconditionFailed is the storage's error (apiserver v0.34 storage/interfaces.go, Preconditions.Check).
func (r *Resource) preconditionFailed(key string, wanted types.UID, found string) error {
	return fmt.Errorf("StorageError: invalid object, Code: 4, Key: /%s/%s/%s, ResourceVersion: 0, AdditionalErrorMsg: "+
		"Precondition failed: UID in precondition: %v, UID in object meta: %v", r.Group, r.Plural, key, wanted, found)
}

// attemptCreate makes an object that an apply did not find.
func (s *Server) attemptCreate(w *Write, i intent) (written, error) {
	var err error
	w.Operation, w.Old = Create, nil
	if w.Object, err = i.produce(nil); err != nil {
		return written{}, err
	}
	if err := s.admitNew(w); err != nil {
		return written{}, err
	}
	if !w.DryRun { // one that no object has is no obstacle here, and a dry run tells it back (seen on Kubernetes 1.34)
		w.Object.SetResourceVersion("")
	}
	return s.storeNew(w)
}

// hook calls one, in the way that webhooks are called: not for status.
func (s *Server) hook(w *Write, hook func(*Write) error) error {
	if hook == nil || w.Subresource != "" || w.metadataOnly() {
		return nil
	}
	return hook(w)
}

// metadataOnly says that a controller changes nothing else.
func (w *Write) metadataOnly() bool {
	return w.direct && !w.Resource.BuiltIn && w.Old != nil && w.Object != nil && equalBut("metadata", w.Object.Object, w.Old.Object)
}

// admitNew runs a new object through admission, and gives it what the server sets.
func (s *Server) admitNew(w *Write) error {
	if err := s.checkNamespace(w); err != nil {
		return err
	}
	if err := s.hook(w, w.Resource.Default); err != nil {
		return err
	}
	u := w.Object
	u.SetCreationTimestamp(metav1.Now())
	u.SetUID(s.options.NewUID())
	if u.GetName() == "" && u.GetGenerateName() != "" {
		u.SetName(generateName(u.GetGenerateName()))
	}
	w.Name = u.GetName()
	if err := w.Resource.placeInNamespace(w.Namespace, u); err != nil {
		return err
	}
	if w.Resource.Status {
		delete(u.Object, "status")
	}
	if !w.Resource.BuiltIn {
		u.SetGeneration(1)
	}
	if err := w.checkNew(); err != nil {
		return err
	}
	return s.hook(w, w.Resource.ValidateCreate)
}

// storeNew stores a new object. The error is store.ErrExists if it is not new.
func (s *Server) storeNew(w *Write) (written, error) {
	table := s.table(w.Resource)
	if w.DryRun {
		if table.Get(w.Resource.key(w.Namespace, w.Name)) != nil {
			return written{}, store.ErrExists
		}
		return written{object: w.Object, created: true}, nil
	}
	d, err := w.Resource.draft(w.Object)
	if err != nil {
		return written{}, err
	}
	made, err := table.Create(d)
	if err != nil {
		return written{}, err
	}
	s.after(w, made)
	return written{stored: made, object: w.Object, created: true}, nil
}

// after tells the resource what was stored.
func (s *Server) after(w *Write, o *store.Object) {
	w.Object.SetResourceVersion(fmt.Sprint(o.Revision))
	if w.Resource.AfterWrite != nil {
		w.Resource.AfterWrite(w)
	}
}

// replace checks and stores a new state over the old one.
func (s *Server) replace(w *Write, old *store.Object) (written, error) {
	if err := w.checkRevision(old); err != nil {
		return written{}, err
	}
	if err := w.Resource.placeInNamespace(w.Namespace, w.Object); err != nil {
		return written{}, err
	}
	w.keep()
	if err := w.checkChange(); err != nil {
		return written{}, err
	}
	ignoreTimes(w.Object.Object, w.Old.Object)
	if err := s.hook(w, w.Resource.ValidateUpdate); err != nil {
		return written{}, err
	}
	if w.releases() {
		return s.release(w, old)
	}
	d, err := w.Resource.draft(w.Object)
	if err != nil {
		return written{}, err
	}
	if bytes.Equal(joined(d, w.Object.GetResourceVersion()), old.JSON()) {
		return written{stored: old, object: w.Object}, nil // nothing changes, and so no revision does
	}
	if w.DryRun {
		return written{object: w.Object}, nil
	}
	changed, err := s.table(w.Resource).Update(d, old.Revision)
	if err != nil {
		return written{}, err
	}
	s.after(w, changed)
	return written{stored: changed, object: w.Object}, nil
}

func joined(d store.Draft, revision string) []byte {
	return append(append(append([]byte(nil), d.Head...), revision...), d.Tail...)
}

// checkRevision is the optimistic lock. Built-in types may be written over any revision.
func (w *Write) checkRevision(old *store.Object) error {
	r := w.Resource
	revision, err := revisionOf(w.Object)
	switch {
	case err != nil:
		return err
	case revision == 0 && r.BuiltIn:
		w.Object.SetResourceVersion(fmt.Sprint(old.Revision))
		return nil
	case revision == 0:
		errs := field.ErrorList{field.Invalid(field.NewPath("metadata").Child("resourceVersion"), revision, "must be specified for an update")}
		return apierrors.NewInvalid(schema.GroupKind{Group: r.Group, Kind: r.Plural}, w.Name, errs)
	case revision != old.Revision:
		return apierrors.NewConflict(r.groupResource(), w.Name, errors.New(textModified))
	}
	return nil
}

// keep puts back what an update cannot change (BeforeUpdate, apiserver v0.34 registry/rest/update.go, and
// PrepareForUpdate, apiextensions-apiserver v0.34 registry/customresource/strategy.go).
func (w *Write) keep() {
	u, old := w.Object, w.Old
	w.keepPart()
	if u.GetUID() == "" {
		u.SetUID(old.GetUID())
	}
	if at := old.GetCreationTimestamp(); !at.IsZero() {
		u.SetCreationTimestamp(at)
	}
	if at := old.GetDeletionTimestamp(); at != nil {
		u.SetDeletionTimestamp(at)
	}
	if grace := old.GetDeletionGracePeriodSeconds(); grace != nil && u.GetDeletionGracePeriodSeconds() == nil {
		u.SetDeletionGracePeriodSeconds(grace)
	}
	generation := old.GetGeneration()
	if !w.Resource.BuiltIn && w.Subresource == "" && !equalBut("metadata", u.Object, old.Object) {
		generation++
	}
	setGeneration(u, generation)
}

// setGeneration leaves no zero behind where there was none.
func setGeneration(u *unstructured.Unstructured, generation int64) {
	if generation == 0 {
		unstructured.RemoveNestedField(u.Object, "metadata", "generation")
		return
	}
	u.SetGeneration(generation)
}

// keepPart puts back the part that the endpoint cannot change: status, or everything else.
func (w *Write) keepPart() {
	switch {
	case w.Subresource == "status":
		status, ok := w.Object.Object["status"]
		metadata, _ := w.Object.Object["metadata"].(map[string]any)
		fields, owned := metadata["managedFields"]
		w.Object.Object = w.Old.DeepCopy().Object
		if metadata, ok := w.Object.Object["metadata"].(map[string]any); ok {
			if delete(metadata, "managedFields"); owned {
				metadata["managedFields"] = fields // as they are: to read them takes longer than all else here
			}
		}
		if delete(w.Object.Object, "status"); ok {
			w.Object.Object["status"] = status
		}
	case w.Resource.Status:
		w.Object.Object = withOldStatus(w.Object.Object, w.Old.Object)
	}
}

func withOldStatus(object, old map[string]any) map[string]any {
	if status, ok := old["status"]; !ok {
		delete(object, "status")
	} else if !reflect.DeepEqual(object["status"], status) {
		object["status"] = deepCopy(status)
	}
	return object
}

func deepCopy(v any) any {
	return (&unstructured.Unstructured{Object: map[string]any{"v": v}}).DeepCopy().Object["v"]
}

// releases says that the last finalizer went from an object that waits for that.
func (w *Write) releases() bool {
	grace := w.Old.GetDeletionGracePeriodSeconds()
	return len(w.Object.GetFinalizers()) == 0 && w.Old.GetDeletionTimestamp() != nil && (grace == nil || *grace == 0)
}

// release removes an object whose last finalizer went. The client reads the state that it wrote.
func (s *Server) release(w *Write, old *store.Object) (written, error) {
	if w.DryRun {
		return written{object: w.Object}, nil
	}
	if _, err := s.table(w.Resource).Delete(old.Key, old.Revision); err != nil {
		return written{}, err
	}
	answer := w.Object
	w.Operation, w.Old, w.Object = Delete, w.Object, nil
	if w.Resource.AfterWrite != nil {
		w.Resource.AfterWrite(w)
	}
	return written{object: answer}, nil
}
