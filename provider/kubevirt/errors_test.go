package kubevirt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func refusal(code int32, reason metav1.StatusReason, message string, details *metav1.StatusDetails) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: "Failure", Code: code, Reason: reason, Message: message, Details: details}}
}

func causes(list ...metav1.StatusCause) *metav1.StatusDetails {
	return &metav1.StatusDetails{Causes: list}
}

// TestTranslate holds what a real control plane was seen to answer (Kubernetes 1.34, KubeVirt 1.9) against the codes.
func TestTranslate(t *testing.T) {
	vm := call{ref: domain.Ref{Cluster: "c1", Namespace: "team", Name: "web"}}
	sub := vm
	sub.subresource = "start"
	list := call{ref: domain.Ref{Cluster: "c1", Namespace: "team"}}
	more := list
	more.token = true
	write := vm
	write.write, write.spec = true, true
	text := causes(metav1.StatusCause{Type: metav1.CauseTypeUnexpectedServerResponse, Message: "404 page not found"})
	text.Kind, text.Name = "virtualmachines", "web"
	for name, c := range map[string]struct {
		why    string
		call   call
		err    error
		want   domain.Code
		fields []domain.FieldError
	}{
		"vm missing": {"the API server says the plural", vm,
			refusal(404, metav1.StatusReasonNotFound, "", &metav1.StatusDetails{Kind: "virtualmachines", Name: "web"}), domain.CodeVMNotFound, nil},
		"vm missing for a verb": {"virt-api says the singular", sub,
			refusal(404, metav1.StatusReasonNotFound, "", &metav1.StatusDetails{Kind: "virtualmachine", Name: "web"}), domain.CodeVMNotFound, nil},
		"instance missing": {"a VM that is off answers 404 for its instance", sub,
			refusal(404, metav1.StatusReasonNotFound, "", &metav1.StatusDetails{Kind: "virtualmachineinstance", Name: "web"}), domain.CodeVMNotRunning, nil},
		"namespace missing": {"details name another kind than was asked for", vm,
			refusal(404, metav1.StatusReasonNotFound, "", &metav1.StatusDetails{Kind: "namespaces", Name: "team"}), domain.CodeNamespaceNotFound, nil},
		"no KubeVirt": {"the path is missing, not an object", vm,
			refusal(404, metav1.StatusReasonNotFound, "the server could not find the requested resource", &metav1.StatusDetails{}), domain.CodeKubeVirtMissing, nil},
		"no such verb": {"an older virt-api answers plain text", sub,
			refusal(404, metav1.StatusReasonNotFound, "404: Page Not Found", nil), domain.CodeCapabilityUnsupported, nil},
		"precondition": {"409 without causes is a race", vm,
			refusal(409, metav1.StatusReasonConflict, "Operation cannot be fulfilled", nil), domain.CodeRevisionConflict, nil},
		"manager conflict": {"409 with causes is a claim", vm,
			refusal(409, metav1.StatusReasonConflict, "Apply failed with 1 conflict", causes(metav1.StatusCause{Type: metav1.CauseTypeFieldManagerConflict,
				Field: ".spec.runStrategy", Message: `conflict with "virt-api" using kubevirt.io/v1 at 2026-01-02T03:04:05Z`})),
			domain.CodeFieldConflict, []domain.FieldError{{Field: "spec.runStrategy", Reason: domain.FieldOwned, Manager: "virt-api",
				Detail: `conflict with "virt-api" using kubevirt.io/v1 at 2026-01-02T03:04:05Z`}}},
		"webhook denial": {"422 with causes", vm,
			refusal(422, metav1.StatusReasonInvalid, "denied", causes(metav1.StatusCause{Type: metav1.CauseTypeFieldValueRequired, Field: "spec.running", Message: "m"})),
			domain.CodeInvalidSpec, []domain.FieldError{{Field: "spec.running", Reason: domain.FieldRequired, Detail: "m"}}},
		"uid of an apply": {"the VM was made anew", vm,
			refusal(422, metav1.StatusReasonInvalid, "", causes(metav1.StatusCause{Field: "metadata.uid", Message: "field is immutable"})), domain.CodeUIDConflict, nil},
		"unknown field": {"a caller's error dressed as 500", vm,
			refusal(500, "", `failed to create typed patch object (team/web; kubevirt.io/v1): .spec.x: field not declared in schema`, nil), domain.CodeInvalidSpec, nil},
		"bad quantity":  {"400 from the mutating webhook", write, refusal(400, "", "quantities must match", nil), domain.CodeInvalidSpec, nil},
		"webhook down":  {"reads still work", vm, refusal(500, metav1.StatusReasonInternalError, `Internal error occurred: failed calling webhook "x"`, nil), domain.CodeWebhookUnavailable, nil},
		"virt-api down": {"plain text through the aggregation layer", sub, refusal(503, metav1.StatusReasonServiceUnavailable, "error trying to reach service: dial tcp", nil), domain.CodeWebhookUnavailable, nil},
		"virt-api gone": {"the aggregation layer's later words, on the second line", sub,
			refusal(503, metav1.StatusReasonServiceUnavailable, "the server is currently unable to handle the request", causes(metav1.StatusCause{Type: metav1.CauseTypeUnexpectedServerResponse, Message: "service unavailable"})), domain.CodeWebhookUnavailable, nil},
		"already underway": {"500 that is no fault", sub, refusal(500, metav1.StatusReasonInternalError, "Internal error occurred: unable to complete request: stop/start already underway", nil), domain.CodeTransitionInProgress, nil},
		"migration in 400": {"an empty reason and text only", vm, refusal(400, "", "in-flight migration detected. Active migration job", nil), domain.CodeMigrationInProgress, nil},
		"not migratable":   {"an empty reason and text only", vm, refusal(400, "", "Cannot migrate VMI, Reason: DisksNotLiveMigratable, Message: x", nil), domain.CodeNotMigratable, nil},
		"no permission":    {"403", vm, refusal(403, metav1.StatusReasonForbidden, `virtualmachines "web" is forbidden: User "x" cannot`, nil), domain.CodePermissionDenied, nil},
		"namespace ends": {"403 that is no permission", vm,
			refusal(403, metav1.StatusReasonForbidden, "", causes(metav1.StatusCause{Type: corev1.NamespaceTerminatingCause})), domain.CodeNamespaceNotFound, nil},
		"quota":              {"403 that is no permission", vm, refusal(403, metav1.StatusReasonForbidden, `forbidden: exceeded quota: q, requested: cpu=1`, nil), domain.CodeQuotaExceeded, nil},
		"our credential":     {"401 from the API server", vm, refusal(401, metav1.StatusReasonUnauthorized, "Unauthorized", nil), domain.CodeClusterCredentials, nil},
		"second authoriser":  {"401 from virt-api", sub, refusal(401, metav1.StatusReasonUnauthorized, "", nil), domain.CodePermissionDenied, nil},
		"throttled":          {"429", vm, refusal(429, metav1.StatusReasonTooManyRequests, "", nil), domain.CodeThrottled, nil},
		"expired":            {"410", more, refusal(410, metav1.StatusReasonExpired, "the provided continue parameter is too old", nil), domain.CodeCursorExpired, nil},
		"foreign token":      {"400 to a list", more, refusal(400, metav1.StatusReasonBadRequest, "invalid continue token", nil), domain.CodeInvalidCursor, nil},
		"bad option":         {"400 to a verb", sub, refusal(400, metav1.StatusReasonBadRequest, "gracePeriod has to be", nil), domain.CodeInvalidOption, nil},
		"server timeout":     {"504", vm, refusal(504, metav1.StatusReasonTimeout, "", nil), domain.CodeVerbTimeout, nil},
		"some 500":           {"a fault", vm, refusal(500, metav1.StatusReasonInternalError, "boom", nil), domain.CodeInternal, nil},
		"teapot":             {"an unknown 4xx is not of this API", vm, refusal(418, "", "", nil), domain.CodeProtocolError, nil},
		"400 of no token":    {"a proxy's: no token was sent", list, refusal(400, metav1.StatusReasonBadRequest, "plain HTTP to an HTTPS port", nil), domain.CodeProtocolError, nil},
		"404 of a proxy":     {"client-go fills in what was asked for; the VM may well exist", vm, refusal(404, metav1.StatusReasonNotFound, "", text), domain.CodeKubeVirtMissing, nil},
		"404 of a verb":      {"client-go fills in what was asked for", sub, refusal(404, metav1.StatusReasonNotFound, "", text), domain.CodeCapabilityUnsupported, nil},
		"migration name":     {"409 of a create", vm, refusal(409, metav1.StatusReasonAlreadyExists, "", &metav1.StatusDetails{Kind: "virtualmachineinstancemigrations", Name: "m"}), domain.CodeMigrationAlreadyExists, nil},
		"no connection":      {"nothing came back", vm, &url.Error{Op: "Get", URL: "https://user:hunter2@host", Err: io.ErrUnexpectedEOF}, domain.CodeClusterUnreachable, nil},
		"our own refusal":    {"a redirect is refused in the transport", vm, fmt.Errorf("x: %w", domain.E(domain.CodeRedirectRefused, nil, nil)), domain.CodeRedirectRefused, nil},
		"limiter's own text": {"our queue is longer than the time limit", vm, errors.New("client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline"), domain.CodeQueueFull, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.call.translate(t.Context(), t.Context(), new(exchange), c.err)
			e, ok := errors.AsType[*domain.Error](err)
			if !ok {
				t.Fatalf("%s\ntranslate() = %T", c.why, err)
			}
			if e.Code != c.want {
				t.Errorf("%s\ncode %s, want %s", c.why, e.Code, c.want)
			}
			if diff := cmp.Diff(c.fields, e.Fields); c.fields != nil && diff != "" {
				t.Errorf("%s\nfields (-want +got):\n%s", c.why, diff)
			}
			if e.Params[domain.ParamCluster] != "c1" || e.Params[domain.ParamNamespace] != "team" {
				t.Errorf("%s\nparams %v", c.why, e.Params)
			}
			if status, isStatus := errors.AsType[*apierrors.StatusError](c.err); isStatus {
				if got, reachable := errors.AsType[*apierrors.StatusError](err); !reachable || got != status {
					t.Errorf("%s\nthe server's status is not reachable", c.why)
				}
			}
		})
	}
}

func TestTranslateTellsWhoseTimeEnded(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithTimeout(t.Context(), 0)
	defer stop()
	ours, stopOurs := context.WithTimeoutCause(t.Context(), 0, domain.CodeVerbTimeout)
	defer stopOurs()
	closed, closeIt := context.WithCancelCause(t.Context())
	closeIt(domain.CodeClosed)
	for why, c := range map[string]struct {
		parent, own context.Context
		err         error
		want        domain.Code
	}{
		"the caller canceled":                    {canceled, canceled, context.Canceled, domain.CodeCanceled},
		"the caller's deadline":                  {late, late, context.DeadlineExceeded, domain.CodeDeadlineExceeded},
		"our own limit":                          {t.Context(), ours, context.DeadlineExceeded, domain.CodeVerbTimeout},
		"the cluster was removed":                {t.Context(), closed, context.Canceled, domain.CodeClosed},
		"both, the caller's counts":              {canceled, ours, context.Canceled, domain.CodeCanceled},
		"an answer came before, which is a fact": {canceled, canceled, refusal(403, metav1.StatusReasonForbidden, "", nil), domain.CodePermissionDenied},
		"a timeout inside, but no context's end": {t.Context(), t.Context(), &url.Error{Err: context.DeadlineExceeded}, domain.CodeClusterUnreachable},
	} {
		err := call{}.translate(c.parent, c.own, new(exchange), c.err)
		if got := domain.CodeOf(err); got != c.want {
			t.Errorf("%s: %s, want %s", why, got, c.want)
		}
	}
}

func TestOutcomeUnknown(t *testing.T) {
	for _, c := range []struct {
		why         string
		write, sent bool
		status      int64
		want        bool
	}{
		{"a write without an answer", true, true, 0, true},
		{"a write that never left", true, false, 0, false},
		{"a write that was refused", true, true, 409, false},
		{"a write whose good answer was lost", true, true, 201, true},
		{"a write behind a gateway that gave up", true, true, 504, true},
		{"a read", false, true, 0, false},
	} {
		seen := new(exchange)
		seen.sent.Store(c.sent)
		seen.status.Store(c.status)
		err := call{write: c.write}.translate(t.Context(), t.Context(), seen, io.EOF)
		if e, ok := errors.AsType[*domain.Error](err); !ok || e.OutcomeUnknown != c.want {
			t.Errorf("%s: OutcomeUnknown = %v", c.why, e)
		}
	}
}
