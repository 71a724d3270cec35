package providertest

import (
	"context"
	"errors"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func checkStreamEnds(e *env) {
	for _, name := range []string{"a", "b", "c"} {
		e.halted(name)
	}
	// Connections have goroutines of their own, but not one for each stream that ends in some way.
	const rounds, few = 10, 8
	mark := newBrand()
	mark.on(e.ctx, func() {
		for range rounds {
			for _, after := range []int{0, 2, 4} { // within the set, with its last, behind SYNCED
				e.canceledAfter(after)
			}
			e.overdueStream()
			e.brokenOff()
		}
	})
	e.leavesAtMost(few, mark, "after the streams")
}

// brokenOff breaks out of a stream, three times.
func (e *env) brokenOff() {
	stream := e.Provider.WatchVMs(e.ctx, e.cluster, e.ns, provider.WatchOptions{})
	for range 2 { // each is a stream of its own
		told := []domain.Event[*domain.VM]{}
		for event, err := range stream {
			e.must("range over a stream", err)
			if told = append(told, event); event.Type == domain.EventSynced {
				break
			}
		}
		e.same("what is told", []string{"ADDED a", "ADDED b", "ADDED c", "SYNCED"}, sortedTypes(told))
	}
	for _, err := range stream {
		e.must("range over a stream", err)
		break // within the set
	}
}

// canceledAfter cancels a stream when it has told so much, and waits for more.
func (e *env) canceledAfter(told int) {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	f := e.followIn(ctx, cancel, e.ns, provider.WatchOptions{})
	for range told {
		f.event("before the cancel")
	}
	if told > 3 {
		h, _ := f.next(8 * e.h.interval()) // it waits when it is canceled
		e.holds(h == nil, "told after SYNCED: %+v", h)
	}
	cancel()
	e.endsWith("canceled", f, domain.CodeCanceled, context.Canceled)
}

func (e *env) overdueStream() {
	ctx, cancel := context.WithTimeout(e.ctx, 20*e.h.interval())
	defer cancel()
	f := e.followIn(ctx, cancel, e.ns, provider.WatchOptions{})
	for {
		h, over := f.next(e.h.settle())
		if over || h == nil {
			e.Fatalf("a stream past its deadline is over without an error, or goes on")
		}
		if h.err != nil {
			e.code("a stream past its deadline", h.err, domain.CodeDeadlineExceeded)
			e.holds(errors.Is(h.err, context.DeadlineExceeded), "errors.Is of context.DeadlineExceeded does not hold for %v", h.err)
			break
		}
	}
	_, over := f.next(e.promptly())
	e.holds(over, "a stream goes on behind its last value")
}

// endsWith finds fault with a stream that does not end at once, by one error.
func (e *env) endsWith(what string, f *following, code domain.Code, is error) {
	begin := time.Now()
	h, over := f.next(e.h.settle())
	switch {
	case over:
		e.Errorf("%s: the stream ends without an error", what)
		return
	case h == nil:
		e.Fatalf("%s: the stream goes on", what)
	}
	e.code(what, h.err, code)
	e.holds(errors.Is(h.err, is), "%s: errors.Is of %v does not hold for %v", what, is, h.err)
	e.holds(time.Since(begin) <= e.promptly(), "%s: it ended %s later", what, time.Since(begin))
	_, over = f.next(e.promptly())
	e.holds(over, "%s: the stream goes on behind its last value", what)
}

func checkStreamRefused(e *env) {
	e.halted("vm")
	e.only("an unknown cluster", domain.CodeClusterNotFound, "no-such-cluster", e.ns, provider.WatchOptions{})
	e.only("a bad selector", domain.CodeInvalidSelector, e.cluster, e.ns, provider.WatchOptions{Selector: "a in b"})
	e.only("a negative queue", domain.CodeInvalidOption, e.cluster, e.ns, provider.WatchOptions{Queue: -1})
	f := e.follow(e.ns, provider.WatchOptions{})
	f.sync()
	f.end()
	good := f.last
	for what, bad := range map[string]string{"a made-up revision": "revision", "a revision of no characters": "%%%", "half a revision": good[:len(good)/2]} {
		e.only(what, domain.CodeInvalidCursor, e.cluster, e.ns, provider.WatchOptions{Revision: bad})
	}
	e.only("a revision of no selector with one", domain.CodeInvalidCursor, e.cluster, e.ns, provider.WatchOptions{Revision: good, Selector: "a=b"})
	e.only("a revision in another namespace", domain.CodeInvalidCursor, e.cluster, e.namespace("-b"), provider.WatchOptions{Revision: good})
	e.only("a revision in all namespaces", domain.CodeInvalidCursor, e.cluster, provider.AllNamespaces, provider.WatchOptions{Revision: good})
	if e.other != e.cluster {
		e.only("a revision on another cluster", domain.CodeInvalidCursor, e.other, e.ns, provider.WatchOptions{Revision: good})
	}
}

// only finds fault with a stream whose only value is not the error of a code.
func (e *env) only(what string, code domain.Code, cluster, namespace string, opts provider.WatchOptions) {
	ctx, cancel := context.WithTimeout(e.ctx, e.h.settle())
	defer cancel()
	values := 0
	for event, err := range e.Provider.WatchVMs(ctx, cluster, namespace, opts) {
		values++
		if values > 1 {
			e.Errorf("%s: another value, %s, %v", what, event.Type, err)
			break
		}
		if !e.code(what, err, code) {
			break
		}
		e.holds(event.Type == "" && event.Value == nil, "%s: an event beside the error: %s", what, event.Type)
		own, ok := errors.AsType[*domain.Error](err)
		e.holds(ok && own.Op == provider.OpWatchVMs, "%s: the error does not tell its operation: %v", what, err)
	}
	e.holds(values > 0, "%s: no value at all", what)
}
