package watcher

import (
	"context"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// stopRows: the end, and what is no beginning.
func stopRows() []matrixRow {
	return []matrixRow{
		{
			row: 39, name: "stopped while a request is under way", why: "the try is settled as neither: no failure is left behind",
			fault: func(r *rig) {
				r.listErrs = []error{errHangs}
				r.end(gone)
				r.after(time.Second)
				r.stop()
				r.phase(domain.SyncStopped, "")
				r.status(domain.CacheStale)
			},
			want: seen{
				requests: []string{"list"}, phases: []string{"REBUILDING/Expired", "STOPPED"},
				stats: account{Expired: 1},
			},
		},
		{
			row: 40, name: "stopped while a sink is busy", why: "a sink ends with the context it is given, and so does Run",
			fault: func(r *rig) {
				r.sink.before = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
				r.put("ns/a", "u-ns/a", "2")
				r.after(time.Hour)
				r.stop()
				r.phase(domain.SyncStopped, "")
			},
			want: seen{requests: []string{}, phases: []string{"STOPPED"}},
		},
		{
			row: 45, name: "run twice, and after the end", why: "a watcher runs once; to stop it twice is nothing",
			fault: func(r *rig) {
				expect(r.t, "while it runs", domain.CodeClosed, domain.CodeOf(r.w.Run(r.t.Context())))
				r.stop()
				r.stop()
				expect(r.t, "after the end", domain.CodeClosed, domain.CodeOf(r.w.Run(r.t.Context())))
			},
			want: seen{requests: []string{}, phases: []string{"STOPPED"}},
		},
	}
}
