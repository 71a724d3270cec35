package main

import (
	"cmp"
	"slices"
	"time"
)

// medians are those of each figure by itself.
func medians(runs []figures) figures {
	return figures{
		SyncWall:        median(runs, func(f figures) time.Duration { return f.SyncWall }),
		SyncCPU:         median(runs, func(f figures) time.Duration { return f.SyncCPU }),
		Retained:        median(runs, func(f figures) int64 { return f.Retained }),
		PeakRSS:         median(runs, func(f figures) int64 { return f.PeakRSS }),
		RSS:             median(runs, func(f figures) int64 { return f.RSS }),
		Bare:            median(runs, func(f figures) int64 { return f.Bare }),
		EventCPU:        median(runs, func(f figures) time.Duration { return f.EventCPU }),
		EventAllocs:     median(runs, func(f figures) float64 { return f.EventAllocs }),
		BurstCPU:        median(runs, func(f figures) time.Duration { return f.BurstCPU }),
		RelistCPU:       median(runs, func(f figures) time.Duration { return f.RelistCPU }),
		RelistCallbacks: median(runs, func(f figures) int64 { return f.RelistCallbacks }),
		Get:             median(runs, func(f figures) float64 { return f.Get }),
		GetShared:       median(runs, func(f figures) float64 { return f.GetShared }),
	}
}

// median is the middle one, the lower of two.
func median[N cmp.Ordered](runs []figures, of func(figures) N) N {
	values := make([]N, len(runs))
	for n, f := range runs {
		values[n] = of(f)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// pick returns this library, and the contender whose sync costs least.
func pick(found []finish) (ours, best variant) {
	var least time.Duration
	for _, f := range found {
		cpu := medians(f.runs).SyncCPU
		switch {
		case f.variant.ours:
			ours = f.variant
		case least == 0 || cpu < least:
			best, least = f.variant, cpu
		}
	}
	return ours, best
}

// The figures that are compared, as numbers.
func syncCPU(f figures) float64   { return f.SyncCPU.Seconds() }
func syncWall(f figures) float64  { return f.SyncWall.Seconds() }
func retained(f figures) float64  { return float64(f.Retained) }
func peakRSS(f figures) float64   { return float64(f.PeakRSS) }
func eventCPU(f figures) float64  { return f.EventCPU.Seconds() }
func burstCPU(f figures) float64  { return f.BurstCPU.Seconds() }
func relistCPU(f figures) float64 { return f.RelistCPU.Seconds() }

// conclude works out what is published of what was measured.
func (r *results) conclude() {
	small := r.Settings.Small
	r.SyncCPURatio, r.SyncWallRatio = r.ratio(syncCPU), r.ratio(syncWall)
	r.RetainedRatio, r.PeakRSSRatio = r.ratio(retained), r.ratio(peakRSS)
	r.EventCPURatio, r.RelistCPURatio = r.ratio(eventCPU), r.ratio(relistCPU)
	r.AtOnceRatio = r.ratio(burstCPU)
	if ours, ok := r.ours(small); ok {
		r.RetainedPerVM = new(retained(ours) / float64(small))
		r.EventAllocs = new(ours.EventAllocs)
		r.RelistCallbacks = new(float64(ours.RelistCallbacks))
		r.CachedGet, r.CachedGetVM = new(ours.GetShared), new(ours.Get)
	}
	r.Cost100k, r.Cost1m = r.growth(small, r.Settings.Large), r.growth(small, million)
	if ours, ok := r.ours(million); ok {
		r.MillionRSS = new(peakRSS(ours) / (1 << 20))
		r.MillionCPU = new(syncCPU(ours))
	}
}

const us = "shepherd"

func (r *results) ours(vms int) (figures, bool) {
	for _, m := range r.Measured {
		if m.Contender == us && m.VMs == vms {
			return m.Median, true
		}
	}
	return figures{}, false
}

// ratio is our figure to the best of the others, at the smallest size.
func (r *results) ratio(of func(figures) float64) *float64 {
	ours, ok := r.ours(r.Settings.Small)
	best := 0.0
	for _, m := range r.Measured {
		if m.Contender == us || m.VMs != r.Settings.Small {
			continue
		}
		if value := of(m.Median); best == 0 || value < best {
			best = value
		}
	}
	if !ok || best == 0 {
		return nil
	}
	return new(of(ours) / best)
}

// growth is what a VM costs among many, to what it costs among few.
func (r *results) growth(few, many int) *float64 {
	a, ok := r.ours(few)
	b, also := r.ours(many)
	if !ok || !also || few == many {
		return nil
	}
	scale := float64(many) / float64(few)
	return new(max(syncCPU(b)/syncCPU(a), retained(b)/retained(a)) / scale)
}
