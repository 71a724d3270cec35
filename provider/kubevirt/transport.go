package kubevirt

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// exchange is what the transport saw of one call, for the translation of its error.
type exchange struct {
	// sent is true once the request's bytes were written: from then on a write may have happened.
	sent atomic.Bool
	// status is that of the answer, 0 when none came.
	status atomic.Int64
	// retryAfter is the server's wish in nanoseconds.
	retryAfter atomic.Int64
	// empty is true for an answer that announced no body.
	empty atomic.Bool
}

type exchangeKey struct{}

func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := new(exchange)
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// guard is the round tripper around a member's transport. It notes what happened, refuses redirects (a token would
// follow them), and keeps client-go from repeating calls behind the caller's back: any request, writes included, up to
// ten times when an answer has Retry-After, and reads when a connection was reset (rest/with_retry.go, v0.34). So it
// takes the header out, and seals errors.
type guard struct{ next http.RoundTripper }

// WrappedRoundTripper lets apimachinery reach the transport, to close idle connections.
func (g guard) WrappedRoundTripper() http.RoundTripper { return g.next }

func (g guard) RoundTrip(request *http.Request) (*http.Response, error) {
	x, ok := request.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		x = new(exchange)
	}
	trace := &httptrace.ClientTrace{WroteHeaders: func() { x.sent.Store(true) }}
	response, err := g.next.RoundTrip(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	if err != nil {
		return nil, sealed{err}
	}
	x.status.Store(int64(response.StatusCode))
	x.empty.Store(response.ContentLength == 0)
	x.retryAfter.Store(int64(retryAfter(response.Header.Get("Retry-After"))))
	response.Header.Del("Retry-After")
	if into, ok := request.Context().Value(warningsKey{}).(*[]string); ok && request.Method == http.MethodPatch {
		*into = append(*into, warningsOf(response.Header)...)
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		_ = response.Body.Close()
		return nil, domain.E(domain.CodeRedirectRefused, domain.Params{"status": strconv.Itoa(response.StatusCode)}, nil)
	}
	return response, nil
}

// sealed keeps a transport's error from being recognised by its type or text, until translate takes it out.
type sealed struct{ err error }

func (sealed) Error() string { return "no answer" }

// retryAfter reads the header's seconds; its other form, a date, would trust the server's clock and is left out.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, time.Hour)
}

// warningsOf reads the server's remarks, such as on a deprecated field.
func warningsOf(header http.Header) []string {
	parsed, _ := utilnet.ParseWarningHeaders(header["Warning"]) // what is no warning is not reported
	var texts []string
	for _, warning := range parsed {
		texts = append(texts, cut(warning.Text))
	}
	return texts
}
