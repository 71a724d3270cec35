package rest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// statusOf makes the answer of an error (ErrorToAPIStatus, apiserver v0.34 endpoints/handlers/responsewriters/status.go):
// what is no API error becomes a 500 with an empty reason and its text.
func statusOf(err error) *metav1.Status {
	var status metav1.Status
	var api apierrors.APIStatus
	if errors.As(err, &api) {
		status = api.Status()
		if status.Code == 0 {
			status.Code = http.StatusInternalServerError
		}
	} else {
		status = metav1.Status{Code: http.StatusInternalServerError, Message: err.Error()}
	}
	if status.Status == "" {
		status.Status = metav1.StatusFailure
	}
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	return &status
}

func failure(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
}

func notAcceptable(accepted []string) error {
	return failure(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable,
		"only the following media types are accepted: "+strings.Join(accepted, ", "))
}

func unsupportedMediaType(accepted []string) error {
	return failure(http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType,
		"the body of the request was in an unknown format - accepted media types include: "+strings.Join(accepted, ", "))
}

// tooLarge is about a revision that is still to come (apiserver v0.34 storage/errors.go).
func tooLarge(e *store.FutureError) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %d, current: %d", e.Asked, e.Current), 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{
		Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version",
	}}
	return err
}

// tooOld is about a watch whose history is gone (apiserver v0.34 storage/cacher/watch_cache.go).
func tooOld(e *store.TooOldError) error {
	return apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", e.Asked, e.Oldest))
}

// The texts of expired lists (apiserver v0.34 storage/etcd3/errors.go).
const (
	textExpired         = "The resourceVersion for the provided list is too old."
	textExpiredContinue = "The provided continue parameter is too old " +
		"to display a consistent list result. You can start a new list without " +
		"the continue parameter."
	textInconsistentContinue = "The provided continue parameter is too old " +
		"to display a consistent list result. You can start a new list without " +
		"the continue parameter, or use the continue token in this response to " +
		"retrieve the remainder of the results. Continuing with the provided " +
		"token results in an inconsistent list - objects that were created, " +
		"modified, or deleted between the time the first chunk was returned " +
		"and now may show up in the list."
)

// textModified is the optimistic lock's refusal (OptimisticLockErrorMsg, apiserver v0.34 registry/generic/registry).
const textModified = "the object has been modified; please apply your changes to the latest version and try again"
