package kubevirt

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// follower is a watcher over the wire, its cache, and one who hears what the cache tells.
type follower[R any] struct {
	*chaos
	path    string
	cache   *watcher.Cache[R]
	sink    *unruly[R]
	w       *watcher.Watcher[R]
	sub     *watcher.Subscription[R]
	heard   *recorder[R]
	history *history
	source  *observed[R]
	slow    bool
}

func newFollower[R any](c *chaos, path string, source watcher.Source[R]) *follower[R] {
	f := &follower[R]{
		chaos: c, path: path, cache: watcher.NewCache(watcher.CacheOptions[R]{}), heard: newRecorder[R](),
		history: newHistory(c.written, path),
	}
	f.sink, f.source = &unruly[R]{Sink: f.cache}, &observed[R]{Source: source}
	from, to := f.broken()
	f.w = watcher.New(from, to, watcher.Options{
		Rand: rand.New(rand.NewPCG(c.seed, uint64(len(path)))).Float64, WatchList: c.faults.chance(2), PageSize: oneOf(c.random, 5, 20, 250),
	})
	queue := oneOf(c.random, 0, 1, 8)
	f.slow = queue > 0
	f.sub = f.cache.Subscribe(watcher.SubscribeOptions[R]{Queue: queue})
	return f
}

// broken is the source and the sink, with the bug that the chaos is to find.
func (f *follower[R]) broken() (watcher.Source[R], watcher.Sink[R]) {
	switch f.bug {
	case dropsDeletes:
		return f.source, deletesDropper[R]{f.sink, f.random}
	case countsExpired:
		return expiredCounter[R]{f.source}, f.sink
	default:
		return f.source, f.sink
	}
}

// follow begins to hear, and to write the cluster's own history.
func (f *follower[R]) follow(ctx context.Context, tasks *sync.WaitGroup) {
	tasks.Go(func() { f.history.follow(ctx, f.written, f.path) })
	tasks.Go(func() {
		defer f.sub.Close()
		hear := misheard(f.bug, f.heard, rand.New(rand.NewPCG(f.seed, 5)))
		for {
			notice, err := f.sub.Next(ctx)
			if err != nil {
				return
			}
			hear(notice)
			if f.slow {
				time.Sleep(time.Second)
			}
		}
	})
}

func (f *follower[R]) run(ctx context.Context) { _ = f.w.Run(ctx) } // nil, whatever happens

func (f *follower[R]) state() watcher.State { return f.w.State() }

func (f *follower[R]) stats() watcher.Stats { return f.w.Stats() }

func (f *follower[R]) disturb(random *rand.Rand) {
	f.sink.disturb(1+random.IntN(5), random.IntN(2) == 0)
}

func (f *follower[R]) calm() { f.sink.disturb(0, false) }

func (f *follower[R]) wentBack() { f.heard.forget() }

func (f *follower[R]) objects() int {
	_, objects, _ := f.heard.heard()
	return objects
}

func (f *follower[R]) calls() int {
	calls, _ := f.source.noted()
	return int(calls)
}

func (f *follower[R]) cached() map[string]string {
	set := map[string]string{}
	items, _ := f.cache.All()
	for item := range items {
		set[item.Key] = item.UID + " at " + item.Revision
	}
	return set
}

func (f *follower[R]) settled() bool {
	return f.w.State().Phase == domain.SyncLive && f.sub.Stats().Queued == 0 && cmp.Equal(f.written.listed(f.path), f.cached())
}

func (f *follower[R]) check() {
	if diff := cmp.Diff(f.written.listed(f.path), f.cached()); diff != "" {
		f.complain("converged: %s (-server +cache):\n%s", f.path, diff)
	}
	told, _, wrong := f.heard.heard()
	if diff := cmp.Diff(f.cached(), told); diff != "" {
		f.complain("reliable: %s (-cache +told):\n%s", f.path, diff)
	}
	for _, what := range wrong {
		f.complain("%s, of %s", what, f.path)
	}
	if _, failures := f.source.noted(); f.w.Stats().Failures > failures {
		f.complain("accounted: %d failures are counted, and there were %d", f.w.Stats().Failures, failures)
	}
	been := f.history.events()
	for _, what := range f.heard.states() {
		if !been[what] {
			f.complain("true: %s was told of, and never was", what)
		}
	}
}

// unruly is a sink that fails at times.
type unruly[R any] struct {
	watcher.Sink[R]
	mu     sync.Mutex
	fails  int
	panics bool
}

func (u *unruly[R]) disturb(times int, panics bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.fails, u.panics = times, panics
}

func (u *unruly[R]) mood() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.fails == 0 {
		return nil
	}
	u.fails--
	if u.panics {
		panic(errSink)
	}
	return errSink
}

// Replace implements watcher.Sink.
func (u *unruly[R]) Replace(ctx context.Context, items []watcher.Item[R]) error {
	if err := u.mood(); err != nil {
		return err
	}
	return u.Sink.Replace(ctx, items)
}

// Apply implements watcher.Sink.
func (u *unruly[R]) Apply(ctx context.Context, events []watcher.Event[R]) error {
	if err := u.mood(); err != nil {
		return err
	}
	return u.Sink.Apply(ctx, events)
}
