package kubevirt

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/klog/v2"

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
	// foreign is true for an answer that says it is no JSON, which no API server's is that was asked for it.
	foreign atomic.Bool
}

type exchangeKey struct{}

func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := new(exchange)
	ctx = klog.NewContext(ctx, klog.Logger{}) // else client-go prints of answers that break off to the process's log
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// guard is the round tripper around a member's transport. It notes what happened, refuses redirects (a token would
// follow them), and keeps client-go from repeating calls behind the caller's back: any request, writes included, up to
// ten times when an answer has Retry-After, and reads when a connection was reset (rest/with_retry.go, v0.34). So it
// takes the header out, and seals errors.
//
// It bounds what an answer may cost, unpacked: who reads an answer whole would read one without end, which costs its sender
// a few bytes.
type guard struct {
	next http.RoundTripper
	// limit of the bytes of an answer. A watch has none: its frames do.
	limit int64
}

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
	x.foreign.Store(foreign(response.Header.Get("Content-Type")))
	x.retryAfter.Store(int64(retryAfter(response.Header)))
	response.Header.Del("Retry-After")
	if into, ok := request.Context().Value(warningsKey{}).(*[]string); ok && request.Method == http.MethodPatch {
		*into = append(*into, warningsOf(response.Header)...)
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		_ = response.Body.Close()
		return nil, domain.E(domain.CodeRedirectRefused, domain.Params{"status": strconv.Itoa(response.StatusCode)}, nil)
	}
	switch {
	case response.StatusCode >= 400:
		response.Body = readCloser{io.LimitReader(response.Body, maxStatus), response.Body}
	case !strings.Contains(request.URL.RawQuery, "watch=true"):
		response.Body = readCloser{&capped{response.Body, g.limit}, response.Body}
	}
	return response, nil
}

// maxStatus is the most that is read of an error's answer; what is behind it tells nobody anything.
const maxStatus = 1 << 20

// readCloser reads from one and closes the other.
type readCloser struct {
	io.Reader
	io.Closer
}

// foreign says whether a content type is one of another protocol: a login page, a proxy's remark.
func foreign(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return contentType != "" && (err != nil || media != "application/json")
}

// sealed keeps a transport's error from being recognised by its type or text, until translate takes it out.
type sealed struct{ err error }

func (sealed) Error() string { return "no answer" }

// retryAfter reads the header, in seconds or as a date. The date is compared with that of the answer: both are of the
// server's clock, which need not be ours.
func retryAfter(header http.Header) time.Duration {
	const longest = time.Hour
	value := header.Get("Retry-After")
	if until, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(header.Get("Date"))
		if err != nil {
			return 0
		}
		return min(max(until.Sub(now), 0), longest)
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) && !strings.HasPrefix(value, "-"):
		return longest
	case err != nil || seconds < 0:
		return 0
	}
	return time.Duration(min(seconds, int64(longest/time.Second))) * time.Second
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
