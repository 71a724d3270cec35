package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// create serves POST (createHandler, apiserver v0.34 endpoints/handlers/create.go).
func (c *call) create() error {
	body, err := c.readBody()
	if err != nil {
		return err
	}
	opts := &metav1.CreateOptions{}
	if err := decodeQuery(c.r.URL.Query(), opts); err != nil {
		return err
	}
	if errs := metavalidation.ValidateCreateOptions(opts); len(errs) > 0 {
		return invalidOptions("CreateOptions", errs)
	}
	u, err := c.decodeObject(body, opts.FieldValidation)
	if err != nil {
		return err
	}
	w := c.begin(Create, opts.FieldManager, opts.DryRun)
	done, err := c.createObject(w, u)
	return c.finish(w, done, err)
}

// createObject is the whole of a creation, HTTP aside.
func (s *Server) createObject(w *Write, u *unstructured.Unstructured) (written, error) {
	for _, field := range []string{"creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"} {
		unstructured.RemoveNestedField(u.Object, "metadata", field)
	}
	if err := w.Resource.placeInNamespace(w.Namespace, u); err != nil {
		return written{}, err
	}
	if w.Resource.Status {
		delete(u.Object, "status") // before anybody comes to own it
	}
	w.Name = u.GetName()
	generated := w.Name == "" && u.GetGenerateName() != ""
	const tries = 8 // of a generated name (createWithGenerateNameRetry, registry/generic/registry/store.go)
	for try := 1; ; try++ {
		done, err := s.createOnce(w, u.DeepCopy())
		if !errors.Is(err, store.ErrExists) {
			return done, err
		}
		if !generated || try == tries {
			return written{}, s.alreadyExists(w, generated)
		}
	}
}

func (s *Server) createOnce(w *Write, u *unstructured.Unstructured) (written, error) {
	empty := &unstructured.Unstructured{Object: map[string]any{}}
	empty.SetGroupVersionKind(w.Resource.gvk(w.Version))
	var err error
	if w.Object, err = s.own(w, empty, u); err != nil {
		return written{}, err
	}
	if err := s.admitNew(w); err != nil {
		return written{}, err
	}
	if revision, err := revisionOf(w.Object); err == nil && revision != 0 && !w.DryRun {
		return written{}, errors.New("resourceVersion should not be set on objects to be created")
	}
	return s.storeNew(w)
}

func (s *Server) alreadyExists(w *Write, generated bool) error {
	gr := w.Resource.groupResource()
	if generated {
		return apierrors.NewGenerateNameConflict(gr, w.Name, 1)
	}
	err := apierrors.NewAlreadyExists(gr, w.Name)
	if o := s.table(w.Resource).Get(w.Resource.key(w.Namespace, w.Name)); o != nil && !o.DeletedAt.IsZero() {
		err.ErrStatus.Message = "object is being deleted: " + err.ErrStatus.Message
	}
	return err
}

// begin begins a write that the request wants.
func (c *call) begin(op Operation, manager string, dryRun []string) *Write {
	return &Write{
		Context: c.r.Context(), Operation: op, Resource: c.res, Version: c.gv.Version,
		Namespace: c.namespace, Name: c.name, Subresource: c.subresource,
		DryRun: len(dryRun) > 0, Manager: managerOr(manager, c.r.UserAgent()), Request: c.r,
	}
}

// finish answers a write.
func (c *call) finish(w *Write, done written, err error) error {
	for _, text := range w.warnings {
		c.warn(text)
	}
	if err != nil {
		return err
	}
	code := http.StatusOK
	if done.created {
		code = http.StatusCreated
	}
	if done.stored != nil {
		return c.answerStored(code, done.stored)
	}
	body, err := json.Marshal(done.object.Object)
	if err != nil {
		return err
	}
	return c.answer(code, body)
}

func invalidOptions(kind string, errs field.ErrorList) error {
	return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: kind}, "", errs)
}

// managerOr is the manager's name, or what it is taken from: the first part of the User-Agent.
func managerOr(manager, userAgent string) string {
	if manager != "" {
		return manager
	}
	var b strings.Builder
	name, _, _ := strings.Cut(userAgent, "/")
	for _, r := range name {
		if !unicode.IsPrint(r) {
			continue
		}
		if b.Len()+utf8.RuneLen(r) > metavalidation.FieldManagerMaxLength {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
