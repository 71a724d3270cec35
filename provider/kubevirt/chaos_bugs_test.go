package kubevirt

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// bug is a mistake that somebody might make in a watcher or a cache. The chaos must find it.
type bug string

const (
	dropsDeletes  bug = "a delete is dropped now and then"
	tellsAgain    bug = "a list tells everything again, changed or not"
	countsExpired bug = "an expired place is a failure to the breaker"
	listsOld      bug = "a list asks for what is not older than the place that was lost"
	tellsOld      bug = "an old state is told after a new one"
	mergesNew     bug = "an object that was made anew is told as a change of the old one"
)

// TestChaosFindsBugs: each is found within 50 rounds, and for what it is.
func TestChaosFindsBugs(t *testing.T) {
	for bug, word := range map[bug]string{
		dropsDeletes: "converged:", tellsAgain: "quiet:", countsExpired: "accounted:", listsOld: "consistent:", tellsOld: "ordered:", mergesNew: "identity:",
	} {
		t.Run(strings.ReplaceAll(string(bug), " ", "_"), func(t *testing.T) {
			for n := range 50 {
				var wrong []string
				synctest.Test(t, func(t *testing.T) { wrong = chaosRound(t, uint64(n+1), bug) })
				if slices.ContainsFunc(wrong, func(s string) bool { return strings.HasPrefix(s, word) }) {
					t.Logf("found in round %d", n+1)
					return
				}
			}
			t.Errorf("50 rounds of chaos do not find that %s", bug)
		})
	}
}

// deletesDropper is a sink that does not see some deletes.
type deletesDropper[R any] struct {
	watcher.Sink[R]
	random *rand.Rand
}

// Apply implements watcher.Sink.
func (d deletesDropper[R]) Apply(ctx context.Context, events []watcher.Event[R]) error {
	return d.Sink.Apply(ctx, slices.DeleteFunc(slices.Clone(events), func(e watcher.Event[R]) bool {
		return e.Type == domain.EventDeleted && d.random.IntN(3) == 0
	}))
}

// expiredCounter is a source on which an expired place looks like a failure, of a kind that gives the place up as well.
type expiredCounter[R any] struct{ watcher.Source[R] }

func counted(err error) error {
	if err != nil && domain.KindOf(err) == domain.KindExpired {
		return domain.E(domain.CodeProtocolError, nil, err)
	}
	return err
}

// List implements watcher.Source.
func (s expiredCounter[R]) List(ctx context.Context, opts watcher.ListOptions) (*watcher.Page[R], error) {
	page, err := s.Source.List(ctx, opts)
	return page, counted(err)
}

// Watch implements watcher.Source.
func (s expiredCounter[R]) Watch(ctx context.Context, opts watcher.WatchOptions) (watcher.Stream[R], error) {
	stream, err := s.Source.Watch(ctx, opts)
	if err != nil {
		return nil, counted(err)
	}
	return expiredStream[R]{stream}, nil
}

type expiredStream[R any] struct{ watcher.Stream[R] }

// Next implements watcher.Stream.
func (s expiredStream[R]) Next() (watcher.Frame[R], error) {
	frame, err := s.Stream.Next()
	return frame, counted(err)
}

// oldLister is a transport that lists at the place of the last watch, as client-go's Reflector does.
type oldLister struct {
	next http.RoundTripper
	mu   *sync.Mutex
	last map[string]string
}

func newOldLister(next http.RoundTripper) http.RoundTripper {
	return oldLister{next, new(sync.Mutex), map[string]string{}}
}

// WrappedRoundTripper lets apimachinery reach the transport, to close idle connections.
func (o oldLister) WrappedRoundTripper() http.RoundTripper { return o.next }

// RoundTrip implements http.RoundTripper.
func (o oldLister) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	o.mu.Lock()
	last := o.last[r.URL.Path]
	switch {
	case query.Has("watch"):
		o.last[r.URL.Path] = query.Get("resourceVersion")
	case last != "" && !query.Has("continue"):
		query.Set("resourceVersion", last)
		r = r.Clone(r.Context())
		r.URL.RawQuery = query.Encode()
	}
	o.mu.Unlock()
	return o.next.RoundTrip(r)
}

// misheard is a recorder's ear with a bug.
func misheard[R any](b bug, r *recorder[R], random *rand.Rand) func(watcher.Notice[R]) {
	var held *watcher.Notice[R]
	synced := false
	return func(n watcher.Notice[R]) {
		switch {
		case b == tellsAgain && n.Type == domain.EventSynced && synced:
			for _, item := range r.items() {
				r.hear(watcher.Notice[R]{Type: domain.EventModified, Old: item, New: item})
			}
		case b == tellsOld && n.Type == domain.EventModified && random.IntN(5) == 0:
			r.hear(n)
			r.hear(watcher.Notice[R]{Type: domain.EventModified, Old: n.New, New: n.Old})
			return
		case b == mergesNew && n.Type == domain.EventDeleted:
			if held != nil {
				r.hear(*held)
			}
			held = &n
			return
		case b == mergesNew && held != nil && n.Type == domain.EventAdded && n.New.Key == held.Old.Key:
			n = watcher.Notice[R]{Type: domain.EventModified, Old: held.Old, New: n.New}
			held = nil
		case b == mergesNew && held != nil:
			r.hear(*held)
			held = nil
		}
		synced = synced || n.Type == domain.EventSynced
		r.hear(n)
	}
}
