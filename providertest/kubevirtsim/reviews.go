package kubevirtsim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// extendReviews serves SelfSubjectAccessReview, by which clients ask what they may do. Everything may be done, but for what
// Options.Deny says; that is told here, and not enforced: a fault of the simulator makes a request fail.
func (s *Server) extendReviews() {
	const resource = "selfsubjectaccessreviews"
	s.api.Extend(rest.Extension{
		Group: authorizationv1.GroupName, Version: "v1",
		Resources: []rest.ExtensionResource{{Name: resource, Kind: "SelfSubjectAccessReview", Verbs: []string{"create"}}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/apis/"+authorizationv1.GroupName+"/v1/"+resource {
				http.Error(w, "404 page not found", http.StatusNotFound)
				return
			}
			if err := s.review(w, r); err != nil {
				rest.WriteError(w, r, err)
			}
		}),
	})
}

// maxReview is how large the body of a review may be.
const maxReview = 1 << 20

func (s *Server) review(w http.ResponseWriter, r *http.Request) error {
	resource := authorizationv1.Resource("selfsubjectaccessreviews")
	if r.Method != http.MethodPost {
		return apierrors.NewMethodNotSupported(resource, r.Method)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReview))
	if err != nil {
		return err
	}
	review := &authorizationv1.SelfSubjectAccessReview{}
	if err := json.Unmarshal(body, review); err != nil {
		return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized: %v", err))
	}
	if (review.Spec.ResourceAttributes == nil) == (review.Spec.NonResourceAttributes == nil) {
		at := field.NewPath("spec", "resourceAttributes")
		return apierrors.NewInvalid(schema.GroupKind{Group: authorizationv1.GroupName}, "", field.ErrorList{
			field.Invalid(at, review.Spec.NonResourceAttributes, "exactly one of nonResourceAttributes or resourceAttributes must be specified"),
		})
	}
	review.TypeMeta = metav1.TypeMeta{APIVersion: authorizationv1.SchemeGroupVersion.String(), Kind: "SelfSubjectAccessReview"}
	review.Status = authorizationv1.SubjectAccessReviewStatus{Allowed: s.options.Deny == nil || !s.options.Deny(review.Spec)}
	return rest.WriteObject(w, r, http.StatusCreated, review)
}
