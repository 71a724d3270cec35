package watcher

import (
	"context"
	"errors"
	"iter"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
)

// SubscribeOptions configures a [Subscription]. The zero value gets everything.
type SubscribeOptions[T any] struct {
	// Namespace restricts to one. Empty is all.
	Namespace string
	// Where restricts to what it holds for. An object that enters is ADDED, one that leaves DELETED. It must be pure: it
	// is asked about an object again when that changes. It is called by the consumer's goroutine. What cannot be decoded
	// is let through, and so is that for which it panics: nobody can say that it does not match.
	Where func(value T) bool
	// SkipInitial leaves out what is there when the subscription begins.
	SkipInitial bool
	// Queue is how many changes wait before those of one object are merged into one. Zero means 4096.
	Queue int
	// OnPanic is told of a panic of Where, or of the callback of [Cache.Each]. Nil only counts it.
	OnPanic func(value any, stack []byte)
}

// Subscription tells one consumer, in its own time, how the set changes: first what is there as ADDED, then SYNCED once
// the set is whole, then what changes. Nothing is lost or told twice between the two. The writer never waits for it: when
// the queue is full, changes of one object become one, from what was told last to what is. An object that was deleted and
// made anew is told as two also then.
//
// Folding all notices gives the set; of one object nothing comes out of order. It runs no goroutine, and keeps what waits
// until it is closed.
type Subscription[T any] struct {
	cache  *Cache[T]
	opts   SubscribeOptions[T]
	prefix string
	wake   chan struct{} // holds one
	done   chan struct{}

	mu     sync.Mutex
	virgin bool // was queued nothing, and the set was empty when it began
	closed bool
	begin  func() (*entry[T], bool) // walks the set that it began with, nil when that is over
	queue  queue[T]

	// Of the consumer.
	ready  [2]Notice[T] // those of the change that was taken last
	count  int
	synced bool // has been told SYNCED
	whole  bool // and no REBUILDING since
}

// SubscriptionStats tells how a subscription fares.
type SubscriptionStats struct {
	// Queued changes wait; Merged ones were told as part of another one.
	Queued int
	Merged int64
}

// Subscribe begins a subscription. Close it.
func (c *Cache[T]) Subscribe(opts SubscribeOptions[T]) *Subscription[T] {
	if opts.Queue <= 0 {
		opts.Queue = args.DefaultQueue
	}
	s := &Subscription[T]{
		cache: c, opts: opts, virgin: true, queue: queue[T]{limit: opts.Queue},
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if opts.Namespace != "" {
		s.prefix = opts.Namespace + "/"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case opts.SkipInitial:
		s.virgin = false
	case c.inOrder.length > 0:
		s.start(c.inOrder.snapshot())
	}
	if c.announced {
		s.announce(domain.EventSynced, c.state)
	}
	c.subscribers = append(slices.Clip(c.subscribers), s)
	return s
}

// Close ends the subscription: a Next under way, and every later one, returns CLOSED. It may be called at any time, and
// more than once.
func (s *Subscription[T]) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed, s.begin, s.queue = true, nil, queue[T]{limit: s.opts.Queue}
	close(s.done)
	s.mu.Unlock()
	c := s.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscribers = slices.DeleteFunc(slices.Clone(c.subscribers), func(other *Subscription[T]) bool { return other == s })
}

// Stats tells how the subscription fares.
func (s *Subscription[T]) Stats() SubscriptionStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SubscriptionStats{Queued: s.queue.length, Merged: s.queue.merged}
}

func (s *Subscription[T]) isVirgin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.virgin || s.closed
}

// start has the consumer walk a set, which costs one step of a walk for each notice and no copy of the set.
func (s *Subscription[T]) start(set snapshot[*entry[T]]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.virgin, s.begin = false, walk(set, s.prefix)
	s.nudge()
}

// walk returns the objects whose keys begin with prefix, one by one.
func walk[T any](set snapshot[*entry[T]], prefix string) func() (*entry[T], bool) {
	at, n, _ := find(set.chunks, func(e *entry[T]) int { return strings.Compare(e.item.Key, prefix) })
	return func() (*entry[T], bool) {
		for ; at < len(set.chunks); at, n = at+1, 0 {
			if elements := set.chunks[at].elements; n < len(elements) {
				n++
				return elements[n-1], strings.HasPrefix(elements[n-1].item.Key, prefix)
			}
		}
		return nil, false
	}
}

// push queues a change. The caller holds the cache's lock; this one is never held for longer than a few steps.
func (s *Subscription[T]) push(ch change[T]) {
	if !strings.HasPrefix(keyOf(ch), s.prefix) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.virgin = false
		s.queue.push(ch)
		s.nudge()
	}
}

func (s *Subscription[T]) announce(what domain.EventType, state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.virgin = false
		s.queue.announce(what, state)
		s.nudge()
	}
}

// nudge wakes the consumer if it waits.
func (s *Subscription[T]) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next waits for the next notice. It returns the coded error of ctx when that ends, and CLOSED after Close. It is called
// by one goroutine at a time.
func (s *Subscription[T]) Next(ctx context.Context) (Notice[T], error) {
	for {
		if notice, ok, err := s.poll(ctx); ok || err != nil {
			return notice, err
		}
		select {
		case <-s.wake:
		case <-s.done:
		case <-ctx.Done():
		}
	}
}

// poll returns the next notice if there is one.
func (s *Subscription[T]) poll(ctx context.Context) (notice Notice[T], ok bool, err error) {
	for s.count == 0 {
		if ctx.Err() != nil {
			return notice, false, ended(ctx)
		}
		e, p, closed := s.take()
		switch {
		case closed:
			return notice, false, domain.E(domain.CodeClosed, nil, errors.New("the subscription is closed"))
		case e != nil:
			s.tell(change[T]{new: e})
		case p == nil:
			return notice, false, nil
		case p.what != "":
			return s.word(p), true, nil
		default:
			s.tell(p.change)
		}
	}
	notice = s.ready[0]
	s.ready[0], s.ready[1] = s.ready[1], Notice[T]{}
	s.count--
	return notice, true, nil
}

// word is a notice on the whole set.
func (s *Subscription[T]) word(p *pending[T]) Notice[T] {
	s.whole = p.what == domain.EventSynced
	s.synced = s.synced || s.whole
	notice := Notice[T]{Type: p.what, State: p.state}
	if s.whole {
		notice.Revision = p.state.Revision
	}
	return notice
}

// take takes the next thing to tell, of the set first.
func (s *Subscription[T]) take() (e *entry[T], p *pending[T], closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, true
	}
	if s.begin != nil {
		if e, ok := s.begin(); ok {
			return e, nil, false
		}
		s.begin = nil
	}
	return nil, s.queue.pop(), false
}

// tell makes ready what a change means to this consumer.
func (s *Subscription[T]) tell(ch change[T]) {
	old, new := s.visible(ch.old), s.visible(ch.new)
	left := old != nil && new == nil && ch.new != nil && ch.new.item.UID == old.item.UID
	between(old, new, ch.unknown && !left, func(n Notice[T]) {
		n.Initial = n.Type == domain.EventAdded && !s.synced
		s.ready[s.count] = n
		s.count++
	})
	if s.count > 0 && s.whole {
		s.ready[s.count-1].Revision = ch.place
	}
}

// visible is what the consumer sees of an entry: the entry or nothing.
func (s *Subscription[T]) visible(e *entry[T]) *entry[T] {
	if e == nil || s.opts.Where == nil || e.item.Err != nil {
		return e
	}
	matches := true
	s.shielded(func() { matches = s.opts.Where(e.item.Value) })
	if !matches {
		return nil
	}
	return e
}

// shielded calls foreign code, and survives its panics.
func (s *Subscription[T]) shielded(call func()) {
	defer func() {
		if p := recover(); p != nil {
			s.cache.panics.Add(1)
			if s.opts.OnPanic != nil {
				s.opts.OnPanic(p, debug.Stack())
			}
		}
	}()
	call()
}

// All yields notices until ctx ends, whose error is the last value then, or until Close, which ends it without one. A
// break leaves the subscription open.
func (s *Subscription[T]) All(ctx context.Context) iter.Seq2[Notice[T], error] {
	return func(yield func(Notice[T], error) bool) {
		for {
			notice, err := s.Next(ctx)
			if err != nil {
				if !errors.Is(err, domain.CodeClosed) {
					yield(notice, err)
				}
				return
			}
			if !yield(notice, nil) {
				return
			}
		}
	}
}

// Each subscribes, and calls tell with each notice, one after the other. It returns nil when ctx ends, and what tell
// returns when that is not nil. A panic of tell is counted, told to OnPanic, and the next notice follows; the cache has
// the change of the one that is lost. tell may use the cache in any way.
func (c *Cache[T]) Each(ctx context.Context, opts SubscribeOptions[T], tell func(Notice[T]) error) error {
	s := c.Subscribe(opts)
	defer s.Close()
	for {
		notice, err := s.Next(ctx)
		if err != nil {
			return nil // ctx ended: nobody else closes this subscription
		}
		s.shielded(func() { err = tell(notice) })
		if err != nil {
			return err
		}
	}
}
