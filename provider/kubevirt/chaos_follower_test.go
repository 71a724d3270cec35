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
	slow    bool
}

func newFollower[R any](c *chaos, path string, source watcher.Source[R], bug *bug) *follower[R] {
	f := &follower[R]{
		chaos: c, path: path, cache: watcher.NewCache(watcher.CacheOptions[R]{}), heard: newRecorder[R](),
		history: newHistory(c.written, path),
	}
	f.sink = &unruly[R]{Sink: f.cache}
	f.w = watcher.New[R](source, f.sink, watcher.Options{
		Rand: rand.New(rand.NewPCG(c.seed, uint64(len(path)))).Float64, WatchList: c.faults.chance(2), PageSize: oneOf(c.random, 5, 20, 250),
	})
	queue := oneOf(c.random, 0, 1, 8)
	f.slow = queue > 0
	f.sub = f.cache.Subscribe(watcher.SubscribeOptions[R]{Queue: queue})
	return f
}

// follow begins to hear, and to write the cluster's own history.
func (f *follower[R]) follow(ctx context.Context, tasks *sync.WaitGroup) {
	tasks.Go(func() { f.history.follow(ctx, f.written, f.path) })
	tasks.Go(func() {
		defer f.sub.Close()
		for {
			notice, err := f.sub.Next(ctx)
			if err != nil {
				return
			}
			f.heard.hear(notice)
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
	f.Helper()
	if diff := cmp.Diff(f.written.listed(f.path), f.cached()); diff != "" {
		f.Errorf("converged: %s (-server +cache):\n%s", f.path, diff)
	}
	told, _, wrong := f.heard.heard()
	if diff := cmp.Diff(f.cached(), told); diff != "" {
		f.Errorf("reliable: %s (-cache +told):\n%s", f.path, diff)
	}
	for _, what := range wrong {
		f.Errorf("%s: %s", f.path, what)
	}
	been := f.history.events()
	for _, what := range f.heard.states() {
		if !been[what] {
			f.Errorf("true: %s was told of, and never was", what)
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
