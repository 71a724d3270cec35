package kubevirt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// watching is a watcher on VMs over a wire.
type watching struct {
	*wired
	w     *watcher.Watcher[mapper.VMRecord]
	cache *watcher.Cache[mapper.VMRecord]
}

// overWatch runs a test of each protocol while a watcher follows the VMs.
func overWatch(t *testing.T, name string, sim kubevirtsim.Options, test func(w *watching)) {
	t.Helper()
	overWire(t, name, sim, func(on *wired) {
		w := &watching{wired: on, cache: watcher.NewCache(watcher.CacheOptions[mapper.VMRecord]{})}
		w.w = watcher.New(w.source(), w.cache, watcher.Options{})
		ctx, cancel := context.WithCancel(w.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = w.w.Run(ctx) }) // it runs once, and ends with its context
		time.Sleep(time.Minute)
		test(w)
		cancel()
		run.Wait()
	})
}

// left waits until the watcher is LIVE no more, and says how long that took.
func (w *watching) left(longest time.Duration) time.Duration {
	began := time.Now()
	for w.w.State().Phase == domain.SyncLive && time.Since(began) < longest {
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(began)
}

// converges waits until the cache has what the server has.
func (w *watching) converges(longest time.Duration) {
	w.Helper()
	server := newWritten(w.T, w.sim, 0, 1)
	for began := time.Now(); time.Since(began) < longest; time.Sleep(time.Second) {
		if w.w.State().Phase == domain.SyncLive && cmp.Equal(server.listed(vmPath), known(w.cache)) {
			return
		}
	}
	w.Errorf("after %v (-server +cache):\n%s\n%+v", longest, cmp.Diff(server.listed(vmPath), known(w.cache)), w.w.State())
}

// TestHalfOpen: row 19 and P9: a peer that is gone without a word is found out, by HTTP/2's pings within a minute, else when
// not even a bookmark came for 150 s. What happened meanwhile is known soon after it is back, without a list.
func TestHalfOpen(t *testing.T) {
	bounds := map[protocol]time.Duration{http1: 180 * time.Second, http2: time.Minute}
	for trial := range 20 {
		overWatch(t, fmt.Sprintf("P9 trial %d", trial), kubevirtsim.Options{}, func(w *watching) {
			random := rand.New(rand.NewPCG(uint64(trial), 19))
			w.create("a")
			time.Sleep(time.Duration(random.IntN(600_000)) * time.Millisecond)
			lists := w.w.Stats().Lists
			w.sim.SetNetwork(kubevirtsim.NetworkSilent)
			w.create("b")
			if took := w.left(5 * time.Minute); took > bounds[w.protocol] {
				w.Errorf("found out after %v, want %v", took, bounds[w.protocol])
			}
			time.Sleep(time.Duration(random.IntN(300)) * time.Second)
			w.sim.SetNetwork(kubevirtsim.NetworkUp)
			w.converges(2 * time.Minute)
			if now := w.w.Stats().Lists; now != lists {
				w.Errorf("%d lists for a place that was not lost", now-lists)
			}
		})
	}
}

// TestDeadBackend: row 19: a proxy keeps the connection alive, and nobody is behind it.
func TestDeadBackend(t *testing.T) {
	overWatch(t, "row 19 dead backend", kubevirtsim.Options{}, func(w *watching) {
		w.create("a")
		time.Sleep(time.Minute)
		w.sim.SetFaults(kubevirtsim.Fault{Watch: true, Do: kubevirtsim.Silence, After: kubevirtsim.AtBody})
		w.sim.EndWatches()
		time.Sleep(10 * time.Second)
		w.create("b")
		if took := w.left(5 * time.Minute); took > 3*time.Minute {
			w.Errorf("found out after %v", took)
		}
		w.sim.SetFaults()
		w.converges(5 * time.Minute)
	})
}

// TestSlow: row 20: headers that come in time are no trouble, nor is a slow stream that moves; what comes too late is.
func TestSlow(t *testing.T) {
	again := func(w *watching, f kubevirtsim.Fault) watcher.Stats {
		before := w.w.Stats()
		f.Client = userAgent
		w.sim.SetFaults(f)
		w.sim.EndWatches()
		time.Sleep(time.Minute)
		w.sim.SetFaults()
		now := w.w.Stats()
		w.converges(2 * time.Minute)
		now.Failures -= before.Failures
		now.Lists -= before.Lists
		return now
	}
	for _, c := range []struct {
		name            string
		fault           kubevirtsim.Fault
		failures, lists int64
	}{
		{"headers after 14 s", kubevirtsim.Fault{Watch: true, Count: 1, Delay: 14 * time.Second}, 0, 0},
		{"headers after 16 s", kubevirtsim.Fault{Watch: true, Count: 1, Delay: 16 * time.Second}, 1, 0},
		{"a slow stream that moves", kubevirtsim.Fault{Watch: true, Count: 1, Do: kubevirtsim.Slow, Pace: 10 * time.Millisecond}, 0, 0},
	} {
		overWatch(t, "row 20 "+c.name, kubevirtsim.Options{BookmarkEvery: 10 * time.Second}, func(w *watching) {
			w.create("a")
			if got := again(w, c.fault); got.Failures != c.failures || got.Lists != c.lists {
				w.Errorf("%d failures and %d lists, want %d and %d", got.Failures, got.Lists, c.failures, c.lists)
			}
		})
	}
	overWire(t, "row 20 one byte per second", kubevirtsim.Options{}, func(w *wired) {
		w.create("a")
		w.sim.SetFaults(kubevirtsim.Fault{Do: kubevirtsim.Slow, Pace: time.Second})
		began := time.Now()
		_, err := w.source().page(w.Context(), watcher.ListOptions{Limit: 10})
		if took := time.Since(began); domain.CodeOf(err) != domain.CodeVerbTimeout || took > 31*time.Second {
			w.Errorf("%v after %v", err, took)
		}
	})
}
