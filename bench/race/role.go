package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/kv-shepherd/shepherd-go/bench/internal/bodyserver"
	"github.com/kv-shepherd/shepherd-go/bench/internal/child"
	"github.com/kv-shepherd/shepherd-go/bench/internal/measure"
)

// The roles of this program, beside the one that starts them.
const (
	roleServer    = "server"
	roleContender = "contender"
)

var roles = map[string]child.Role{roleServer: serve, roleContender: contend}

// addresses are the answer of the server.
type addresses struct{ Host, Control string }

func serve(_ context.Context, orders []byte, answer *json.Encoder) error {
	var opts bodyserver.Options
	if err := json.Unmarshal(orders, &opts); err != nil {
		return err
	}
	site, err := bodyserver.Listen(opts)
	if err != nil {
		return err
	}
	defer site.Close()
	if err := answer.Encode(addresses{site.Hosts()[0], site.Control()}); err != nil {
		return err
	}
	child.UntilParentGone()
	return nil
}

// task is what a contender is to do.
type task struct {
	Variant string
	Server  addresses
	VMs     int
	// Events of instances, in a second; none leaves out all but the sync.
	Events, Rate int
	Profile      string
}

// figures of one run of one contender.
type figures struct {
	SyncWall time.Duration `json:"sync_wall_ns"`
	SyncCPU  time.Duration `json:"sync_cpu_ns"`
	// Retained is the heap that the whole set takes, PeakRSS the most memory that was resident until then.
	Retained int64 `json:"retained_bytes"`
	PeakRSS  int64 `json:"peak_rss_bytes"`
	RSS      int64 `json:"rss_bytes"`
	// Bare is what was resident before anything was followed: the program, in which all contenders are.
	Bare int64 `json:"bare_rss_bytes"`
	// Per event that was delivered, of those that come at a rate, and of those that come all at once: a process that is idle
	// between events pays for falling asleep and waking up too.
	EventCPU    time.Duration `json:"event_cpu_ns"`
	EventAllocs float64       `json:"event_allocs"`
	BurstCPU    time.Duration `json:"burst_event_cpu_ns"`
	// Of the list after 410, in which nothing had changed.
	RelistCPU       time.Duration `json:"relist_cpu_ns"`
	RelistCallbacks int64         `json:"relist_callbacks"`
	// Get is the time of one read out of the cache, as a domain.VM that is the caller's own; GetShared of one as the cache
	// has it, whose parts can be asked for without a copy.
	Get       float64 `json:"get_ns"`
	GetShared float64 `json:"get_shared_ns"`
}

// run is a contender that works.
type run struct {
	task
	contender contender
	control   bodyserver.Control
	told      tally
	figures   figures
}

func contend(ctx context.Context, orders []byte, answer *json.Encoder) error {
	var r run
	if err := json.Unmarshal(orders, &r.task); err != nil {
		return err
	}
	for _, v := range variants() {
		if v.name == r.Variant {
			r.contender = v.make()
		}
	}
	if r.contender == nil {
		return fmt.Errorf("no contender %q", r.Variant)
	}
	r.control = bodyserver.NewControl(r.Server.Control)
	if err := r.all(ctx); err != nil {
		return fmt.Errorf("%s: %w", r.Variant, err)
	}
	return answer.Encode(r.figures)
}

func (r *run) all(ctx context.Context) error {
	baseline := measure.Heap()
	var err error
	if r.figures.Bare, err = measure.RSS(); err != nil {
		return err
	}
	steps := []struct {
		name string
		do   func(context.Context) error
	}{{"sync", r.sync}, {"events", r.events}, {"burst", r.burst}, {"relist", r.relist}}
	for _, step := range steps {
		if step.name != "sync" && r.Events == 0 {
			continue
		}
		if err := r.profiled(step.name, func() error { return step.do(ctx) }); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if step.name == "sync" {
			r.figures.Retained = measure.Heap() - baseline
		}
	}
	return r.gets()
}

// profiled has a step leave a CPU profile, if asked for.
func (r *run) profiled(step string, do func() error) error {
	if r.Profile == "" {
		return do()
	}
	file, err := os.Create(filepath.Join(r.Profile, fmt.Sprintf("%s-%d-%s.pprof", r.Variant, r.VMs, step)))
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	err = do()
	pprof.StopCPUProfile()
	return errors.Join(err, file.Close())
}

// sync follows the cluster until all is there.
func (r *run) sync(ctx context.Context) error {
	began, before := time.Now(), measure.CPU()
	if err := r.contender.follow(ctx, r.Server.Host, &r.told); err != nil {
		return err
	}
	r.figures.SyncWall = time.Since(began)
	if _, err := measure.Idle(ctx); err != nil {
		return err
	}
	r.figures.SyncCPU = measure.CPU() - before
	var err error
	if r.figures.PeakRSS, err = measure.PeakRSS(); err != nil {
		return err
	}
	r.figures.RSS, err = measure.RSS()
	return err
}

// events has the server change instances at a steady rate.
func (r *run) events(ctx context.Context) (err error) {
	r.figures.EventCPU, r.figures.EventAllocs, err = r.changes(ctx, bodyserver.Events{Count: r.Events, Rate: r.Rate})
	return err
}

// burst has it change them at once; each no more than once, so that there is nothing to merge.
func (r *run) burst(ctx context.Context) (err error) {
	const atOnce = 1_000_000
	r.figures.BurstCPU, _, err = r.changes(ctx, bodyserver.Events{Count: min(r.Events, r.VMs), Rate: atOnce})
	return err
}

// changes has the server change instances, and counts what comes.
func (r *run) changes(ctx context.Context, events bodyserver.Events) (cpu time.Duration, allocs float64, err error) {
	if err := r.watching(ctx, 0); err != nil {
		return 0, 0, err
	}
	runtime.GC()
	want := r.told.modified.Load() + int64(events.Count)
	before, allocations := measure.CPU(), measure.Allocations()
	if err := r.control.Events(ctx, events); err != nil {
		return 0, 0, err
	}
	if err := until(ctx, func() (bool, error) { return r.told.modified.Load() >= want, nil }); err != nil {
		return 0, 0, fmt.Errorf("%d events did not come: %w", want-r.told.modified.Load(), err)
	}
	if _, err := measure.Idle(ctx); err != nil {
		return 0, 0, err
	}
	cpu = (measure.CPU() - before) / time.Duration(events.Count)
	return cpu, float64(measure.Allocations()-allocations) / float64(events.Count), nil
}

// relist has the server answer 410, with nothing changed.
func (r *run) relist(ctx context.Context) error {
	stats, err := r.control.Stats(ctx)
	if err != nil {
		return err
	}
	runtime.GC()
	before, calls := measure.CPU(), r.told.calls.Load()
	if err := r.control.Expire(ctx); err != nil {
		return err
	}
	if err := r.watching(ctx, stats.Watches); err != nil {
		return err
	}
	if _, err := measure.Idle(ctx); err != nil {
		return err
	}
	r.figures.RelistCPU = measure.CPU() - before
	r.figures.RelistCallbacks = r.told.calls.Load() - calls
	return nil
}

// watching waits until both watches are open that come after a number of earlier ones.
func (r *run) watching(ctx context.Context, earlier int64) error {
	return until(ctx, func() (bool, error) {
		stats, err := r.control.Stats(ctx)
		return stats.Watches >= earlier+2 && stats.WatchesOpen == 2, err
	})
}

// until polls for something that is to come.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("waited for two minutes"))
	defer cancel()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// gets reads VMs out of the cache in no order.
func (r *run) gets() (err error) {
	vm, shared := r.contender.gets()
	if vm == nil {
		return nil
	}
	random := rand.New(rand.NewPCG(1, 2))
	keys := make([][2]string, 10_000)
	for n := range keys {
		keys[n][0], keys[n][1] = bodyserver.Key(random.IntN(r.VMs))
	}
	if r.figures.Get, err = timed(keys, vm); err != nil {
		return err
	}
	r.figures.GetShared, err = timed(keys, shared)
	return err
}

// timed is what one call takes, in nanoseconds.
func timed(keys [][2]string, get func(namespace, name string) error) (float64, error) {
	const count = 200_000
	began := time.Now()
	for n := range count {
		key := keys[n%len(keys)]
		if err := get(key[0], key[1]); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began).Nanoseconds()) / count, nil
}
