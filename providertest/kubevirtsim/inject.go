package kubevirtsim

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// Inject makes an object as somebody else's controller would, its status included, from its JSON: an instance that no VM
// has made, say. It must be of a kind that the server has. The error is the API's.
func (s *Server) Inject(object []byte) error {
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(object); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	kind := u.GroupVersionKind()
	ref := rest.Ref{Namespace: u.GetNamespace(), Name: u.GetName(),
		Resource: schema.GroupResource{Group: kind.Group, Resource: strings.ToLower(kind.Kind) + "s"}}
	if s.options.AnyNamespace && ref.Namespace != "" {
		if err := s.needNamespace(ref.Namespace); err != nil {
			return err
		}
	}
	status, withStatus := u.Object["status"]
	if _, err := s.api.Create(context.Background(), ref, "kubevirtsim", u.Object); err != nil {
		return err
	}
	if !withStatus {
		return nil
	}
	_, err := s.api.Update(context.Background(), ref, "kubevirtsim", "status", func(u *unstructured.Unstructured) error {
		u.Object["status"] = status
		return nil
	})
	return err
}
