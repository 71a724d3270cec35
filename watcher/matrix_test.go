package watcher

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// matrixRow is one fault, done to a watcher that is LIVE at revision 103 of three objects and has seen a bookmark.
// What only exists as bytes is here the code that a source makes of it.
type matrixRow struct {
	row     int
	name    string
	why     string
	opts    Options
	prepare func(*fakeSource)
	fault   func(r *rig)
	want    seen
}

// seen is what came of a fault, from its beginning on.
type seen struct {
	requests []string
	phases   []string
	stats    account
	run      uint32 // failures in a row, as the breaker has them
}

// account is the part of [Stats] that says how a fault was counted.
type account struct {
	Failures, Expired, Throttled, Openings      int64
	Undecodable, Unknown, Dropped, SinkFailures int64
}

func accountOf(s Stats) account {
	return account{s.Failures, s.Expired, s.Throttled, s.Openings, s.Undecodable, s.Unknown, s.Dropped, s.SinkFailures}
}

func matrix() []matrixRow {
	return slices.Concat(expiredRows(), throttledRows(), failureRows(), streamRows(), blockedRows(), historyRows(), sinkRows(), stopRows())
}

func TestMatrix(t *testing.T) {
	rows := map[int]bool{}
	for _, row := range matrix() {
		rows[row.row] = true
		t.Run(strconv.Itoa(row.row)+" "+row.name, func(t *testing.T) {
			prepare := row.prepare
			if prepare == nil {
				prepare = three
			}
			inRig(t, row.opts, prepare, func(r *rig) {
				r.bookmark()
				r.after(0)
				requests, phases := len(r.requests), len(r.sink.phases())
				row.fault(r)
				r.after(0)
				got := seen{r.requests[requests:], r.sink.phases()[phases:], accountOf(r.w.Stats()), r.w.breaker.two.Counts().ConsecutiveFailures}
				if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(seen{}), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", row.why, diff)
				}
			})
		})
	}
	for row := 1; row <= 49; row++ {
		if !rows[row] {
			t.Errorf("fault %d has no row", row)
		}
	}
}

// status holds what a reader sees now.
func (r *rig) status(want domain.CacheStatus) {
	r.t.Helper()
	if got := r.w.State().Status(time.Now()); got != want {
		r.t.Errorf("readers see %s, want %s: %+v", got, want, r.w.State())
	}
}

// phase holds where the watcher stands now.
func (r *rig) phase(phase domain.SyncState, reason domain.SyncReason) {
	r.t.Helper()
	if s := r.w.State(); s.Phase != phase || s.Reason != reason {
		r.t.Errorf("the watcher is %s/%s, want %s/%s", s.Phase, s.Reason, phase, reason)
	}
}

// gaps are the pauses between the last requests, n of them.
func (r *rig) gaps(n int) (pauses []time.Duration) {
	times := r.times[len(r.times)-n-1:]
	for at := range n {
		pauses = append(pauses, times[at+1].Sub(times[at]))
	}
	return pauses
}

// alive lets time pass in which the server sends a bookmark every minute.
func (r *rig) alive(d time.Duration) {
	for ; d > 0; d -= time.Minute {
		r.bookmark()
		r.after(min(d, time.Minute))
	}
}

// recovered holds that the watcher follows what the cluster has.
func (r *rig) recovered() {
	r.t.Helper()
	r.bookmark()
	r.after(0)
	r.put("ns/a", "u-ns/a", "recovered")
	r.after(0)
	r.same()
	r.phase(domain.SyncLive, "")
	r.status(domain.CacheFresh)
}

// coded is an error of a source; after is what the server wishes.
func coded(code domain.Code, after ...time.Duration) error {
	e := domain.E(code, nil, nil)
	if len(after) > 0 {
		e.RetryAfter = after[0]
	}
	return e
}

var (
	down  = coded(domain.CodeClusterUnreachable)
	gone  = coded(domain.CodeRevisionExpired)
	odd   = coded(domain.CodeProtocolError)
	fails = coded(domain.CodeInternal)
	large = coded(domain.CodeResponseTooLarge)
)

// endsAt ends a stream as soon as it is open.
func endsAt(err error) func(*fakeStream) { return func(s *fakeStream) { s.finish(err) } }

// many are twenty objects.
func many(f *fakeSource) {
	for n := range 20 {
		f.put("ns/"+strconv.Itoa(100+n), "u"+strconv.Itoa(n), "1")
	}
	f.forget()
}
