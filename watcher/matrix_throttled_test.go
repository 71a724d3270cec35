package watcher

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// throttledRows: the server asks to slow down.
func throttledRows() []matrixRow {
	throttled := func(after time.Duration) error { return coded(domain.CodeThrottled, after) }
	return []matrixRow{
		{
			row: 8, name: "429", why: "the place is kept; the set is stale when that takes long; failures before it stay counted",
			fault: func(r *rig) {
				r.watchErrs = []error{down, throttled(time.Minute), down}
				r.end(down)
				r.after(20 * time.Second)
				r.phase(domain.SyncRetrying, domain.ReasonThrottled)
				r.status(domain.CacheFresh)
				r.after(20 * time.Second)
				r.status(domain.CacheStale)
				r.after(30 * time.Second)
				expect(r.t, "failures in a row", 2, r.w.breaker.two.Counts().ConsecutiveFailures)
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "watch 103", "watch 103", "list 1"},
				phases:   []string{"RETRYING/StreamBroken", "RETRYING/Unreachable", "RETRYING/Throttled", "RETRYING/Unreachable", "LIVE"},
				stats:    account{Failures: 2, Throttled: 1},
			},
		},
		{
			row: 8, name: "429 for a list", why: "there is no place to keep, and no failure to count",
			fault: func(r *rig) {
				r.listErrs = []error{throttled(2 * time.Second), throttled(time.Minute)}
				r.end(gone)
				r.after(10 * time.Second)
				r.phase(domain.SyncRebuilding, domain.ReasonThrottled)
				r.status(domain.CacheStale)
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list", "list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "REBUILDING/Throttled", "LIVE"},
				stats:    account{Expired: 1, Throttled: 2},
			},
		},
		{
			row: 9, name: "429 in the stream", why: "as the answer to a watch",
			fault: func(r *rig) {
				r.end(throttled(time.Minute))
				r.after(59 * time.Second)
				r.phase(domain.SyncRetrying, domain.ReasonThrottled)
				r.after(time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103"},
				phases:   []string{"RETRYING/Throttled", "LIVE"},
				stats:    account{Throttled: 1},
			},
		},
	}
}
