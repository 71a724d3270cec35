package conformance

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/kv-shepherd/shepherd-go/providertest"
)

// suffer is what a request gets that meets a fault.
func (t tapped) suffer(request *http.Request, f providertest.Fault) (*http.Response, error) {
	switch f.Kind {
	case providertest.FaultUnreachable:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case providertest.FaultHang:
		wrote(request)
		<-request.Context().Done()
		return nil, request.Context().Err()
	case providertest.FaultLost:
		return nil, t.lose(request)
	case providertest.FaultForbidden:
		return t.next.RoundTrip(asNobody(request))
	}
	wrote(request)
	answer, ok := answers[f.Kind]
	if !ok {
		return nil, fmt.Errorf("no fault %q", f.Kind)
	}
	return answer(request, f), nil
}

// wrote has the provider know that its request was on its way.
func wrote(request *http.Request) {
	if trace := httptrace.ContextClientTrace(request.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
}

// lose sends a request, whoever waits for it, and keeps the answer.
func (t tapped) lose(request *http.Request) error {
	patient := request.Clone(context.WithoutCancel(request.Context()))
	response, err := t.next.RoundTrip(patient)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	if err != nil {
		return err
	}
	<-request.Context().Done()
	return request.Context().Err()
}

// asNobody sends a request in the name of a user without rights, so that the refusal is the server's own.
func asNobody(request *http.Request) *http.Request {
	theirs := request.Clone(request.Context())
	theirs.Header.Set("Impersonate-User", "nobody")
	return theirs
}

// answers are those that the server cannot be made to give to one request of many, as it was seen to give them.
var answers = map[providertest.FaultKind]func(*http.Request, providertest.Fault) *http.Response{
	// Of API priority and fairness, which speaks no JSON.
	providertest.FaultThrottled: func(r *http.Request, f providertest.Fault) *http.Response {
		a := answered(r, http.StatusTooManyRequests, "text/plain; charset=utf-8", "Too many requests, please try again later.\n")
		if f.RetryAfter > 0 {
			a.Header.Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		return a
	},
	providertest.FaultQuota: func(r *http.Request, _ providertest.Fault) *http.Response {
		return status(r, http.StatusForbidden, "Forbidden", "is forbidden: exceeded quota: few, requested: count/virtualmachines.kubevirt.io=1, "+
			"used: count/virtualmachines.kubevirt.io=1, limited: count/virtualmachines.kubevirt.io=1")
	},
	// Of virt-api's own authorizer.
	providertest.FaultVerbDenied: func(r *http.Request, _ providertest.Fault) *http.Response {
		return answered(r, http.StatusUnauthorized, "", "")
	},
	providertest.FaultWriteRace: func(r *http.Request, _ providertest.Fault) *http.Response {
		return status(r, http.StatusConflict, "Conflict", "cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again")
	},
	providertest.FaultInternal: func(r *http.Request, _ providertest.Fault) *http.Response {
		return status(r, http.StatusInternalServerError, "InternalError", "Internal error occurred: etcdserver: leader changed")
	},
}

func status(request *http.Request, code int, reason, message string) *http.Response {
	name := request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]
	return answered(request, code, "application/json", fmt.Sprintf(
		`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,`+
			`"details":{"name":%q,"group":"kubevirt.io","kind":"virtualmachines"},"code":%d}`, message, reason, name, code))
}

func answered(request *http.Request, code int, contentType, body string) *http.Response {
	header := http.Header{}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	return &http.Response{
		Status: http.StatusText(code), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: request,
	}
}
