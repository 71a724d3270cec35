package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/bench/internal/bodyserver"
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// follower is the fleet under load, with one consumer for each cluster.
type follower struct {
	plan
	control bodyserver.Control
	clock   bodyserver.Stats // knows when a revision was written
	all     *kubevirt.Fleet
	names   []string
	told    []*told
}

// told is what the consumer of one cluster was told.
type told struct {
	clock bodyserver.Stats
	calls atomic.Int64
	sum   atomic.Int64 // of the revisions of all that was told last

	mu   sync.Mutex
	late []time.Duration // of each change since the last look
}

// begin lets the fleet run. What it starts ends with ctx.
func (f *follower) begin(ctx context.Context) error {
	clusters := kubevirt.NewClusters()
	for n, host := range f.Hosts {
		name := fmt.Sprintf("c%03d", n)
		config := &rest.Config{Host: host, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
		if err := clusters.Add(name, config, kubevirt.ClusterOptions{}); err != nil {
			return err
		}
		f.names = append(f.names, name)
	}
	var err error
	if f.all, err = kubevirt.NewFleet(clusters, kubevirt.FleetOptions{}); err != nil {
		return err
	}
	go func() { _ = f.all.Run(ctx) }() // ends with ctx, and the process does
	for _, name := range f.names {
		var cache *watcher.VMCache
		if err := until(ctx, func() (bool, error) { cache = f.all.Cache(name); return cache != nil, nil }); err != nil {
			return err
		}
		t := &told{clock: f.clock}
		f.told = append(f.told, t)
		go func() { _ = cache.Each(ctx, watcher.SubscribeOptions[watcher.VMRecord]{}, t.notice) }() // ends with ctx
	}
	return nil
}

// notice takes the revisions out of what is told.
func (t *told) notice(n watcher.Notice[watcher.VMRecord]) error {
	if n.Type != domain.EventAdded && n.Type != domain.EventModified && n.Type != domain.EventDeleted {
		return nil
	}
	now := time.Now()
	t.calls.Add(1)
	old, fresh := revisions(n.Old), revisions(n.New)
	t.sum.Add(fresh.vm + fresh.instance - old.vm - old.instance)
	if n.Initial || n.Type == domain.EventDeleted {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, change := range [][2]int64{{old.vm, fresh.vm}, {old.instance, fresh.instance}} {
		if change[0] != change[1] {
			t.late = append(t.late, now.Sub(t.clock.Moment(strconv.FormatInt(change[1], 10))))
		}
	}
	return nil
}

type pair struct{ vm, instance int64 }

func revisions(item watcher.Item[watcher.VMRecord]) pair {
	if item.Value == nil {
		return pair{}
	}
	vm, instance := item.Value.Revision()
	var p pair
	p.vm, _ = strconv.ParseInt(vm, 10, 64)
	p.instance, _ = strconv.ParseInt(instance, 10, 64)
	return p
}

// caughtUp waits until the consumers know what the servers have.
func (f *follower) caughtUp(ctx context.Context) error {
	want, err := f.control.Sums(ctx)
	if err != nil {
		return err
	}
	return until(ctx, func() (bool, error) {
		for n, t := range f.told {
			if t.sum.Load() != want[n] {
				return false, nil
			}
		}
		return true, nil
	})
}

func (f *follower) calls() (calls int64) {
	for _, t := range f.told {
		calls += t.calls.Load()
	}
	return calls
}

// latencies are those since the last call, sorted.
func (f *follower) latencies() (all []time.Duration) {
	for _, t := range f.told {
		t.mu.Lock()
		all = append(all, t.late...)
		t.late = nil
		t.mu.Unlock()
	}
	slices.Sort(all)
	return all
}

// quantile of sorted durations, in milliseconds.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(int(q*float64(len(sorted))), len(sorted)-1)].Microseconds()) / 1000
}

// live waits until every cluster is followed.
func (f *follower) live(ctx context.Context, earlier int64) error {
	return until(ctx, func() (bool, error) {
		stats, err := f.control.Stats(ctx)
		if err != nil || stats.Watches < earlier+int64(2*len(f.names)) || stats.WatchesOpen != int64(2*len(f.names)) {
			return false, err
		}
		for _, name := range f.names {
			if state, ok := f.all.State(name); !ok || state.Phase != domain.SyncLive {
				return false, nil
			}
		}
		return true, nil
	})
}

// until polls for something that is to come.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 3*time.Minute, errors.New("waited for three minutes"))
	defer cancel()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
