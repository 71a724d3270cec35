package watcher

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
)

// Watcher follows one resource of one cluster and feeds a [Sink]. Make it with [New], and let it [Watcher.Run].
type Watcher[T any] struct {
	source Source[T]
	sink   Sink[T]
	opts   Options

	running atomic.Bool
	breaker *breaker
	machine *machine // of the goroutine that runs
	told    State    // what the sink knows
	// identity is the fingerprint that is to be seen.
	identity string

	mu    sync.Mutex
	state State
	stats Stats
}

// Stats counts what a watcher did.
type Stats struct {
	// Lists that were begun, and those taken whole; Watches that were opened; Frames that came.
	Lists, Listed, Watches, Frames int64
	// Undecodable objects, Unknown frame types, Dropped events: known already, or of the past.
	Undecodable, Unknown, Dropped int64
	// Expired places, Throttled answers, Failures as the breaker counts them, Openings of the breaker.
	Expired, Throttled, Failures, Openings int64
	// SinkFailures are batches that the sink did not take, each try counted.
	SinkFailures int64
}

// add counts the end of a try, or of a stream whose try was settled before.
func (s *Stats) add(outcome error, settled, opened bool) {
	_, no := errors.AsType[excluded](outcome)
	switch {
	case outcome == nil:
	case no && domain.KindOf(outcome) == domain.KindExpired:
		s.Expired++
	case no && domain.CodeOf(outcome) == domain.CodeThrottled:
		s.Throttled++
	case !no && settled:
		s.Failures++
	}
	if opened {
		s.Openings++
	}
}

// New makes a watcher. Source and sink are used by nobody else while it runs.
func New[T any](source Source[T], sink Sink[T], opts Options) *Watcher[T] {
	opts = opts.withDefaults()
	w := &Watcher[T]{source: source, sink: sink, opts: opts, identity: opts.Fingerprint}
	w.machine = newMachine(opts, time.Now())
	w.breaker = newBreaker(opts.OpenFor, w.machine.random)
	w.state = w.machine.state
	return w
}

// State returns where the watcher stands. It may be called at any time, also by its sink.
func (w *Watcher[T]) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// Stats returns what the watcher did so far.
func (w *Watcher[T]) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

func (w *Watcher[T]) count(add func(*Stats)) {
	w.mu.Lock()
	add(&w.stats)
	w.mu.Unlock()
}

// Run follows the resource until ctx ends, and returns nil then; nothing is left running. Nothing that a cluster does
// ends it. A watcher runs once: a second Run is CLOSED.
func (w *Watcher[T]) Run(ctx context.Context) error {
	if !w.running.CompareAndSwap(false, true) {
		return domain.E(domain.CodeClosed, nil, errors.New("a watcher runs once"))
	}
	w.machine.started(time.Now())
	for ctx.Err() == nil {
		w.tell(ctx)
		if backoff.Sleep(ctx, time.Until(w.machine.at)) != nil {
			break
		}
		w.try(ctx)
	}
	w.machine.stopped(time.Now())
	w.tell(context.WithoutCancel(ctx)) // its last word, which a sink must take without waiting
	return nil
}

// try does the next thing, if the breaker lets it.
func (w *Watcher[T]) try(ctx context.Context) {
	a := w.breaker.allow(time.Now())
	if a == nil {
		w.machine.open(time.Now(), w.breaker.until)
		return
	}
	var outcome error = excluded{context.Canceled}
	defer func() { w.settle(a, outcome) }() // also when a source panics: a try that is not settled wedges the breaker
	switch {
	case a.probe:
		outcome = w.probe(ctx)
	case w.machine.listing() && !w.opts.WatchList:
		outcome = w.list(ctx)
	default:
		outcome = w.watch(ctx, a)
	}
	if ctx.Err() != nil {
		outcome = excluded{ctx.Err()}
	}
}

// settle tells the breaker how a try went, once, and the machine when that opened it.
func (w *Watcher[T]) settle(a *attempt, outcome error) {
	counted, opened := a.done(outcome)
	w.count(func(s *Stats) { s.add(outcome, counted, opened) })
	if opened {
		w.machine.open(time.Now(), w.breaker.until)
	}
}

// probe is the one request that a half-open breaker lets pass.
func (w *Watcher[T]) probe(ctx context.Context) error {
	w.machine.probing(time.Now())
	w.tell(ctx)
	if _, err := w.page(ctx, w.opts.ProbeTimeout, ListOptions{Limit: 1}); err != nil {
		return w.machine.failed(time.Now(), err)
	}
	w.machine.probed(time.Now())
	return nil
}

// page lists one page in bounded time.
func (w *Watcher[T]) page(ctx context.Context, limit time.Duration, opts ListOptions) (*Page[T], error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, domain.CodeVerbTimeout)
	defer cancel()
	var page *Page[T]
	err := guarded(func() (err error) { page, err = w.source.List(ctx, opts); return err })
	return page, timely(ctx, err)
}

// timely gives an error the code of a timeout of ours, if that was its cause.
func timely(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), domain.CodeVerbTimeout) {
		return domain.E(domain.CodeVerbTimeout, nil, err)
	}
	return err
}

// tellSeenEvery is how often a sink is told that the cluster was seen again: what it believes of the set's freshness
// never runs out while the set is followed.
const tellSeenEvery = 30 * time.Second

// tell publishes the state, and tells the sink when phase or reason changed.
func (w *Watcher[T]) tell(ctx context.Context) {
	state := w.machine.state
	state.Revision = w.machine.revision
	w.mu.Lock()
	w.state = state
	w.mu.Unlock()
	same := state.Phase == w.told.Phase && state.Reason == w.told.Reason && state.Epoch == w.told.Epoch
	if same && state.Seen.Sub(w.told.Seen) < tellSeenEvery {
		return
	}
	if !same {
		w.opts.Logger.LogAttrs(ctx, levelOf(state.Phase), "watcher state", attrs(state)...)
	}
	if err := guarded(func() error { return w.sink.SetState(ctx, state) }); err != nil {
		w.count(func(s *Stats) { s.SinkFailures++ })
		return // and is told again with the next change, or the next look
	}
	w.told = state
}
