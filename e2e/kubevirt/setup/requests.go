package setup

import (
	"net/http"
	"sync"
	"time"
)

// pollPeriod is short, because nobody else uses the server.
const pollPeriod = 50 * time.Millisecond

// Requests stands between a provider and the server: it remembers what was sent, and lets a test do something at the
// very moment between two requests, which no timing could hit.
type Requests struct {
	mu     sync.Mutex
	sent   []string
	writes []string
	before func(*http.Request)
	answer func(*http.Request) *http.Response
}

// Writes returns the requests since the last call that were not reads: method and path each.
func (r *Requests) Writes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	writes := r.writes
	r.sent, r.writes = nil, nil
	return writes
}

// Sent returns all requests since the last call.
func (r *Requests) Sent() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := r.sent
	r.sent, r.writes = nil, nil
	return sent
}

// BeforeWrite does something once, before the next request that is no read goes out.
func (r *Requests) BeforeWrite(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = func(request *http.Request) {
		if request.Method == http.MethodGet {
			return
		}
		r.mu.Lock()
		r.before = nil
		r.mu.Unlock()
		do()
	}
}

// Answer lets a function answer requests instead of the server; those for which it returns nil go there. Nil ends that.
func (r *Requests) Answer(answer func(*http.Request) *http.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *Requests) wrap(next http.RoundTripper) http.RoundTripper {
	return between{Requests: r, next: next}
}

type between struct {
	*Requests
	next http.RoundTripper
}

func (b between) RoundTrip(request *http.Request) (*http.Response, error) {
	line := request.Method + " " + request.URL.Path
	b.mu.Lock()
	b.sent = append(b.sent, line)
	if request.Method != http.MethodGet {
		b.writes = append(b.writes, line)
	}
	before, answer := b.before, b.answer
	b.mu.Unlock()
	if before != nil {
		before(request)
	}
	if answer != nil {
		if response := answer(request); response != nil {
			return response, nil
		}
	}
	return b.next.RoundTrip(request)
}

// WrappedRoundTripper lets apimachinery reach the transport, to close idle connections.
func (b between) WrappedRoundTripper() http.RoundTripper { return b.next }
