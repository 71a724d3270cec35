package kubevirt

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// This file is the one place that looks at HTTP codes and server text. What it answers for a verb that was refused is
// only a first word: power.go reads the VM again and asks the lifecycle table, since KubeVirt says 409 for "already
// running" and for a lost race alike, 404 for a VM that is off, and 500 for a transition under way.

// translate makes a domain error of what a request returned. parent is the caller's context, own the call's.
func (c call) translate(parent, own context.Context, seen *exchange, err error) error {
	if inner, ok := errors.AsType[sealed](err); ok {
		err = inner.err
	}
	e := c.classify(parent, own, seen, err)
	e.Err = c.secrets.hide(err)
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		e.Err = urlErr.Err // the URL says nothing the params do not, and might say more than a log should hold
	}
	params := c.ref.Params()
	maps.Copy(params, e.Params)
	e.Params = params
	if e.RetryAfter == 0 {
		e.RetryAfter = time.Duration(seen.retryAfter.Load())
	}
	e.OutcomeUnknown = c.write && seen.sent.Load() && mayHaveHappened(int(seen.status.Load()))
	return e
}

// mayHaveHappened says whether a write that got this HTTP status may have had its effect: no answer at all, one that
// began well and was lost, or a gateway's word about a server it did not hear.
func mayHaveHappened(status int) bool {
	return status == 0 || status >= 200 && status < 300 || status == http.StatusBadGateway || status == http.StatusGatewayTimeout
}

func (c call) classify(parent, own context.Context, seen *exchange, err error) *domain.Error {
	if ended := c.ended(parent, own, seen, err); ended != "" {
		return domain.E(ended, nil, nil)
	}
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return domain.E(e.Code, e.Params, nil)
	}
	if status, ok := errors.AsType[*apierrors.StatusError](err); ok {
		return c.ofStatus(status.ErrStatus, seen)
	}
	if seen.status.Load() != 0 {
		return domain.E(domain.CodeProtocolError, nil, nil) // an answer came, and is not what the API speaks
	}
	if ranOut(err) {
		return domain.E(domain.CodeVerbTimeout, nil, nil)
	}
	return domain.E(domain.CodeClusterUnreachable, nil, nil)
}

// ranOut says whether a limit of the transport's own has passed, which is that of a TLS handshake. A connection that the
// kernel gave up is an error of the network, whatever it says of time.
func ranOut(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	limit, ok := errors.AsType[net.Error](err)
	return ok && !network && limit.Timeout() && !errors.Is(err, context.DeadlineExceeded)
}

// ended says which context ended the request, the caller's first. A complete answer is believed even if a context
// ended while it was read.
func (c call) ended(parent, own context.Context, seen *exchange, err error) domain.Code {
	if _, answered := errors.AsType[*apierrors.StatusError](err); answered {
		return ""
	}
	switch {
	case parent.Err() != nil && errors.Is(context.Cause(parent), domain.CodeVerbTimeout):
		return domain.CodeVerbTimeout // a limit of ours around the call, and not the caller's
	case parent.Err() != nil:
		return domain.CodeOf(parent.Err())
	case own.Err() != nil:
		return domain.CodeOf(context.Cause(own))
	case !seen.sent.Load() && strings.Contains(err.Error(), limiterText):
		return domain.CodeQueueFull
	}
	return ""
}

// limiterText is how client-go's own rate limiter says that its queue is longer than the request's time limit.
const limiterText = "client rate limiter Wait returned an error"

// ofStatus reads a Kubernetes status, by code first, then by reason, details and causes.
func (c call) ofStatus(status metav1.Status, seen *exchange) *domain.Error {
	if hasCause(status, corev1.NamespaceTerminatingCause) {
		return domain.E(domain.CodeNamespaceNotFound, nil, nil) // 403, and no question of permission
	}
	if hasCause(status, metav1.CauseTypeResourceVersionTooLarge) {
		return domain.E(domain.CodeRevisionExpired, nil, nil) // a server whose history is behind what we have seen
	}
	if code := codeOfText(status); code != "" {
		return c.withFields(domain.E(code, nil, nil), status)
	}
	if d := status.Details; d != nil && d.RetryAfterSeconds > 0 {
		seen.retryAfter.CompareAndSwap(0, int64(min(time.Duration(d.RetryAfterSeconds)*time.Second, time.Hour)))
	}
	switch status.Code {
	case http.StatusNotFound:
		return c.notFound(status)
	case http.StatusConflict:
		return c.conflict(status)
	case http.StatusUnprocessableEntity:
		return c.invalid(status)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return c.badRequest(status)
	case http.StatusUnauthorized:
		if c.subresource != "" {
			// virt-api authorises the full path a second time and answers 401 with an empty body; the API server, which
			// knows our credential, had let the request pass (KubeVirt v1.9, pkg/virt-api/rest/authorizer.go).
			return domain.E(domain.CodePermissionDenied, nil, nil)
		}
		return domain.E(domain.CodeClusterCredentials, nil, nil)
	case http.StatusGone:
		if c.token {
			return domain.E(domain.CodeCursorExpired, nil, nil)
		}
		return domain.E(domain.CodeRevisionExpired, nil, nil)
	}
	if code, ok := codeByStatus[int(status.Code)]; ok {
		return domain.E(code, nil, nil)
	}
	if status.Code >= 400 && status.Code < 500 {
		return domain.E(domain.CodeProtocolError, nil, nil)
	}
	return domain.E(domain.CodeInternal, nil, nil)
}

var codeByStatus = map[int]domain.Code{
	http.StatusForbidden:          domain.CodePermissionDenied,
	http.StatusTooManyRequests:    domain.CodeThrottled,
	http.StatusPreconditionFailed: domain.CodeRevisionConflict,
	http.StatusRequestTimeout:     domain.CodeVerbTimeout,
	http.StatusServiceUnavailable: domain.CodeClusterUnreachable,
	http.StatusBadGateway:         domain.CodeClusterUnreachable,
	http.StatusGatewayTimeout:     domain.CodeVerbTimeout,
}

// texts are the server's sentences that neither code nor reason nor cause can tell apart. Each was seen on KubeVirt
// v1.9.0 and Kubernetes 1.34, and is asked for again in the e2e tests.
var texts = []struct {
	status  int32
	pattern *regexp.Regexp
	code    domain.Code
}{
	// Server-side apply reports a field its schema lacks as a fault of its own.
	{500, regexp.MustCompile(`failed to create typed patch object|field not declared in schema`), domain.CodeInvalidSpec},
	{500, regexp.MustCompile(`failed calling webhook`), domain.CodeWebhookUnavailable},
	// virt-api wraps its own and the webhook's refusals in InternalError, and so the failed test of a JSON patch, which
	// Kubernetes answers with its word for any 422 (pkg/virt-api/rest/lifecycle.go, v1.9.0): a lost race.
	{500, regexp.MustCompile(`the server rejected our request due to an error in our request`), domain.CodeRevisionConflict},
	{500, regexp.MustCompile(`stop/start already underway`), domain.CodeTransitionInProgress},
	{500, regexp.MustCompile(`in-flight migration detected`), domain.CodeMigrationInProgress},
	{500, regexp.MustCompile(`until snapshot .* completes`), domain.CodeSnapshotInProgress},
	{500, regexp.MustCompile(`until restore .* completes`), domain.CodeRestoreInProgress},
	{422, regexp.MustCompile(`until snapshot .* completes`), domain.CodeSnapshotInProgress}, // of an update that changes volumes
	{400, regexp.MustCompile(`in-flight migration detected`), domain.CodeMigrationInProgress},
	{400, regexp.MustCompile(`Cannot migrate VMI, Reason: `), domain.CodeNotMigratable},
	{400, regexp.MustCompile(`Cannot migrate VMI in finalized state|the VMI ".*" does not exist`), domain.CodeVMNotRunning},
	{403, regexp.MustCompile(`exceeded quota:`), domain.CodeQuotaExceeded},
	// A server's 503 for an aggregated API is virt-api's absence, not the cluster's.
	{503, regexp.MustCompile(`error trying to reach service|(?m)^service unavailable`), domain.CodeWebhookUnavailable},
}

func codeOfText(status metav1.Status) domain.Code {
	var message strings.Builder
	message.WriteString(status.Message)
	if d := status.Details; d != nil { // a plain-text body reaches us as a cause
		for _, cause := range d.Causes {
			if cause.Type == metav1.CauseTypeUnexpectedServerResponse {
				message.WriteString("\n" + cause.Message)
			}
		}
	}
	for _, t := range texts {
		if t.status == status.Code && t.pattern.MatchString(message.String()) {
			return t.code
		}
	}
	return ""
}

// missing maps the kind in the details of a 404 to a code. The API server says plurals, virt-api singulars.
var missing = map[string]domain.Code{
	"virtualmachine":                    domain.CodeVMNotFound,
	"virtualmachineinstance":            domain.CodeVMNotRunning,
	"virtualmachineinstancemigration":   domain.CodeMigrationNotFound,
	"virtualmachineinstancetype":        domain.CodeInstanceTypeNotFound,
	"virtualmachineclusterinstancetype": domain.CodeInstanceTypeNotFound,
	"virtualmachinepreference":          domain.CodePreferenceNotFound,
	"virtualmachineclusterpreference":   domain.CodePreferenceNotFound,
}

// notFound tells what is missing. A 404 that is no Status is about the path: no such API, no such verb, or a proxy's.
// client-go then fills in the kind and name that were asked for (rest/request.go, newUnstructuredResponseError), and
// leaves a cause: without looking at it, a VM on a cluster whose KubeVirt is gone would count as deleted.
func (c call) notFound(status metav1.Status) *domain.Error {
	if hasCause(status, metav1.CauseTypeUnexpectedServerResponse) {
		status.Details = nil
	}
	kind, name := "", ""
	if status.Details != nil {
		kind, name = strings.TrimSuffix(strings.ToLower(status.Details.Kind), "s"), status.Details.Name
	}
	switch code := missing[kind]; {
	case kind == "namespace":
		return domain.E(domain.CodeNamespaceNotFound, nil, nil)
	case code != "" && name != "":
		return domain.E(code, nil, nil)
	case c.subresource != "":
		return domain.E(domain.CodeCapabilityUnsupported, domain.Params{domain.ParamCause: "api_missing"}, nil)
	}
	return domain.E(domain.CodeKubeVirtMissing, nil, nil)
}

// conflict tells a name that is taken, a field manager's claim, which has causes, and a precondition, which has none.
func (c call) conflict(status metav1.Status) *domain.Error {
	if status.Reason == metav1.StatusReasonAlreadyExists {
		if status.Details != nil && strings.HasPrefix(status.Details.Kind, "virtualmachineinstancemigration") {
			return domain.E(domain.CodeMigrationAlreadyExists, domain.Params{domain.ParamMigration: status.Details.Name}, nil)
		}
		return domain.E(domain.CodeVMAlreadyExists, nil, nil)
	}
	if hasCause(status, metav1.CauseTypeFieldManagerConflict) {
		return c.withFields(domain.E(domain.CodeFieldConflict, nil, nil), status)
	}
	return domain.E(domain.CodeRevisionConflict, nil, nil)
}

func (c call) invalid(status metav1.Status) *domain.Error {
	if status.Details != nil {
		for _, cause := range status.Details.Causes {
			if cause.Field == "metadata.uid" {
				return domain.E(domain.CodeUIDConflict, nil, nil)
			}
		}
	}
	return c.withFields(domain.E(domain.CodeInvalidSpec, nil, nil), status)
}

// badRequest is about whatever the call sent: a token, options, or a spec. A request that sent none of these was not
// refused by the API it was meant for.
func (c call) badRequest(status metav1.Status) *domain.Error {
	switch {
	case c.token && status.Code == http.StatusBadRequest:
		return domain.E(domain.CodeInvalidCursor, domain.Params{domain.ParamField: "continue"}, nil)
	case c.subresource != "":
		return domain.E(domain.CodeInvalidOption, nil, nil)
	case c.spec:
		return c.withFields(domain.E(domain.CodeInvalidSpec, nil, nil), status)
	}
	return domain.E(domain.CodeProtocolError, nil, nil)
}

func hasCause(status metav1.Status, cause metav1.CauseType) bool {
	if status.Details == nil {
		return false
	}
	for _, c := range status.Details.Causes {
		if c.Type == cause {
			return true
		}
	}
	return false
}

// managerText is how an apply conflict names the other manager: conflict with "virt-api" using kubevirt.io/v1 at ...
var managerText = regexp.MustCompile(`conflict with "([^"]*)"`)

// withFields copies the causes: field paths as the server has them, details cut, since a webhook may echo the spec.
func (c call) withFields(e *domain.Error, status metav1.Status) *domain.Error {
	if status.Details == nil {
		return e
	}
	for _, cause := range status.Details.Causes {
		if cause.Field == "" {
			continue
		}
		f := domain.FieldError{Field: strings.TrimPrefix(cause.Field, "."), Reason: fieldReason(cause.Type), Detail: cut(c.secrets.clean(cause.Message))}
		if match := managerText.FindStringSubmatch(cause.Message); match != nil {
			f.Manager = match[1]
		}
		e.Fields = append(e.Fields, f)
	}
	if len(e.Fields) > 0 {
		e.Params = domain.Params{domain.ParamField: e.Fields[0].Field}
		if e.Fields[0].Manager != "" {
			e.Params[domain.ParamManager] = e.Fields[0].Manager
		}
	}
	return e
}

func fieldReason(cause metav1.CauseType) string {
	switch cause {
	case metav1.CauseTypeFieldValueRequired:
		return domain.FieldRequired
	case metav1.CauseTypeFieldValueDuplicate:
		return domain.FieldDuplicate
	case metav1.CauseTypeFieldValueNotSupported:
		return domain.FieldNotSupported
	case metav1.CauseTypeFieldValueNotFound:
		return domain.FieldNotFound
	case metav1.CauseTypeTooLong, metav1.CauseTypeTooMany:
		return domain.FieldTooLong
	case metav1.CauseTypeFieldManagerConflict:
		return domain.FieldOwned
	default:
		return domain.FieldInvalid
	}
}

func cut(s string) string {
	const enough = 256
	if len(s) > enough {
		s = strings.ToValidUTF8(s[:enough], "") + "..."
	}
	return s
}
