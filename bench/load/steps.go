package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/kv-shepherd/shepherd-go/bench/internal/bodyserver"
	"github.com/kv-shepherd/shepherd-go/bench/internal/measure"
)

const mib = 1 << 20

// follow is the role of the fleet: it takes one step after the other and answers each.
func follow(ctx context.Context, orders []byte, answer *json.Encoder) error {
	var f follower
	if err := json.Unmarshal(orders, &f.plan); err != nil {
		return err
	}
	f.control = bodyserver.NewControl(f.Control)
	for _, take := range steps() {
		s, err := take(&f, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if err := answer.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

func steps() []func(*follower, context.Context) (step, error) {
	return []func(*follower, context.Context) (step, error){
		(*follower).sync, (*follower).rest, (*follower).sustained, (*follower).burst, (*follower).expired,
	}
}

// sync: all clusters, from nothing.
func (f *follower) sync(ctx context.Context) (s step, err error) {
	s.Name = "The first sync"
	if f.clock, err = f.control.Stats(ctx); err != nil {
		return s, err
	}
	empty := measure.Heap()
	began, cpu := time.Now(), measure.CPU()
	if err := f.begin(ctx); err != nil {
		return s, err
	}
	if err := f.all.WaitSynced(ctx); err != nil {
		return s, err
	}
	if err := f.caughtUp(ctx); err != nil {
		return s, err
	}
	s.bounded("until every cluster was whole and told", time.Since(began).Seconds(), 60, " s")
	if err := f.live(ctx, 0); err != nil {
		return s, err
	}
	s.add("CPU time", number((measure.CPU()-cpu).Seconds())+" s")
	peak, err := measure.PeakRSS()
	if err != nil {
		return s, err
	}
	stats, err := f.control.Stats(ctx)
	if err != nil {
		return s, err
	}
	heap, clusters := measure.Heap()-empty, float64(f.Clusters)
	s.bounded("retained heap", float64(heap)/mib, 300, " MiB")
	s.bounded("retained heap per VM, its instance and indexes included", float64(heap)/clusters/float64(f.VMs), 3072, " bytes")
	s.bounded("peak of resident memory", float64(peak)/mib, 600, " MiB")
	s.bounded("goroutines per cluster, the consumer's one included", float64(runtime.NumGoroutine())/clusters, 12, "")
	s.bounded("connections per cluster", float64(stats.Connections)/clusters, 1, "")
	s.bounded("lists in flight at most", float64(stats.ListsPeak), 4, "")
	return s, nil
}

// rest: nothing happens.
func (f *follower) rest(ctx context.Context) (s step, err error) {
	s.Name = "At rest"
	if _, err := measure.Idle(ctx); err != nil {
		return s, err
	}
	cpu := measure.CPU()
	select {
	case <-time.After(f.Idle):
	case <-ctx.Done():
		return s, context.Cause(ctx)
	}
	s.bounded("CPU, of one core", 100*(measure.CPU()-cpu).Seconds()/f.Idle.Seconds(), 5, " %")
	return s, nil
}

// storm has events come, and tells what it cost.
func (f *follower) storm(ctx context.Context, s *step, rate int, d time.Duration) (latencies []time.Duration, behind time.Duration, err error) {
	f.latencies()
	calls, cpu, began := f.calls(), measure.CPU(), time.Now()
	count := int(float64(rate) * d.Seconds())
	if err := f.control.Events(ctx, bodyserver.Events{Count: count, Rate: rate, Mixed: true}); err != nil {
		return nil, 0, err
	}
	written := time.Now()
	if err := f.caughtUp(ctx); err != nil {
		return nil, 0, fmt.Errorf("events were lost: %w", err)
	}
	behind = time.Since(written)
	s.add("events", fmt.Sprintf("%d, %.0f in a second", count, float64(count)/written.Sub(began).Seconds()))
	s.add("callbacks", fmt.Sprint(f.calls()-calls))
	s.add("lost", "0")
	s.bounded("CPU, of one core", 100*(measure.CPU()-cpu).Seconds()/time.Since(began).Seconds(), 100, " %")
	return f.latencies(), behind, nil
}

// sustained: a boot storm in ten clusters, or a fleet's daily noise, for a while.
func (f *follower) sustained(ctx context.Context) (s step, err error) {
	s.Name = "Sustained events"
	latencies, _, err := f.storm(ctx, &s, f.Rate, f.Sustained)
	s.bounded("from write to callback, median", quantile(latencies, 0.5), 20, " ms")
	s.bounded("from write to callback, 99 of 100", quantile(latencies, 0.99), 250, " ms")
	s.add("from write to callback, the longest", number(quantile(latencies, 1))+" ms")
	return s, err
}

// burst: more than that, for a short time.
func (f *follower) burst(ctx context.Context) (s step, err error) {
	s.Name = "A burst of events"
	latencies, behind, err := f.storm(ctx, &s, f.BurstRate, f.Burst)
	s.add("from write to callback, 99 of 100", number(quantile(latencies, 0.99))+" ms")
	s.bounded("caught up after the last write", behind.Seconds(), 10, " s")
	return s, err
}

// expired: all clusters answer 410 at once, and nothing has changed.
func (f *follower) expired(ctx context.Context) (s step, err error) {
	s.Name = "All clusters answer 410 at once"
	if err := f.control.Peaks(ctx); err != nil {
		return s, err
	}
	before, err := f.control.Stats(ctx)
	if err != nil {
		return s, err
	}
	runtime.GC()
	if err := measure.ResetPeakRSS(); err != nil {
		return s, err
	}
	rss, err := measure.RSS()
	if err != nil {
		return s, err
	}
	calls, cpu, began := f.calls(), measure.CPU(), time.Now()
	if err := f.control.Expire(ctx); err != nil {
		return s, err
	}
	if err := f.live(ctx, before.Watches); err != nil {
		return s, err
	}
	s.bounded("until every cluster was live again", time.Since(began).Seconds(), 60, " s")
	s.add("CPU time", number((measure.CPU()-cpu).Seconds())+" s")
	peak, err := measure.PeakRSS()
	if err != nil {
		return s, err
	}
	after, err := f.control.Stats(ctx)
	if err != nil {
		return s, err
	}
	s.add("resident memory before", number(float64(rss)/mib)+" MiB")
	s.bounded("its peak meanwhile", float64(peak)/mib, 600, " MiB")
	s.bounded("lists in flight at most", float64(after.ListsPeak), 4, "")
	s.bounded("callbacks, as nothing had changed", float64(f.calls()-calls), 0, "")
	return s, nil
}
