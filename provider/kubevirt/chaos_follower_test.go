package kubevirt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// follower is a watcher over the wire, its cache, and one who hears what the cache tells.
type follower[R any] struct {
	*site
	path   string
	cache  *watcher.Cache[R]
	sink   *unruly[R]
	w      *watcher.Watcher[R]
	sub    *watcher.Subscription[R]
	heard  *recorder[R]
	join   func(R) *domain.VM
	source *observed[R]
	slow   bool
}

// watchers are those of VMs and of instances, by themselves.
func (s *site) watchers() []subject {
	member, err := s.clusters.get(s.name)
	if err != nil {
		s.Fatal(err)
	}
	member.release() // nobody removes it
	m := s.p.mapper(s.name)
	vms, instances := newFollower(s, vmPath, vmSource(member, m, "")), newFollower(s, instancePath, instanceSource(member, m, ""))
	vms.join = func(vm mapper.VMRecord) *domain.VM {
		instance, _, _ := instances.cache.Get(vm.Key())
		return m.Join(vm, instance.Value)
	}
	return []subject{vms, instances}
}

func newFollower[R any](c *site, path string, source watcher.Source[R]) *follower[R] {
	f := &follower[R]{
		site: c, path: path, cache: watcher.NewCache(watcher.CacheOptions[R]{}), heard: newRecorder[R](),
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

func (f *follower[R]) begin(ctx context.Context, tasks *sync.WaitGroup) {
	tasks.Go(func() {
		defer f.sub.Close()
		listen(ctx, f.sub, misheard(f.bug, f.heard, rand.New(rand.NewPCG(f.seed, 5))), f.slow)
	})
	tasks.Go(func() { _ = f.w.Run(ctx) }) // it runs once, and ends with its context
}

// listen hears what a subscription tells.
func listen[R any](ctx context.Context, sub *watcher.Subscription[R], hear func(watcher.Notice[R]), slow bool) {
	for {
		notice, err := sub.Next(ctx)
		if err != nil {
			return
		}
		hear(notice)
		if slow {
			time.Sleep(time.Second)
		}
	}
}

func (f *follower[R]) String() string {
	return fmt.Sprintf("%s: %+v, %+v", f.path, f.w.State(), f.w.Stats())
}

func (f *follower[R]) get(key string) *domain.VM {
	item, _, there := f.cache.Get(key)
	if !there {
		return nil
	}
	return f.join(item.Value)
}

func (f *follower[R]) state() watcher.State { return f.w.State() }

func (f *follower[R]) disturb() { f.sink.disturb(1+f.random.IntN(5), f.faults.chance(2)) }

func (f *follower[R]) calm() { f.sink.disturb(0, false) }

func (f *follower[R]) wentBack() { f.heard.forget() }

func (f *follower[R]) objects() int {
	_, objects, _ := f.heard.heard()
	return objects
}

// known is what a cache has: UID and revision by key.
func known[R any](cache *watcher.Cache[R]) map[string]string {
	set := map[string]string{}
	items, _ := cache.All()
	for item := range items {
		set[item.Key] = item.UID + " at " + item.Revision
	}
	return set
}

func (f *follower[R]) settled() bool {
	return f.w.State().Phase == domain.SyncLive && f.sub.Stats().Queued == 0 && cmp.Equal(f.written.listed(f.path), known(f.cache))
}

func (f *follower[R]) check() {
	if diff := cmp.Diff(f.written.listed(f.path), known(f.cache)); diff != "" {
		f.complain("converged: %s (-server +cache):\n%s", f.path, diff)
	}
	told, _, wrong := f.heard.heard()
	if diff := cmp.Diff(known(f.cache), told); diff != "" {
		f.complain("reliable: %s (-cache +told):\n%s", f.path, diff)
	}
	for _, what := range wrong {
		f.complain("%s, of %s", what, f.path)
	}
	calls, failures := f.source.noted()
	if sent := f.sentTo(f.path); sent > calls {
		f.complain("once: %d calls were %d requests", calls, sent)
	}
	if f.w.Stats().Failures > failures {
		f.complain("accounted: %d failures are counted, and there were %d", f.w.Stats().Failures, failures)
	}
	been := f.past[f.path].events()
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

// sentTo counts the requests for a resource.
func (w *wire) sentTo(path string) (n int64) {
	for _, r := range w.requests() {
		if r.path == path {
			n++
		}
	}
	return n
}
