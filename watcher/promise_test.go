package watcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// TestShortWatches: a server that ends every watch at once is not listed again and again, nor asked without end.
func TestShortWatches(t *testing.T) {
	for seed := range uint64(20) {
		inRig(t, Options{Rand: rand.New(rand.NewPCG(seed, 1)).Float64}, func(f *fakeSource) {
			three(f)
			f.eachOpening = endsAt(nil)
		}, func(r *rig) {
			r.after(10 * time.Minute)
			lists := r.count(func(request string) bool { return request == "list" })
			if lists > 2 || len(r.requests) > 150 || r.w.Stats().Openings == 0 {
				t.Errorf("seed %d: %d lists, %d requests in 600 s, the breaker opened %d times", seed, lists, len(r.requests), r.w.Stats().Openings)
			}
		})
	}
}

// TestRetryAfter: a server's wish is kept up to five minutes, and never shortens a pause.
func TestRetryAfter(t *testing.T) {
	cases := map[string]struct{ wish, want time.Duration }{
		"absent":        {0, 1200 * time.Millisecond},
		"a second":      {time.Second, 1200 * time.Millisecond},
		"half a minute": {30 * time.Second, 30 * time.Second},
		"an hour":       {time.Hour, 5 * time.Minute},
		"30 years":      {1e9 * time.Second, 5 * time.Minute},
		"negative":      {-time.Hour, 1200 * time.Millisecond},
	}
	for name, c := range cases {
		for _, code := range []domain.Code{domain.CodeThrottled, domain.CodeClusterUnreachable, domain.CodeInternal} {
			t.Run(name+"/"+string(code), func(t *testing.T) {
				inRig(t, Options{}, three, func(r *rig) {
					r.bookmark()
					r.after(time.Minute)
					r.watchErrs = []error{coded(code, c.wish)}
					r.end(nil)
					r.after(time.Second)
					begin := len(r.requests) - 1
					r.after(6 * time.Minute)
					if len(r.requests) < begin+2 {
						t.Fatal("not asked again")
					}
					expect(t, "the pause", c.want, r.times[begin+1].Sub(r.times[begin]))
					expect(t, "the place", "watch 103", r.requests[begin+1])
				})
			})
		}
	}
}

// TestSteadyFailure: what a cluster that does not answer costs, with the breaker or without.
func TestSteadyFailure(t *testing.T) {
	for _, err := range []error{down, odd, fails, coded(domain.CodeThrottled), gone} {
		inRig(t, Options{}, three, func(r *rig) {
			r.allErrs = err
			r.end(err)
			r.after(0)
			begin := len(r.requests)
			r.after(time.Hour)
			if n := len(r.requests) - begin; n > 3600*22/100 || n < 40 {
				t.Errorf("%v: %d requests in an hour", err, n)
			}
			r.allErrs = nil
			r.after(2 * time.Minute)
			r.recovered()
		})
	}
}

// counted counts the lists of many sources that run at once.
type counted struct {
	*fakeSource
	now, most *atomic.Int32
}

func (c counted) List(ctx context.Context, opts ListOptions) (*Page[string], error) {
	n := c.now.Add(1)
	defer c.now.Add(-1)
	for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
	}
	return c.fakeSource.List(ctx, opts)
}

// TestLimiter: a hundred clusters whose places expire together are listed four at a time, and all come back.
func TestLimiter(t *testing.T) {
	for _, watchList := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var now, most atomic.Int32
			limiter := NewLimiter(4)
			var rigs []*rig
			for range 100 {
				f := newFake()
				three(f)
				f.slow = time.Second
				r := &rig{fakeSource: f, t: t, sink: &fakeSink{}}
				r.w = New[string](counted{f, &now, &most}, r.sink, Options{Lists: limiter, WatchList: watchList})
				r.run()
				rigs = append(rigs, r)
			}
			time.Sleep(time.Minute)
			for _, r := range rigs {
				r.end(gone)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			for n, r := range rigs {
				if s := r.w.State(); s.Phase != domain.SyncLive || r.sink.replaces != 2 {
					t.Errorf("watcher %d: %+v, %d whole sets", n, s, r.sink.replaces)
				}
				r.stop()
			}
			if got := most.Load(); !watchList && got != 4 || got > 4 {
				t.Errorf("%d lists at once", got)
			}
		})
	}
}

// TestLimiterGivesUp: who waits for a turn can be stopped, and takes no turn with it.
func TestLimiterGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := NewLimiter(0)
		release, err := limiter.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r := &rig{fakeSource: newFake(), t: t, sink: &fakeSink{}}
		r.w = New[string](r.fakeSource, r.sink, Options{Lists: limiter})
		r.run()
		r.after(time.Hour)
		expect(t, "requests", 0, len(r.requests))
		r.stop()
		release()
		if release, err = limiter.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		release()
	})
}

// inState are faults that bring a watcher that is LIVE into a phase, or start it there.
var inState = map[domain.SyncState]func(r *rig){
	domain.SyncSyncing: func(r *rig) { r.listErrs = []error{errHangs} },
	domain.SyncLive:    func(*rig) {},
	domain.SyncRetrying: func(r *rig) {
		r.openings = []func(*fakeStream){endsAt(down)}
		r.watchErrs = []error{nil, errHangs}
	},
	domain.SyncRebuilding: func(r *rig) {
		r.openings = []func(*fakeStream){endsAt(gone)}
		r.listErrs = []error{nil, errHangs}
	},
	domain.SyncOpen:    func(r *rig) { r.listErrs = repeat(5, down) },
	domain.SyncProbing: func(r *rig) { r.listErrs = append(repeat(5, down), errHangs) },
	domain.SyncBlocked: func(r *rig) { r.listErrs = repeat(50, coded(domain.CodePermissionDenied)) },
	domain.SyncIdle:    nil,
	domain.SyncStopped: nil,
}

// TestStop stops a watcher at fifty moments in each phase. Run returns without waiting, says so, and the bubble proves
// that nothing is left.
func TestStop(t *testing.T) {
	reach := map[domain.SyncState]time.Duration{
		domain.SyncOpen: 40 * time.Second, domain.SyncProbing: 85 * time.Second, domain.SyncRetrying: 5 * time.Second, domain.SyncBlocked: 30 * time.Second,
	}
	for phase, script := range inState {
		for n := range 50 {
			synctest.Test(t, func(t *testing.T) {
				r := &rig{fakeSource: newFake(), t: t, sink: &fakeSink{}}
				three(r.fakeSource)
				r.w = New[string](r.fakeSource, r.sink, Options{Rand: func() float64 { return 0.5 }, WatchList: false})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if phase == domain.SyncIdle {
					r.phase(domain.SyncIdle, "")
					cancel()
				}
				if script != nil {
					script(r)
				}
				ended := make(chan error, 1)
				go func() { ended <- r.w.Run(ctx) }()
				r.after(reach[phase] + time.Duration(n)*10*time.Millisecond)
				if s := r.w.State(); script != nil && s.Phase != phase {
					t.Errorf("the watcher is in %s/%s, want %s", s.Phase, s.Reason, phase)
				}
				stopAt := time.Now()
				cancel()
				if err := <-ended; err != nil || time.Since(stopAt) > 0 {
					t.Errorf("%s: Run returned %v after %v", phase, err, time.Since(stopAt))
				}
				r.phase(domain.SyncStopped, "")
				if last := r.sink.phases(); last[len(last)-1] != "STOPPED" {
					t.Errorf("the sink was told %v last", last)
				}
			})
		}
	}
}

// TestRestoreIsFound: a server that was restored and says nothing is found within six minutes, whenever that happens.
func TestRestoreIsFound(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 2))
		inRig(t, Options{Rand: rand.New(rand.NewPCG(seed, 3)).Float64}, three, func(r *rig) {
			revision, set := r.snapshot()
			for n := range 1 + random.IntN(20) {
				r.put("ns/"+strconv.Itoa(n), "new", "1")
			}
			r.after(time.Duration(random.IntN(1000)) * time.Second)
			r.restore(revision, set)
			r.after(6 * time.Minute)
			if r.w.State().Epoch != 1 {
				t.Errorf("seed %d: not found: %+v", seed, r.w.State())
			}
			r.after(20 * time.Second)
			r.recovered()
		})
	}
}

// TestFreshness: whatever happens, what is called fresh was like the cluster at most 150 s and a bound of 30 s ago, and
// no age is negative.
func TestFreshness(t *testing.T) {
	const bound = 180 * time.Second
	reasons := []error{down, odd, fails, coded(domain.CodeThrottled, 20*time.Second), errHangs, coded(domain.CodeCanceled), down, odd}
	inRig(t, Options{}, three, func(r *rig) {
		r.bookmark()
		r.after(time.Minute)
		r.watchErrs = reasons
		r.end(nil)
		lost := time.Now()
		for range 300 {
			r.after(time.Second)
			s := r.w.State()
			if age := s.Age(time.Now()); age > bound && s.Status(time.Now()) == domain.CacheFresh || age < 0 {
				t.Fatalf("fresh at the age of %v: %+v", age, s)
			}
			if s.Phase == domain.SyncLive {
				lost = time.Now()
			} else if time.Since(lost) > 31*time.Second {
				r.status(domain.CacheStale) // another reason does not make it fresh again
			}
		}
	})
	past := State{Synced: true, Phase: domain.SyncLive, Seen: time.Now().Add(time.Hour)}
	if age := past.Age(time.Now()); age != 0 {
		t.Errorf("a clock that was set back makes an age of %v", age)
	}
	if age := (State{}).Age(time.Now()); age != 0 {
		t.Errorf("nothing was seen, %v ago", age)
	}
}

// TestStatus is the column of table 2.0 for readers.
func TestStatus(t *testing.T) {
	now := time.Now()
	live := State{Synced: true, Phase: domain.SyncLive, FreshUntil: now.Add(1)}
	cases := map[string]struct {
		change func(*State)
		want   domain.CacheStatus
	}{
		"live":              {func(*State) {}, domain.CacheFresh},
		"without a bound":   {func(s *State) { s.FreshUntil = time.Time{} }, domain.CacheFresh},
		"over the bound":    {func(s *State) { s.FreshUntil = now }, domain.CacheStale},
		"never synced":      {func(s *State) { s.Synced = false }, domain.CacheUnsynced},
		"retrying":          {func(s *State) { s.Phase = domain.SyncRetrying }, domain.CacheFresh},
		"retrying too long": {func(s *State) { s.Phase, s.FreshUntil = domain.SyncRetrying, now }, domain.CacheStale},
		"sink failed":       {func(s *State) { s.Phase, s.Reason = domain.SyncRetrying, domain.ReasonSinkFailed }, domain.CacheStale},
		"rebuilding":        {func(s *State) { s.Phase = domain.SyncRebuilding }, domain.CacheStale},
		"open":              {func(s *State) { s.Phase = domain.SyncOpen }, domain.CacheStale},
		"probing":           {func(s *State) { s.Phase = domain.SyncProbing }, domain.CacheStale},
		"blocked":           {func(s *State) { s.Phase = domain.SyncBlocked }, domain.CacheStale},
		"stopped":           {func(s *State) { s.Phase = domain.SyncStopped }, domain.CacheStale},
	}
	for name, c := range cases {
		s := live
		c.change(&s)
		if got := s.Status(now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestFollowedStaysFresh: what a sink was told last says that the set is fresh for as long as the stream brings bookmarks.
func TestFollowedStaysFresh(t *testing.T) {
	inRig(t, Options{}, three, func(r *rig) {
		for range 20 {
			r.alive(time.Minute)
			r.sink.mu.Lock()
			told := r.sink.states[len(r.sink.states)-1]
			r.sink.mu.Unlock()
			if status := told.Status(time.Now()); status != domain.CacheFresh {
				t.Fatalf("%s after %v", status, time.Since(told.Since))
			}
		}
	})
}

// TestSlowSink: what came while a sink was busy is no silence. Thirty times, as the choice among what is due is random.
func TestSlowSink(t *testing.T) {
	for range 30 {
		inRig(t, Options{}, three, func(r *rig) {
			r.sink.before = func(context.Context) error { time.Sleep(200 * time.Second); return nil }
			r.put("ns/a", "u-ns/a", "2")
			r.alive(3 * time.Minute)
			r.sink.before = nil
			r.after(time.Minute)
			expect(t, "phases", []string{"SYNCING", "LIVE"}, r.sink.phases())
		})
	}
}

// TestPanickingSource: a source that panics has failed, and the process lives.
func TestPanickingSource(t *testing.T) {
	for name, fault := range map[string]func(r *rig){
		"list":     func(r *rig) { r.listErrs = []error{errPanics}; r.end(gone) },
		"watch":    func(r *rig) { r.watchErrs = []error{errPanics}; r.end(down) },
		"identity": func(r *rig) { r.identityErrs = []error{errPanics}; r.end(gone) },
		"stream":   func(r *rig) { r.send(Frame[string]{Type: framePanics}) },
	} {
		for _, watchList := range []bool{false, true} {
			if name == "list" && watchList { // a watch-list lists nothing
				continue
			}
			t.Run(fmt.Sprint(name, watchList), func(t *testing.T) {
				inRig(t, Options{WatchList: watchList}, three, func(r *rig) {
					r.after(time.Minute)
					fault(r)
					r.after(0)
					if code := domain.CodeOf(r.w.State().Err); code != domain.CodeInternal && name != "watch" {
						t.Errorf("the state says %v", r.w.State().Err)
					}
					r.after(time.Minute)
					r.recovered()
				})
			})
		}
	}
}

// TestHundredRelists: a place that expires a hundred times is a hundred whole sets, and no harm.
func TestHundredRelists(t *testing.T) {
	inRig(t, Options{}, three, func(r *rig) {
		for range 100 {
			r.alive(3 * time.Minute)
			r.end(gone)
			r.after(0)
			r.same()
		}
		expect(t, "whole sets", 101, r.sink.replaces)
		expect(t, "counted", account{Expired: 100}, accountOf(r.w.Stats()))
	})
}

// TestWatchList holds what is its own: what happens while the set arrives, a stream that ends before it is whole, a
// server that does not offer it.
func TestWatchList(t *testing.T) {
	added := func(key, revision string) Frame[string] {
		return Frame[string]{FrameAdded, Item[string]{Key: key, UID: key, Revision: revision}}
	}
	initial := func(frames ...Frame[string]) func(*fakeStream) {
		return func(s *fakeStream) {
			for len(s.frames) > 0 { // what the fake would have said
				<-s.frames
			}
			for _, frame := range frames {
				s.push(frame)
			}
		}
	}
	cases := map[string]struct {
		why     string
		opening func(*fakeStream)
		wait    time.Duration
		end     bool // in good order, after the wait
		want    []string
		phases  []string
	}{
		"changes among it": {
			why: "the set is as it was at the end",
			opening: initial(added("a", "1"), added("b", "2"), added("d", "2"), added("c", "3"), Frame[string]{FrameDeleted, Item[string]{Key: "d", Revision: "3"}}, Frame[string]{FrameDeleted, Item[string]{Key: "a", Revision: "4"}},
				Frame[string]{FrameModified, Item[string]{Key: "c", Revision: "5"}}, Frame[string]{FrameDeleted, Item[string]{Key: "x", Revision: "6"}},
				added("a", "7"), bookmarkFrame("7"), Frame[string]{FrameSynced, Item[string]{Revision: "8"}}),
			want: []string{"a 7", "b 2", "c 5"}, phases: []string{"SYNCING", "LIVE"},
		},
		"cut short": {
			why:     "half a set is none, and a stream that ended in good order before it was whole is not LIVE",
			opening: func(s *fakeStream) { initial(added("a", "1"), bookmarkFrame("2"))(s); s.finish(nil) },
			phases:  []string{"SYNCING", "SYNCING/StreamBroken"},
		},
		"no revision": {
			why:     "a set without a place is of no use",
			opening: initial(added("a", "1"), Frame[string]{Type: FrameSynced}),
			phases:  []string{"SYNCING", "SYNCING/StreamBroken"},
		},
		"cut short late": {
			why: "however long it took", wait: 20 * time.Second, end: true,
			opening: initial(added("a", "1"), bookmarkFrame("2")),
			phases:  []string{"SYNCING", "SYNCING/StreamBroken"},
		},
		"silent": {
			why: "a set that does not come is asked for again", wait: 150 * time.Second,
			opening: initial(added("a", "1")),
			phases:  []string{"SYNCING", "SYNCING/StreamBroken"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inRig(t, Options{WatchList: true}, func(f *fakeSource) { f.openings = []func(*fakeStream){c.opening} }, func(r *rig) {
				r.after(c.wait)
				if c.end {
					r.end(nil)
					r.after(0)
				}
				var got []string
				for _, item := range r.sink.set {
					got = append(got, item.Key+" "+item.Revision)
				}
				slices.Sort(got)
				expect(t, c.why, c.want, got)
				expect(t, "phases", c.phases, r.sink.phases())
			})
		})
	}
	t.Run("not offered", func(t *testing.T) {
		for _, code := range []domain.Code{domain.CodeCapabilityUnsupported, domain.CodeInvalidOption} {
			inRig(t, Options{WatchList: true}, func(f *fakeSource) { three(f); f.watchErrs = []error{coded(code)} }, func(r *rig) {
				expect(t, "requests", []string{"watch ", "list", "watch 103"}, r.requests)
				expect(t, "counted", account{}, accountOf(r.w.Stats()))
				r.recovered()
			})
		}
	})
}

// TestFingerprint: an expected fingerprint is enforced before anything is taken, and an unknown one is no change.
func TestFingerprint(t *testing.T) {
	for _, watchList := range []bool{false, true} {
		inRig(t, Options{Fingerprint: "another", WatchList: watchList}, three, func(r *rig) {
			r.after(time.Hour)
			r.phase(domain.SyncBlocked, domain.ReasonIdentityChanged)
			expect(t, "requests", 0, len(r.requests))
			expect(t, "whole sets", 0, r.sink.replaces)
		})
		inRig(t, Options{Fingerprint: "another", WatchList: watchList}, func(f *fakeSource) { three(f); f.identity = "" }, func(r *rig) {
			r.recovered()
		})
	}
}

// TestNoRevision: a list without a place would be asked for again and again.
func TestNoRevision(t *testing.T) {
	inRig(t, Options{}, nil, func(r *rig) {
		r.phase(domain.SyncLive, "")
	})
	synctest.Test(t, func(t *testing.T) {
		r := &rig{fakeSource: newFake(), t: t, sink: &fakeSink{}}
		r.w = New[string](placeless{r.fakeSource}, r.sink, Options{})
		r.run()
		r.after(time.Minute)
		if n := len(r.requests); n > 20 || r.w.Stats().Failures == 0 {
			t.Errorf("%d requests, %+v", n, r.w.Stats())
		}
		r.stop()
	})
}

type placeless struct{ *fakeSource }

func (p placeless) List(ctx context.Context, opts ListOptions) (*Page[string], error) {
	page, err := p.fakeSource.List(ctx, opts)
	page.Revision = ""
	return page, err
}

// paged answers each page with the next of the revisions.
type paged struct {
	*fakeSource
	revisions []string
}

func (p *paged) List(ctx context.Context, opts ListOptions) (*Page[string], error) {
	page, err := p.fakeSource.List(ctx, opts)
	if len(p.revisions) > 0 {
		page.Revision, p.revisions = p.revisions[0], p.revisions[1:]
	}
	return page, err
}

// TestPlaceOfList: the place is that of the first page, and a list over a history that went back is begun anew.
func TestPlaceOfList(t *testing.T) {
	cases := map[string]struct {
		revisions []string
		want      []string
	}{
		"alike":  {[]string{"103", "103"}, []string{"list", "list next", "watch 103"}},
		"later":  {[]string{"103", "105"}, []string{"list", "list next", "watch 103"}},
		"opaque": {[]string{"103", "b"}, []string{"list", "list next", "watch 103"}},
		"back":   {[]string{"108", "103"}, []string{"list", "list next", "list", "list next", "watch 103"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &rig{fakeSource: newFake(), t: t, sink: &fakeSink{}}
				three(r.fakeSource)
				r.w = New[string](&paged{r.fakeSource, c.revisions}, r.sink, Options{PageSize: 2})
				r.run()
				r.after(0)
				expect(t, "requests", c.want, r.requests)
				expect(t, "whole sets", 1, r.sink.replaces)
				r.stop()
			})
		})
	}
}
