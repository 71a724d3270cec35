package watcher

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func repeat(n int, err error) (errs []error) {
	for range n {
		errs = append(errs, err)
	}
	return errs
}

// failureRows: the server does not answer, or fails.
func failureRows() []matrixRow {
	return []matrixRow{
		{
			row: 1, name: "restart", why: "the place is kept: no list, and the cluster is looked at beside the stream",
			fault: func(r *rig) {
				r.watchErrs = []error{down, down, down}
				r.end(down)
				r.put("ns/a", "u-ns/a", "while it was away")
				r.after(time.Minute)
				r.recovered()
				expect(r.t, "whole sets", 1, r.sink.replaces)
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "watch 103", "watch 103", "list 1"},
				phases:   []string{"RETRYING/StreamBroken", "RETRYING/Unreachable", "LIVE"},
				stats:    account{Failures: 3},
			},
		},
		{
			row: 10, name: "503 for watches", why: "the fifth failure opens the breaker, and the wish of a server is kept",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.watchErrs = append(repeat(4, down), coded(domain.CodeClusterUnreachable, 2*time.Minute))
				r.end(nil)
				r.after(19 * time.Second)
				r.phase(domain.SyncOpen, domain.ReasonUnreachable)
				r.status(domain.CacheStale)
				r.after(2 * time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "watch 103", "watch 103", "watch 103", "list 1", "watch 103", "list 1"},
				phases:   []string{"RETRYING/Unreachable", "OPEN/Unreachable", "PROBING/Unreachable", "RETRYING/Unreachable", "LIVE"},
				stats:    account{Failures: 5, Openings: 1},
			},
		},
		{
			row: 10, name: "500 for lists", why: "five failures, whatever the phase",
			fault: func(r *rig) {
				r.listErrs = append(repeat(5, fails), nil, nil)
				r.end(gone)
				r.after(30 * time.Second)
				r.phase(domain.SyncOpen, domain.ReasonUnreachable)
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list", "list", "list", "list", "list 1", "list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "REBUILDING/StreamBroken", "OPEN/Unreachable", "PROBING/Unreachable", "REBUILDING/Unreachable", "LIVE"},
				stats:    account{Expired: 1, Failures: 5, Openings: 1},
			},
		},
		{
			row: 11, name: "500 in streams", why: "the place is kept twice, and given up the third time",
			fault: func(r *rig) {
				r.openings = []func(*fakeStream){endsAt(fails), endsAt(fails), endsAt(fails)}
				r.after(time.Minute)
				r.end(nil)
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "watch 103", "list", "watch 103"},
				phases:   []string{"RETRYING/StreamBroken", "REBUILDING/StreamBroken", "LIVE"},
				stats:    account{Failures: 3},
			},
		},
		{
			row: 12, name: "reset while a watch opens", why: "the source sees it, and it counts",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.watchErrs = []error{down}
				r.end(nil)
				r.after(5 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "list 1"},
				phases:   []string{"RETRYING/Unreachable", "LIVE"},
				stats:    account{Failures: 1},
			},
		},
		{
			row: 20, name: "headers do not come", why: "a watch is opened in 15 s, or it was a failure",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.watchErrs = []error{errHangs}
				r.end(nil)
				r.after(15 * time.Second)
				r.phase(domain.SyncLive, "")
				r.after(time.Second)
				r.phase(domain.SyncRetrying, domain.ReasonUnreachable)
				expect(r.t, "code", domain.CodeVerbTimeout, domain.CodeOf(r.w.State().Err))
				r.after(5 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "list 1"},
				phases:   []string{"RETRYING/Unreachable", "LIVE"},
				stats:    account{Failures: 1},
			},
		},
		{
			row: 20, name: "a page does not come", why: "a page comes in 30 s, or it was a failure",
			fault: func(r *rig) {
				r.listErrs = []error{errHangs}
				r.end(gone)
				r.after(30 * time.Second)
				r.phase(domain.SyncRebuilding, domain.ReasonUnreachable)
				r.after(5 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "REBUILDING/Unreachable", "LIVE"},
				stats:    account{Expired: 1, Failures: 1},
			},
		},
		connectionRow(36, "TLS", coded(domain.CodeClusterUnreachable)),
		connectionRow(37, "DNS", coded(domain.CodeClusterUnreachable)),
		connectionRow(38, "3xx", coded(domain.CodeRedirectRefused)),
		{
			row: 46, name: "one page of many fails", why: "the page is asked for again, and nobody counts that",
			opts: Options{PageSize: 2},
			fault: func(r *rig) {
				r.listErrs = []error{nil, down, down}
				r.end(gone)
				r.after(10 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list next", "list next", "list next", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "LIVE"},
				stats:    account{Expired: 1},
			},
		},
		{
			row: 46, name: "one page of many fails three times", why: "then the list has failed, once",
			opts: Options{PageSize: 2},
			fault: func(r *rig) {
				r.listErrs = []error{nil, down, down, down}
				r.end(gone)
				r.after(10 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list next", "list next", "list next", "list", "list next", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "REBUILDING/Unreachable", "LIVE"},
				stats:    account{Expired: 1, Failures: 1},
			},
		},
		{
			row: 48, name: "four failures and a success, again and again", why: "the breaker never opens",
			fault: func(r *rig) {
				for range 3 {
					r.watchErrs = repeat(4, down)
					r.end(down)
					r.after(time.Minute)
					r.alive(4 * time.Minute)
					r.bookmark()
					r.after(0)
				}
				r.requests = r.requests[:2]
				r.sink.states = r.sink.states[:2]
			},
			want: seen{requests: []string{}, stats: account{Failures: 12}},
		},
	}
}

// connectionRow is trouble before there is an answer.
func connectionRow(row int, name string, err error) matrixRow {
	return matrixRow{
		row: row, name: name, why: "asked again on the curve, each time a failure",
		fault: func(r *rig) {
			r.after(time.Minute)
			r.watchErrs = repeat(5, err)
			r.end(nil)
			r.after(30 * time.Second)
			r.phase(domain.SyncOpen, domain.ReasonUnreachable)
			expect(r.t, "code", domain.CodeOf(err), domain.CodeOf(r.w.State().Err))
		},
		want: seen{
			requests: []string{"watch 103", "watch 103", "watch 103", "watch 103", "watch 103"},
			phases:   []string{"RETRYING/Unreachable", "OPEN/Unreachable"},
			stats:    account{Failures: 5, Openings: 1},
		},
	}
}
