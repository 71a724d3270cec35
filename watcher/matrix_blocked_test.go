package watcher

import (
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// blockedRows: somebody must act.
func blockedRows() []matrixRow {
	return []matrixRow{
		{
			row: 18, name: "frames that are too large", why: "three failures, then the limit is somebody's to raise; pages shrink, and a list may pass what a stream could not",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.openings = []func(*fakeStream){endsAt(large), endsAt(large), endsAt(large)}
				r.end(nil)
				r.after(6 * time.Second)
				r.phase(domain.SyncBlocked, domain.ReasonTooLarge)
				if err := r.w.State().Gate(time.Now()); err != nil {
					r.t.Errorf("the write gate is closed: %v", err)
				}
				r.after(10 * time.Second)
				expect(r.t, "page", 31, r.limits[len(r.limits)-1])
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "watch 103", "list", "watch 103"},
				phases:   []string{"RETRYING/TooLarge", "BLOCKED/TooLarge", "LIVE"},
				stats:    account{Failures: 3},
			},
		},
		{
			row: 49, name: "lists that are too large", why: "the breaker stays closed: nothing is wrong with the cluster",
			fault: func(r *rig) {
				r.listErrs = repeat(9, large)
				r.end(gone)
				r.after(10 * time.Minute)
				r.phase(domain.SyncBlocked, domain.ReasonTooLarge)
				expect(r.t, "requests", 11, len(r.requests))
				r.after(time.Minute)
				r.recovered()
				r.requests = r.requests[:2]
			},
			want: seen{
				requests: []string{}, phases: []string{"REBUILDING/Expired", "REBUILDING/TooLarge", "BLOCKED/TooLarge", "LIVE"},
				stats: account{Expired: 1, Failures: 3},
			},
		},
		blockedRow(32, "401", coded(domain.CodeClusterCredentials), domain.ReasonUnauthorized, domain.CodeClusterCredentials),
		blockedRow(32, "401 by its other name", coded(domain.CodeUnauthenticated), domain.ReasonUnauthorized, domain.CodeClusterCredentials),
		blockedRow(33, "403", coded(domain.CodePermissionDenied), domain.ReasonForbidden, ""),
		{
			row: 33, name: "403 for lists only", why: "a place that is lost cannot be found again until somebody grants it",
			fault: func(r *rig) {
				r.listErrs = repeat(3, coded(domain.CodePermissionDenied))
				r.end(gone)
				r.after(30 * time.Second)
				r.phase(domain.SyncBlocked, domain.ReasonForbidden)
				r.status(domain.CacheStale)
				r.after(30 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list", "list", "list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "BLOCKED/Forbidden", "LIVE"},
				stats:    account{Expired: 1},
			},
		},
		{
			row: 34, name: "the API is gone, then back", why: "nothing is told as deleted until a list succeeds, and asked for once a minute",
			fault: func(r *rig) {
				missing := coded(domain.CodeKubeVirtMissing)
				r.listErrs = []error{missing, missing}
				r.end(missing)
				r.after(150 * time.Second)
				r.phase(domain.SyncBlocked, domain.ReasonAPIMissing)
				r.status(domain.CacheStale)
				r.same()
				expect(r.t, "gate", domain.CodeKubeVirtMissing, r.w.State().Gate(time.Now()).Code)
				r.remove("ns/c")
				r.after(30 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list", "list", "watch 104"},
				phases:   []string{"BLOCKED/APIMissing", "LIVE"},
			},
		},
		{
			row: 35, name: "400", why: "what is wrong stays wrong: nothing is sent any more",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.watchErrs = []error{coded(domain.CodeInvalidSelector)}
				r.end(nil)
				r.after(100 * time.Hour)
				r.phase(domain.SyncBlocked, domain.ReasonBadConfig)
				r.status(domain.CacheStale)
				if err := r.w.State().Gate(time.Now()); err != nil {
					r.t.Errorf("the write gate is closed: %v", err)
				}
			},
			want: seen{requests: []string{"watch 103"}, phases: []string{"BLOCKED/BadConfig"}},
		},
	}
}

// blockedRow is a watch that is not allowed, for a while. gate is what writes are answered meanwhile.
func blockedRow(row int, name string, err error, reason domain.SyncReason, gate domain.Code) matrixRow {
	return matrixRow{
		row: row, name: name, why: "asked again slowly, from the place that is known; not the breaker's business",
		fault: func(r *rig) {
			r.after(time.Minute)
			r.watchErrs = repeat(10, err)
			r.end(nil)
			r.after(3 * time.Minute)
			r.phase(domain.SyncBlocked, reason)
			r.status(domain.CacheStale)
			var closed domain.Code
			if e := r.w.State().Gate(time.Now()); e != nil {
				closed = e.Code
			}
			expect(r.t, "gate", gate, closed)
			r.after(22 * time.Minute)
			expect(r.t, "the longest pause", 270*time.Second, slices.Max(r.gaps(9)))
			expect(r.t, "whole sets", 1, r.sink.replaces)
			r.recovered()
			r.requests = r.requests[:2]
		},
		want: seen{requests: []string{}, phases: []string{"BLOCKED/" + string(reason), "LIVE"}},
	}
}
