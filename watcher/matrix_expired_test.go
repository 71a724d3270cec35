package watcher

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// expiredRows: the place is older than the server's history.
func expiredRows() []matrixRow {
	return []matrixRow{
		{
			row: 3, name: "410 in mid-list", why: "a half list is never applied, and the list begins anew: at once, then after a pause and with larger pages",
			opts: Options{PageSize: 2},
			fault: func(r *rig) {
				replaces := r.sink.replaces
				r.end(gone)
				r.listErrs = []error{nil, coded(domain.CodeCursorExpired), nil, coded(domain.CodeCursorExpired)}
				r.put("ns/b", "u-ns/b", "2")
				r.after(0)
				expect(r.t, "whole sets", replaces, r.sink.replaces)
				r.phase(domain.SyncRebuilding, domain.ReasonExpired)
				r.status(domain.CacheStale)
				r.after(5 * time.Second)
				expect(r.t, "whole sets", replaces+1, r.sink.replaces)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list next", "list", "list next", "list", "watch 104"},
				phases:   []string{"REBUILDING/Expired", "REBUILDING/RelistThrashing", "LIVE"},
				stats:    account{Expired: 3},
			},
		},
		{
			row: 3, name: "400 in mid-list", why: "a token that a server gave and knows no more, as after an upgrade, is none of ours to mend",
			opts: Options{PageSize: 2},
			fault: func(r *rig) {
				r.listErrs = []error{nil, coded(domain.CodeInvalidCursor)}
				r.end(gone)
				r.after(5 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "list next", "list", "list next", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "LIVE"},
				stats:    account{Expired: 1},
			},
		},
		{
			row: 4, name: "410 as the answer to a watch", why: "the place is given up, and found again by a consistent list",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.watchErrs = []error{gone}
				r.end(nil)
				r.after(time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "LIVE"},
				stats:    account{Expired: 1},
			},
		},
		{
			row: 5, name: "410 in the stream", why: "events before it stay applied; no try of the breaker's is touched",
			fault: func(r *rig) {
				r.put("ns/d", "d", "1")
				r.end(gone)
				r.after(0)
				expect(r.t, "events", 1, len(r.sink.events))
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "watch 104"},
				phases:   []string{"REBUILDING/Expired", "LIVE"},
				stats:    account{Expired: 1},
			},
		},
		{
			row: 6, name: "410 for ever", why: "never a hot loop: pauses grow from the second on",
			fault: func(r *rig) {
				r.eachOpening = func(s *fakeStream) { // a frame proves nothing: the stream must live
					s.push(Frame[string]{FrameBookmark, Item[string]{Revision: "103"}})
					s.finish(gone)
				}
				r.end(gone)
				r.after(0)
				r.after(4 * time.Minute)
				r.phase(domain.SyncRebuilding, domain.ReasonRelistThrashing)
				expect(r.t, "lists", int64(11), r.w.Stats().Lists)
				expect(r.t, "pages", 5000, r.limits[len(r.limits)-1])
				r.requests, r.times = r.requests[:2], nil
				r.sink.states = r.sink.states[:2]
				r.eachOpening = nil
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "watch 103"},
				stats:    account{Expired: 11},
			},
		},
		{
			row: 7, name: "too large a revision", why: "a place in the server's future is lost like one in its past",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.watchErrs = []error{gone, gone}
				r.end(nil)
				r.after(5 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "list", "watch 103", "list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "LIVE", "REBUILDING/Expired", "LIVE"},
				stats:    account{Expired: 2},
			},
		},
		{
			row: 2, name: "restart, history lost", why: "refused tries are failures, the 410 after them is not, and the list forgives all",
			fault: func(r *rig) {
				r.watchErrs = []error{down, down, gone}
				r.end(down)
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "watch 103", "list", "watch 103"},
				phases:   []string{"RETRYING/StreamBroken", "RETRYING/Unreachable", "REBUILDING/Expired", "LIVE"},
				stats:    account{Failures: 2, Expired: 1},
			},
		},
	}
}
