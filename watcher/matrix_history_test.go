package watcher

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// historyRows: the history went back, or what was there is not there any more.
func historyRows() []matrixRow {
	return []matrixRow{
		{
			row: 28, name: "a list from an older history", why: "the older truth is the truth, and a new epoch",
			fault: func(r *rig) {
				revision, set := r.snapshot()
				r.put("ns/d", "d", "1")
				r.remove("ns/a")
				r.after(time.Minute)
				r.restore(revision, set)
				r.end(gone)
				r.after(0)
				expect(r.t, "epoch", 1, r.w.State().Epoch)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "REBUILDING/ResourceVersionRegressed", "LIVE"},
				stats:    account{Expired: 1},
			},
		},
		{
			row: 29, name: "a restored server that says nothing", why: "no stream tells; a consistent read beside it does",
			fault: func(r *rig) {
				revision, set := r.snapshot()
				r.put("ns/d", "d", "1")
				r.after(time.Second)
				r.restore(revision, set)
				r.after(6 * time.Minute)
				expect(r.t, "epoch", 1, r.w.State().Epoch)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 104", "list 1", "list", "watch 103"},
				phases:   []string{"RETRYING/StreamBroken", "LIVE", "REBUILDING/ResourceVersionRegressed", "LIVE"},
			},
		},
		{
			row: 30, name: "deleted, and deleted and made anew, while nobody looked", why: "a whole set says what is not there any more, and who is another one",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.watchErrs = []error{down}
				r.end(nil)
				r.remove("ns/a")
				r.put("ns/b", "another", "1")
				r.forget()
				r.after(10 * time.Second)
				expect(r.t, "uid", "another", r.sink.set["ns/b"].UID)
				r.put("ns/a", "u3", "1")
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "list", "watch 106"},
				phases:   []string{"RETRYING/Unreachable", "REBUILDING/Expired", "LIVE"},
				stats:    account{Failures: 1, Expired: 1},
			},
		},
		{
			row: 31, name: "most of the set is missing", why: "a list is asked for once more before so much goes",
			prepare: many,
			fault: func(r *rig) {
				for n := range 15 {
					r.remove(fmtKey(n))
				}
				r.sink.before = nil
				r.forget()
				r.end(gone)
				r.after(0)
				r.same()
			},
			want: seen{
				requests: []string{"list", "watch 135"}, phases: []string{"REBUILDING/Expired", "LIVE"},
				stats: account{Expired: 1},
			},
		},
		{
			row: 31, name: "most of the set is missing, unseen", why: "a list is asked for once more before so much goes",
			prepare: many,
			fault: func(r *rig) {
				r.end(gone)
				for n := range 11 {
					r.remove(fmtKey(n))
				}
				r.forget()
				r.after(0)
				r.same()
			},
			want: seen{
				requests: []string{"list", "list", "watch 131"}, phases: []string{"REBUILDING/Expired", "LIVE"},
				stats: account{Expired: 1},
			},
		},
		{
			row: 31, name: "a list that was wrong once", why: "the confirming list is what is applied",
			prepare: many,
			fault: func(r *rig) {
				_, set := r.snapshot()
				revision := r.revision
				r.set = map[string]Item[string]{}
				r.slow = time.Second
				r.end(gone)
				r.after(1500 * time.Millisecond)
				r.slow, r.revision, r.set = 0, revision, set
				r.after(time.Second)
				expect(r.t, "objects", 20, len(r.sink.set))
			},
			want: seen{
				requests: []string{"list", "list", "watch 120"}, phases: []string{"REBUILDING/Expired", "LIVE"},
				stats: account{Expired: 1},
			},
		},
		{
			row: 31, name: "another cluster answers", why: "what is held is kept, nothing of the other one is taken, and no write passes",
			fault: func(r *rig) {
				_, set := r.snapshot()
				r.identity, r.set = "c2", map[string]Item[string]{"ns/x": {Key: "ns/x", UID: "x", Revision: "1"}}
				r.end(gone)
				r.after(time.Minute)
				r.phase(domain.SyncBlocked, domain.ReasonIdentityChanged)
				r.status(domain.CacheStale)
				expect(r.t, "kept", set, r.sink.set)
				expect(r.t, "gate", domain.CodeClusterIdentityChanged, r.w.State().Gate(time.Now()).Code)
				r.identity, r.set = "c1", set
				r.after(time.Minute)
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "watch 103"},
				phases:   []string{"REBUILDING/Expired", "BLOCKED/ClusterIdentityChanged", "LIVE"},
				stats:    account{Expired: 1},
			},
		},
		{
			row: 31, name: "another cluster takes the place", why: "it may accept a watch: the look after a lost connection tells, and the place is given up",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.identity = "c2"
				r.end(down)
				r.after(5 * time.Second)
				r.phase(domain.SyncBlocked, domain.ReasonIdentityChanged)
				r.identity = "c1"
				r.after(time.Minute)
				r.recovered()
				r.requests = r.requests[:4]
			},
			want: seen{
				requests: []string{"watch 103", "list 1"},
				phases:   []string{"RETRYING/StreamBroken", "BLOCKED/ClusterIdentityChanged", "LIVE"},
			},
		},
	}
}

func fmtKey(n int) string {
	return "ns/" + string('1') + string(rune('0'+n/10)) + string(rune('0'+n%10))
}
