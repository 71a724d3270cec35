package kubevirtsim

import (
	"net/http"
	"sync"
)

// requests counts those that are being served, so that a server can wait for their end: http.Server.Close does not.
type requests struct {
	mu     sync.Mutex
	open   int
	closed bool
	idle   chan struct{} // closed once none is open, when closed
}

// count serves requests until their end is waited for.
func (b *requests) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !b.begin() {
			panic(http.ErrAbortHandler) // its connection is broken already, or about to be
		}
		defer b.done()
		next.ServeHTTP(w, r)
	})
}

func (b *requests) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.open++
	}
	return !b.closed
}

func (b *requests) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open--; b.open == 0 && b.closed {
		close(b.idle)
	}
}

// end lets none begin any more, and waits for those that are open.
func (b *requests) end() {
	b.mu.Lock()
	b.closed, b.idle = true, make(chan struct{})
	if b.open == 0 {
		close(b.idle)
	}
	b.mu.Unlock()
	<-b.idle
}
