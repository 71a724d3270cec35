package kubevirtsim

import (
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// ourWrite marks the context of what KubeVirt's own parts write, whom its webhooks know by their accounts.
type ourWrite struct{}

// ours says whether a part of KubeVirt writes, over HTTP or past it.
func ours(w *rest.Write) bool { return w.Request == nil || w.Context.Value(ourWrite{}) != nil }

// findings gathers what a webhook has against an object, in the order in which KubeVirt's own finds it.
type findings struct{ causes []metav1.StatusCause }

func (f *findings) add(kind metav1.CauseType, at *field.Path, format string, args ...any) {
	cause := metav1.StatusCause{Type: kind, Message: fmt.Sprintf(format, args...)}
	if at != nil {
		cause.Field = at.String()
	}
	f.causes = append(f.causes, cause)
}

func (f *findings) invalid(at *field.Path, format string, args ...any) {
	f.add(metav1.CauseTypeFieldValueInvalid, at, format, args...)
}

func (f *findings) required(at *field.Path, format string, args ...any) {
	f.add(metav1.CauseTypeFieldValueRequired, at, format, args...)
}

func (f *findings) duplicate(at *field.Path, format string, args ...any) {
	f.add(metav1.CauseTypeFieldValueDuplicate, at, format, args...)
}

func (f *findings) notFound(at *field.Path, format string, args ...any) {
	f.add(metav1.CauseTypeFieldValueNotFound, at, format, args...)
}

func (f *findings) notSupported(at *field.Path, format string, args ...any) {
	f.add(metav1.CauseTypeFieldValueNotSupported, at, format, args...)
}

// toldCauses is how many findings a refusal tells; of the rest only the number (ToAdmissionResponse of
// pkg/util/webhooks, KubeVirt v1.9.0).
const toldCauses = 10

// refusal is the answer to whoever wrote the object; nil when there is nothing against it.
func (f *findings) refusal(webhook string) error {
	if len(f.causes) == 0 {
		return nil
	}
	told := f.causes[:min(len(f.causes), toldCauses)]
	var messages []string
	for _, cause := range told {
		messages = append(messages, cause.Message)
	}
	message := strings.Join(messages, ", ")
	if rest := len(f.causes) - len(told); rest > 0 {
		message = fmt.Sprintf("%s, and %d more validation errors", message, rest)
	}
	return denied(webhook, metav1.Status{Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
		Message: message, Details: &metav1.StatusDetails{Causes: told}})
}

// failed is the answer to an error inside a webhook, which it tells as a bad request without a reason
// (ToAdmissionResponseError of the same package).
func failed(webhook string, err error) error {
	return denied(webhook, metav1.Status{Code: http.StatusBadRequest, Message: err.Error()})
}

// denied is how the API server passes on what a webhook refuses (apiserver v0.34
// admission/plugin/webhook/errors/statuserror.go).
func denied(webhook string, status metav1.Status) error {
	status.Status = metav1.StatusFailure
	status.Message = fmt.Sprintf("admission webhook %q denied the request: %s", webhook, status.Message)
	return &apierrors.StatusError{ErrStatus: status}
}
