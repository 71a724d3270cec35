package watcher

import (
	"context"
	"errors"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// sinkRows: what is fed fails, errPanics, is slow, or asks back.
func sinkRows() []matrixRow {
	refuses := errors.New("the sink is full")
	return []matrixRow{
		{
			row: 41, name: "a sink that panics", why: "the batch is told again; neither the process nor the cluster has to do with it",
			fault: func(r *rig) {
				r.sink.fail = []error{errPanics}
				r.put("ns/a", "u-ns/a", "2")
				r.after(0)
				r.phase(domain.SyncRetrying, domain.ReasonSinkFailed)
				r.status(domain.CacheStale)
				r.after(time.Second)
				r.recovered()
			},
			want: seen{requests: []string{}, phases: []string{"RETRYING/SinkFailed", "LIVE"}, stats: account{SinkFailures: 1}},
		},
		{
			row: 41, name: "a sink that refuses a batch for ever", why: "after the third time the whole set is told",
			fault: func(r *rig) {
				replaces := r.sink.replaces
				r.sink.fail = repeat(3, refuses)
				r.put("ns/a", "u-ns/a", "2")
				r.after(time.Minute)
				expect(r.t, "whole sets", replaces+1, r.sink.replaces)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "watch 104"},
				phases:   []string{"RETRYING/SinkFailed", "REBUILDING/SinkFailed", "LIVE"},
				stats:    account{SinkFailures: 3},
			},
		},
		{
			row: 41, name: "a sink that refuses the whole set", why: "the list was good: the cluster is listed again with pauses, and not blamed",
			fault: func(r *rig) {
				r.sink.fail = repeat(7, refuses)
				r.end(gone)
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list", "list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "REBUILDING/SinkFailed", "LIVE"},
				stats:    account{Expired: 1, SinkFailures: 7},
			},
		},
		{
			row: 41, name: "a sink that does not take a state", why: "it is told with the next thing that happens",
			fault: func(r *rig) {
				r.sink.failStates = true
				r.sink.fail = []error{errPanics}
				r.end(gone)
				r.after(0)
				r.sink.fail = []error{nil, nil, refuses}
				r.end(gone)
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "watch 103", "list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "LIVE", "REBUILDING/Expired", "LIVE"},
				stats:    account{Expired: 2, SinkFailures: 2},
			},
		},
		{
			row: 42, name: "a slow sink that asks back", why: "the watcher may be asked while it feeds, and a slow sink is not a silent cluster",
			fault: func(r *rig) {
				r.sink.before = func(context.Context) error {
					time.Sleep(200 * time.Second)
					_, _ = r.w.State(), r.w.Stats()
					return nil
				}
				r.put("ns/a", "u-ns/a", "2")
				r.alive(3 * time.Minute)
				r.after(time.Second)
				r.status(domain.CacheStale) // what was seen last is three minutes old
				r.sink.before = nil
				r.alive(3 * time.Minute)
				r.recovered()
			},
			want: seen{requests: []string{"list 1"}},
		},
		{
			row: 43, name: "a process that was stopped for ten minutes", why: "the set is stale as soon as anybody can look; the stream is begun anew once, and nothing bursts",
			fault: func(r *rig) {
				r.sink.before = func(context.Context) error { time.Sleep(10 * time.Minute); return nil }
				r.put("ns/a", "u-ns/a", "2")
				r.after(10*time.Minute - 1)
				r.status(domain.CacheStale)
				r.sink.before = nil
				r.after(time.Second)
				r.after(0)
				r.recovered()
				if n := len(r.requests); n > 5 {
					r.t.Errorf("%d requests: %q", n, r.requests)
				}
				r.requests, r.sink.states = r.requests[:2], r.sink.states[:2]
			},
			want: seen{requests: []string{}},
		},
		{
			row: 44, name: "a credential that was replaced", why: "the old connection is given up: the next stream goes on from the place, and nobody counts it",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.end(coded(domain.CodeCanceled))
				r.after(5 * time.Second)
				r.recovered()
			},
			want: seen{requests: []string{"watch 103"}, phases: []string{"RETRYING/StreamBroken", "LIVE"}},
		},
	}
}
