package providertest

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// env is what a check works with: a provider of its own, a place of its own, and a way to say what is wrong. It fails no
// test by itself, so that the suite can be held against providers that are broken on purpose.
type env struct {
	Backend
	h  Harness
	tb testing.TB
	id string
	// ctx ends when the check has taken far too long.
	ctx context.Context //nolint:containedctx // it is the check's own, and every call of a check takes it
	// cluster is where a check works, other is the second cluster, for checks that need two.
	cluster, other string
	// ns is the check's namespace. More are made by namespace.
	ns string

	mu    sync.Mutex
	found []string
	// without are the parts of the check that were left out, by what they need.
	without []string
}

// ended is the panic that ends a check.
type ended struct{}

// newEnv prepares a check. It must run where the check will: in its bubble, if there is one.
func newEnv(tb testing.TB, h Harness, b Backend, id string) *env {
	tb.Helper()
	e := &env{Backend: b, h: h, tb: tb, id: id, cluster: h.Clusters[0], other: h.Clusters[len(h.Clusters)-1]}
	ctx, cancel := context.WithTimeout(tb.Context(), 10*h.settle())
	tb.Cleanup(cancel)
	e.ctx = ctx
	e.ns = e.namespace("")
	return e
}

// namespace makes another namespace. Its name begins with that of e.ns: with suffix "-b" it is e.ns + "-b".
func (e *env) namespace(suffix string) string {
	name := "suite-" + strings.ToLower(e.id) + suffix
	if e.h.Namespace != nil {
		e.h.Namespace(e.tb, name)
	}
	return name
}

func (h Harness) settle() time.Duration {
	if h.Settle > 0 {
		return h.Settle
	}
	return time.Minute
}

// interval is how long a check waits before it looks again.
func (h Harness) interval() time.Duration {
	if h.Virtual {
		return time.Millisecond
	}
	return 25 * time.Millisecond
}

// Errorf notes a finding; the check goes on. It may be called from any goroutine.
func (e *env) Errorf(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.found = append(e.found, fmt.Sprintf(format, args...))
}

// Fatalf notes a finding and ends the check, or the part of it that runs in a goroutine of concurrently.
func (e *env) Fatalf(format string, args ...any) {
	e.Errorf(format, args...)
	panic(ended{})
}

func (e *env) findings() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.found
}

// must ends the check on any error.
func (e *env) must(what string, err error) {
	if err != nil {
		e.Fatalf("%s: %v", what, err)
	}
}

// code finds fault with an error that has another code; "" is no error.
func (e *env) code(what string, err error, want domain.Code) bool {
	if got := domain.CodeOf(err); got != want {
		e.Errorf("%s: got %s, want %s (%v)", what, named(got), named(want), err)
		return false
	}
	return true
}

func named(code domain.Code) string {
	if code == "" {
		return "no error"
	}
	return string(code)
}

// codes is code where more than one answer is right.
func (e *env) codes(what string, err error, want ...domain.Code) bool {
	got := domain.CodeOf(err)
	if slices.Contains(want, got) {
		return true
	}
	e.Errorf("%s: got %s, want one of %v (%v)", what, named(got), want, err)
	return false
}

// kind finds fault with an error of another kind.
func (e *env) kind(what string, err error, want domain.Kind) bool {
	if got := domain.KindOf(err); got != want {
		e.Errorf("%s: got kind %q, want %s (%v)", what, got, want, err)
		return false
	}
	return true
}

// same finds fault with a difference.
func (e *env) same(what string, want, got any, opts ...cmp.Option) bool {
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		e.Errorf("%s (-want +got):\n%s", what, diff)
		return false
	}
	return true
}

// holds finds fault with what does not hold.
func (e *env) holds(ok bool, format string, args ...any) bool {
	if !ok {
		e.Errorf(format, args...)
	}
	return ok
}

// concurrently does something n times at the same time and waits for all of them.
func (e *env) concurrently(n int, do func(n int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					if _, is := r.(ended); !is {
						e.Errorf("panic: %v\n%s", r, debug.Stack())
					}
				}
			}()
			do(i)
		})
	}
	wait.Wait()
}

// sleep lets time pass: virtual, or real where there is no bubble.
func (e *env) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-e.ctx.Done():
		e.Fatalf("the check took too long")
	}
}

// eventually looks until a condition holds, for as long as a VM may take to settle.
func (e *env) eventually(what string, holds func() bool) {
	deadline := time.Now().Add(e.h.settle())
	for pause := e.h.interval(); !holds(); pause = min(2*pause, 20*e.h.interval()) {
		if time.Now().After(deadline) {
			e.Fatalf("%s: not within %s", what, e.h.settle())
		}
		e.sleep(pause)
	}
}

// wait is what the Wait functions of package provider are given.
func (e *env) waitOptions() provider.WaitOptions {
	return provider.WaitOptions{Interval: e.h.interval(), MaxInterval: 20 * e.h.interval()}
}
