package watcher

import (
	"errors"
	"fmt"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// bookmarkFrame is a bookmark of a revision.
func bookmarkFrame(revision string) Frame[string] {
	return Frame[string]{FrameBookmark, Item[string]{Revision: revision}}
}

// streamRows: a stream ends, says nothing, or says what it should not.
func streamRows() []matrixRow {
	return append(frameRows(), []matrixRow{
		{
			row: 13, name: "reset after frames", why: "what came is believed, the rest is asked for again, and nobody counts it",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.put("ns/a", "u-ns/a", "2")
				r.end(down)
				r.after(0)
				r.phase(domain.SyncRetrying, domain.ReasonStreamBroken)
				r.status(domain.CacheFresh)
				r.after(time.Second)
				r.recovered()
			},
			want: seen{requests: []string{"watch 104", "list 1"}, phases: []string{"RETRYING/StreamBroken", "LIVE"}},
		},
		{
			row: 13, name: "reset before any frame", why: "then the try had failed",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.openings = []func(*fakeStream){endsAt(down)}
				r.end(nil)
				r.after(5 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "list 1"}, phases: []string{"RETRYING/Unreachable", "LIVE"},
				stats: account{Failures: 1},
			},
		},
		{
			row: 14, name: "cut off in a frame", why: "as a reset: the source makes the same of it",
			fault: func(r *rig) {
				r.openings = []func(*fakeStream){func(s *fakeStream) {
					s.push(bookmarkFrame("103"))
					s.finish(down)
				}}
				r.end(down)
				r.after(10 * time.Second)
				r.recovered()
			},
			want: seen{requests: []string{"watch 103", "list 1", "watch 103", "list 1"}, phases: []string{"RETRYING/StreamBroken", "LIVE", "RETRYING/StreamBroken", "LIVE"}},
		},
		brokenRow(15, "garbage"),
		brokenRow(47, "an ERROR event that says nothing"),
		{
			row: 19, name: "half open", why: "150 s without a frame: the stream is given up and the set is stale, and what is refused after that counts",
			fault: func(r *rig) {
				r.watchErrs = []error{errHangs}
				r.after(150*time.Second - 1)
				r.phase(domain.SyncLive, "")
				r.status(domain.CacheFresh)
				r.after(1)
				r.phase(domain.SyncRetrying, domain.ReasonStreamBroken)
				r.status(domain.CacheStale)
				r.after(30 * time.Second)
				r.recovered()
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "list 1"},
				phases:   []string{"RETRYING/StreamBroken", "RETRYING/Unreachable", "LIVE"}, stats: account{Failures: 1},
			},
		},
		{
			row: 21, name: "watches that end at once", why: "two count as nothing, each after that is a failure, and the breaker opens",
			fault: func(r *rig) {
				r.after(time.Minute)
				r.eachOpening = endsAt(nil)
				r.end(nil)
				r.after(2 * time.Minute)
				r.phase(domain.SyncOpen, domain.ReasonUnreachable)
			},
			want: seen{
				requests: []string{"watch 103", "watch 103", "watch 103", "watch 103", "watch 103", "watch 103", "watch 103"},
				phases:   []string{"RETRYING/StreamBroken", "OPEN/Unreachable"},
				stats:    account{Failures: 5, Openings: 1},
			},
		},
		{
			row: 22, name: "the end of a stream in good order", why: "the next one begins within a second, and nothing else happens",
			fault: func(r *rig) {
				for range 3 {
					r.after(time.Minute)
					r.end(nil)
					r.after(time.Second)
					r.bookmark()
				}
				r.recovered()
			},
			want: seen{requests: []string{"watch 103", "watch 103", "watch 103"}},
		},
		{
			row: 23, name: "bookmarks only", why: "the place moves, the set stays fresh, and nobody is told",
			fault: func(r *rig) {
				for n := range 4 {
					r.after(time.Minute)
					r.send(bookmarkFrame(fmt.Sprint(200 + n)))
				}
				r.after(30 * time.Second)
				expect(r.t, "age", 30*time.Second, r.w.State().Age(time.Now()))
				r.status(domain.CacheFresh)
				expect(r.t, "batches", 1, r.sink.batches)
				r.end(nil)
				r.after(time.Second)
			},
			want: seen{requests: []string{"watch 203"}},
		},
		{
			row: 24, name: "no bookmarks ever", why: "a stream that says nothing is begun anew, without a list; nothing is told and nothing is counted",
			opts: Options{ProbeEvery: time.Hour},
			fault: func(r *rig) {
				r.after(time.Minute)
				r.end(nil)
				for range 4 {
					for range 16 {
						r.after(10 * time.Second)
						r.status(domain.CacheFresh)
					}
				}
				expect(r.t, "batches", 1, r.sink.batches)
				r.sink.states = r.sink.states[:2]
			},
			prepare: func(f *fakeSource) {
				three(f)
				f.openings = []func(*fakeStream){func(s *fakeStream) { s.from = 1 << 40 }}
				f.eachOpening = func(s *fakeStream) { s.from = 1 << 40 }
			},
			want: seen{requests: []string{"watch 103", "watch 103", "watch 103", "watch 103", "watch 103"}},
		},
	}...)
}

// brokenRow is what is not the protocol.
func brokenRow(row int, name string) matrixRow {
	return matrixRow{
		row: row, name: name, why: "a failure each time; the third in a row gives the place up",
		fault: func(r *rig) {
			r.after(time.Minute)
			r.openings = []func(*fakeStream){endsAt(odd), endsAt(odd), endsAt(odd)}
			r.end(nil)
			r.after(time.Minute)
			r.recovered()
		},
		want: seen{
			requests: []string{"watch 103", "watch 103", "watch 103", "list", "watch 103"},
			phases:   []string{"RETRYING/StreamBroken", "REBUILDING/StreamBroken", "LIVE"},
			stats:    account{Failures: 3},
		},
	}
}

// frameRows: odd frames in a stream that goes on.
func frameRows() []matrixRow {
	item := func(key, uid, revision string) Item[string] {
		return Item[string]{Key: key, UID: uid, Revision: revision, Value: "1"}
	}
	return []matrixRow{
		{
			row: 16, name: "an object that cannot be decoded", why: "it is told with its error, the place moves past it, and nothing is asked again",
			fault: func(r *rig) {
				bad := Item[string]{Key: "ns/x", UID: "x", Revision: "150", Err: errors.New("not a VM")}
				r.send(Frame[string]{FrameAdded, bad})
				r.after(time.Minute)
				if got := r.sink.set["ns/x"]; got.Err == nil {
					r.t.Errorf("the sink was told %+v", got)
				}
				r.phase(domain.SyncLive, "")
				r.end(nil)
				r.after(time.Second)
			},
			want: seen{requests: []string{"watch 150"}, stats: account{Undecodable: 1}},
		},
		{
			row: 17, name: "an unknown type of event", why: "it is skipped, and its revision with it",
			fault: func(r *rig) {
				r.send(Frame[string]{FrameUnknown, item("ns/x", "x", "150")})
				r.after(time.Minute)
				r.end(nil)
				r.after(time.Second)
				r.same()
			},
			want: seen{requests: []string{"watch 103"}, stats: account{Unknown: 1}},
		},
		{
			row: 25, name: "bookmarks of the past and of nothing", why: "they do not move the place",
			fault: func(r *rig) {
				r.send(bookmarkFrame("50"))
				r.send(bookmarkFrame(""))
				r.after(time.Minute)
				r.end(nil)
				r.after(time.Second)
				r.recovered()
			},
			want: seen{requests: []string{"watch 103"}, stats: account{Dropped: 2}},
		},
		{
			row: 26, name: "doubled and unexpected events", why: "what is known is dropped; what an event means is decided by what the sink has",
			fault: func(r *rig) {
				r.put("ns/d", "d", "1")
				r.send(Frame[string]{FrameAdded, r.set["ns/d"]})
				r.send(Frame[string]{FrameAdded, item("ns/d", "d", "150")})
				r.send(Frame[string]{FrameModified, item("ns/e", "e", "151")})
				r.send(Frame[string]{FrameDeleted, item("ns/f", "f", "152")})
				r.after(0)
				var told []string
				for _, e := range r.sink.events {
					told = append(told, fmt.Sprint(e.Type, " ", e.Item.Key, " ", e.Item.Revision))
				}
				expect(r.t, "told", []string{"ADDED ns/d 104", "ADDED ns/d 150", "MODIFIED ns/e 151", "DELETED ns/f 152"}, told)
			},
			want: seen{requests: []string{}, stats: account{Dropped: 1}},
		},
		{
			row: 27, name: "ten events of the past", why: "they are dropped",
			fault: func(r *rig) {
				for n := range 10 {
					r.send(Frame[string]{FrameModified, item("ns/a", "u-ns/a", fmt.Sprint(50+n))})
				}
				r.recovered()
			},
			want: seen{requests: []string{}, stats: account{Dropped: 10}},
		},
		{
			row: 27, name: "eleven events of the past", why: "a history that cannot be: everything is listed anew",
			fault: func(r *rig) {
				for n := range 11 {
					r.send(Frame[string]{FrameModified, item("ns/a", "u-ns/a", fmt.Sprint(50+n))})
				}
				r.recovered()
			},
			want: seen{
				requests: []string{"list", "watch 103"}, phases: []string{"REBUILDING/ResourceVersionRegressed", "LIVE"},
				stats: account{Dropped: 11},
			},
		},
	}
}
