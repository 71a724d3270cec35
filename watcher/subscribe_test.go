package watcher

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

var (
	syncingState    = State{Phase: domain.SyncSyncing}
	rebuildingState = State{Phase: domain.SyncRebuilding, Reason: domain.ReasonExpired, Synced: true}
)

func told(t testing.TB, s *Subscription[string], want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, short(drain(t, s))); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

// TestBeginnings: whenever one subscribes, the set comes first, then SYNCED once it is whole.
func TestBeginnings(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	subscribe := func() *Subscription[string] {
		s := f.Subscribe(SubscribeOptions[string]{})
		t.Cleanup(s.Close)
		return s
	}
	idle := subscribe()
	f.state(syncingState)
	syncing := subscribe()
	told(t, syncing)
	f.replace(thing("n/b", "2@2"), thing("n/a", "1@1"))
	listed := subscribe()
	f.apply(happened(domain.EventAdded, "n/c", "3@3"), happened(domain.EventDeleted, "n/a", "1@4"))
	changed := subscribe()
	f.state(liveState)
	first := []string{"ADDED n/a 1@1 initial", "ADDED n/b 2@2 initial", "ADDED n/c 3@3 initial", "DELETED n/a 1@1", "SYNCED"}
	told(t, idle, first...)
	told(t, syncing, first...)
	told(t, listed, first...)
	told(t, changed, "ADDED n/b 2@2 initial", "ADDED n/c 3@3 initial", "SYNCED")
	f.state(rebuildingState)
	rebuilding := subscribe()
	f.replace(thing("n/b", "2@5"))
	f.state(liveState)
	told(t, idle, "REBUILDING", "MODIFIED n/b 2@2 -> n/b 2@5", "DELETED n/c 3@3 unseen", "SYNCED")
	told(t, rebuilding, "ADDED n/b 2@2 initial", "ADDED n/c 3@3 initial", "MODIFIED n/b 2@2 -> n/b 2@5", "DELETED n/c 3@3 unseen", "SYNCED")
	f.state(State{Phase: domain.SyncStopped, Synced: true})
	f.state(syncingState) // of the next watcher
	f.replace(thing("n/b", "2@5"))
	f.state(liveState)
	told(t, idle, "REBUILDING", "SYNCED")
	if got := f.Stats().Subscriptions; got != 5 {
		t.Errorf("%d subscriptions, want 5", got)
	}
}

// TestBeginningsHaveTheirPlace: who begins late is told SYNCED with the place of the set that it was told, not with that
// of the list which the set began with.
func TestBeginningsHaveTheirPlace(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	at := func(place string, e Event[string]) Event[string] {
		e.Place = place
		return e
	}
	f.replace(thing("n/a", "1@1"))
	listed := liveState
	listed.Revision = "1"
	f.state(listed)
	for _, c := range []struct {
		what string
		e    Event[string]
		want string
	}{
		{"a change", at("2", happened(domain.EventModified, "n/a", "1@2")), "2"},
		{"a change at a place that is not known", happened(domain.EventModified, "n/a", "1@3"), "2"},
		{"what is no change", at("4", happened(domain.EventModified, "n/a", "1@3")), "4"},
	} {
		f.apply(c.e)
		s := f.Subscribe(SubscribeOptions[string]{})
		notices := drain(t, s)
		s.Close()
		if last := notices[len(notices)-1]; last.Type != domain.EventSynced || last.Revision != c.want {
			t.Errorf("after %s: %s at %q, want SYNCED at %q", c.what, last.Type, last.Revision, c.want)
		}
	}
}

// TestRelistIsQuiet: a hundred lists of the same thousand objects tell nothing.
func TestRelistIsQuiet(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	items := func() (items []Item[string]) {
		for n := range 1000 {
			items = append(items, thing(fmt.Sprintf("n/%d", n), fmt.Sprintf("u%d@%d", n, n+1)))
		}
		return items
	}
	f.replace(items()...)
	f.state(liveState)
	s := f.Subscribe(SubscribeOptions[string]{})
	defer s.Close()
	if got := len(drain(t, s)); got != 1001 {
		t.Fatalf("%d notices to begin with, want 1001", got)
	}
	for range 100 {
		f.replace(items()...)
	}
	told(t, s)
}

func TestFilters(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	put := func(key, is, value string) Event[string] {
		item := thing(key, is)
		item.Value = value
		return Event[string]{Type: domain.EventModified, Item: item}
	}
	f.apply(put("n/a", "1@1", "red"), put("n/b", "2@2", "blue"), put("na/c", "3@3", "red"))
	f.state(liveState)
	red := f.Subscribe(SubscribeOptions[string]{Where: func(v string) bool { return v == "red" }})
	defer red.Close()
	here := f.Subscribe(SubscribeOptions[string]{Namespace: "n"})
	defer here.Close()
	f.apply(put("n/a", "1@4", "blue"), put("n/b", "2@5", "red"), put("na/c", "3@6", "red"))
	f.replace(thing("n/b", "20@7"))
	told(t, red, "ADDED n/a 1@1 initial", "ADDED na/c 3@3 initial", "SYNCED",
		"DELETED n/a 1@1", "ADDED n/b 2@5", "MODIFIED na/c 3@3 -> na/c 3@6",
		"DELETED n/b 2@5 unseen", "DELETED na/c 3@6 unseen")
	told(t, here, "ADDED n/a 1@1 initial", "ADDED n/b 2@2 initial", "SYNCED",
		"MODIFIED n/a 1@1 -> n/a 1@4", "MODIFIED n/b 2@2 -> n/b 2@5",
		"DELETED n/a 1@4 unseen", "DELETED n/b 2@5 unseen", "ADDED n/b 20@7")
}

// TestMerging: beyond the limit an object has one change, from what was told to what is.
func TestMerging(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	f.replace(thing("n/a", "a@1"), thing("n/b", "b@2"), thing("n/c", "c@3"))
	f.state(liveState)
	s := f.Subscribe(SubscribeOptions[string]{Queue: 2})
	defer s.Close()
	drain(t, s)
	modified, added, deleted := domain.EventModified, domain.EventAdded, domain.EventDeleted
	f.apply(
		happened(modified, "n/a", "a@10"), happened(modified, "n/a", "a@11"), // each for itself
		happened(modified, "n/b", "b@12"), happened(modified, "n/b", "b@13"), // one
		happened(added, "n/d", "d@14"), happened(deleted, "n/d", "d@15"), // nothing
		happened(deleted, "n/c", "c@16"), happened(added, "n/c", "x@17"), happened(deleted, "n/c", "x@18"), happened(added, "n/c", "y@19"),
		happened(modified, "n/a", "a@20"), // joins the second one
	)
	for range 3 {
		f.state(rebuildingState)
		f.state(liveState)
	}
	f.apply(happened(modified, "n/b", "b@21"))
	if got := s.Stats(); got.Queued != 6 || got.Merged != 7 {
		t.Errorf("Stats() = %+v, want 6 queued, 7 merged", got)
	}
	if got := f.Stats().Queued; got != 6 {
		t.Errorf("the cache says that %d are queued, want 6", got)
	}
	told(t, s, "MODIFIED n/a a@1 -> n/a a@10", "MODIFIED n/a a@10 -> n/a a@20", "MODIFIED n/b b@2 -> n/b b@21",
		"DELETED n/c c@3", "ADDED n/c y@19", "REBUILDING", "SYNCED")
	f.apply(happened(modified, "n/b", "b@22"), happened(modified, "n/b", "b@23"))
	told(t, s, "MODIFIED n/b b@21 -> n/b b@22", "MODIFIED n/b b@22 -> n/b b@23")
}

// TestBounded: what nobody takes is no more than the limit and the objects there are.
func TestBounded(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	f.state(liveState)
	s := f.Subscribe(SubscribeOptions[string]{Queue: 16})
	defer s.Close()
	for n := range 10_000 {
		key, is := fmt.Sprintf("n/%d", n%7), fmt.Sprintf("%d@%d", n, 2*n+1)
		f.apply(happened(domain.EventAdded, key, is), happened(domain.EventDeleted, key, fmt.Sprintf("%d@%d", n, 2*n+2)))
		f.state(rebuildingState)
		f.state(liveState)
		if got := s.Stats().Queued; got > 16+7+2 {
			t.Fatalf("%d wait after %d changes", got, n)
		}
	}
	set := fold(t, map[string]Item[string]{}, drain(t, s))
	if len(set) != 0 {
		t.Errorf("the consumer knows %d objects, want none", len(set))
	}
}

// fold applies notices to what a consumer knows, and checks each against it.
func fold(t failing, known map[string]Item[string], notices []Notice[string]) map[string]Item[string] {
	t.Helper()
	for _, n := range notices {
		word := short([]Notice[string]{n})[0]
		old, there := known[cmpKey(n)]
		switch n.Type {
		case domain.EventAdded:
			if there {
				t.Errorf("%s: it was there as %s@%s", word, old.UID, old.Revision)
			}
			known[n.New.Key] = n.New
		case domain.EventModified:
			if n.Old != old || n.Old.UID != n.New.UID || n.Old.Revision == n.New.Revision {
				t.Errorf("%s: what was told last is %s@%s", word, old.UID, old.Revision)
			}
			known[n.New.Key] = n.New
		case domain.EventDeleted:
			if n.Old != old {
				t.Errorf("%s: what was told last is %s@%s", word, old.UID, old.Revision)
			}
			delete(known, n.Old.Key)
		default: // of the whole set
		}
	}
	return known
}

func cmpKey(n Notice[string]) string {
	if n.New.Key != "" {
		return n.New.Key
	}
	return n.Old.Key
}

// TestMadeAnewWhileSlow deletes and makes anew a thousand times while the consumer looks elsewhere: it is told of pairs, and
// never of one object that became another.
func TestMadeAnewWhileSlow(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	f.replace(thing("n/a", "u0@1"))
	f.state(liveState)
	s := f.Subscribe(SubscribeOptions[string]{Queue: 1})
	defer s.Close()
	known := fold(t, map[string]Item[string]{}, drain(t, s))
	revision, pairs := 1, 0
	is := func(uid int) string { revision++; return fmt.Sprintf("u%d@%d", uid, revision) }
	for uid := range 1000 {
		f.apply(happened(domain.EventModified, "n/b", is(-1)), happened(domain.EventModified, "n/b", is(-1))) // fills the queue
		f.apply(happened(domain.EventModified, "n/a", is(uid)))
		switch uid % 3 {
		case 0: // seen
			f.apply(happened(domain.EventDeleted, "n/a", is(uid)), happened(domain.EventAdded, "n/a", is(uid+1)))
		case 1: // not seen
			f.apply(happened(domain.EventAdded, "n/a", is(uid+1)))
		default: // found in a list
			f.replace(thing("n/a", is(uid+1)), thing("n/b", is(-1)))
		}
		f.apply(happened(domain.EventModified, "n/a", is(uid+1)))
		notices := drain(t, s)
		for n := range notices {
			if notices[n].Type != domain.EventDeleted {
				continue
			}
			pairs++
			if notices[n].FinalStateUnknown != (uid%3 != 0) {
				t.Errorf("%s: whether it was seen to go is wrong", short(notices[n : n+1])[0])
			}
			if next := notices[n+1]; next.Type != domain.EventAdded || next.New.Key != "n/a" || next.New.UID != fmt.Sprintf("u%d", uid+1) {
				t.Errorf("%s is not followed by the next one", short(notices[n : n+1])[0])
			}
		}
		known = fold(t, known, notices)
	}
	if pairs != 1000 {
		t.Errorf("%d pairs, want 1000", pairs)
	}
	if s.Stats().Merged == 0 {
		t.Error("nothing was merged: this test shows nothing")
	}
}

// TestEach: a bad callback hurts itself only, and may use the cache as it likes.
func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := feeding{t, NewCache(CacheOptions[string]{})}
		f.state(liveState)
		ctx, cancel := context.WithCancel(t.Context())
		stop := errors.New("enough")
		var panics []any
		var stack string
		known, calls, within := map[string]Item[string]{}, 0, 0
		opts := SubscribeOptions[string]{OnPanic: func(value any, s []byte) { panics, stack = append(panics, value), string(s) }}
		var canceled, stopped error
		go func() {
			canceled = f.Each(ctx, opts, func(n Notice[string]) error {
				calls++
				fold(t, known, []Notice[string]{n})
				f.Get("n/1")
				inner := f.Subscribe(SubscribeOptions[string]{})
				within += len(drain(t, inner))
				inner.Close()
				if calls%7 == 0 {
					panic(calls)
				}
				return nil
			})
		}()
		go func() {
			stopped = f.Each(t.Context(), SubscribeOptions[string]{}, func(n Notice[string]) error {
				if n.New.Key == "n/3" {
					return stop
				}
				return nil
			})
		}()
		for n := range 1000 {
			f.apply(happened(domain.EventAdded, fmt.Sprintf("n/%d", n%10), fmt.Sprintf("u%d@%d", n%10, n+1)))
			if n%5 == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		if !errors.Is(stopped, stop) {
			t.Errorf("Each() = %v, want the callback's error", stopped)
		}
		if calls != 1001 || len(panics) != 143 || !strings.Contains(stack, "TestEach") {
			t.Errorf("%d calls, %d panics; want 1001, 143, with a stack", calls, len(panics))
		}
		if got := f.Stats(); got.Panics != 143 || got.Subscriptions != 1 {
			t.Errorf("Stats() = %+v, want 143 panics, one subscription", got)
		}
		if items, _ := f.All(); len(contents(items)) != len(known) || within < 1001 {
			t.Errorf("%d known, %d seen from within", len(known), within)
		}
		canceled = stop
		cancel()
		synctest.Wait()
		if canceled != nil {
			t.Errorf("Each() = %v at the end of its context, want nil", canceled)
		}
		if got := f.Stats().Subscriptions; got != 0 {
			t.Errorf("%d subscriptions are left", got)
		}
	})
}

// TestEndings: what waits returns, whoever ends it. The bubble fails if a goroutine is left.
func TestEndings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := feeding{t, NewCache(CacheOptions[string]{})}
		s := f.Subscribe(SubscribeOptions[string]{})
		ctx, cancel := context.WithCancel(t.Context())
		var err error
		go func() { _, err = s.Next(ctx) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if domain.CodeOf(err) != domain.CodeCanceled {
			t.Errorf("Next() = %v, want CANCELED", err)
		}
		f.apply(happened(domain.EventAdded, "n/a", "u@1"))
		for _, err = range s.All(ctx) {
		}
		if domain.CodeOf(err) != domain.CodeCanceled {
			t.Errorf("All() ends with %v, want CANCELED, though something waits", err)
		}
		for n, err := range s.All(t.Context()) { // and it is still there
			if err != nil || n.New.Key != "n/a" {
				t.Errorf("All() yields %v, %v", n, err)
			}
			break
		}
		go func() { _, err = s.Next(t.Context()) }()
		synctest.Wait()
		s.Close()
		s.Close()
		synctest.Wait()
		if domain.CodeOf(err) != domain.CodeClosed {
			t.Errorf("Next() = %v, want CLOSED", err)
		}
		f.apply(happened(domain.EventAdded, "n/b", "w@2"))
		if got := s.Stats(); got.Queued != 0 {
			t.Errorf("%d wait after Close", got.Queued)
		}
		other := f.Subscribe(SubscribeOptions[string]{})
		seen := 0
		for _, err := range other.All(t.Context()) {
			if err != nil {
				t.Error(err)
			}
			seen++
			other.Close() // from within
		}
		if seen != 1 {
			t.Errorf("%d notices until it was closed, want 1", seen)
		}
	})
}

// TestWherePanics: nobody can say that it does not match.
func TestWherePanics(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	f.apply(happened(domain.EventAdded, "n/a", "u@1"), happened(domain.EventAdded, "n/b", "w@2"))
	s := f.Subscribe(SubscribeOptions[string]{Where: func(v string) bool {
		if strings.Contains(v, "u") {
			panic("no")
		}
		return false
	}})
	defer s.Close()
	told(t, s, "ADDED n/a u@1 initial", "ADDED n/b w@2 initial") // "value" has a u
	if got := f.Stats().Panics; got != 2 {
		t.Errorf("%d panics, want 2", got)
	}
}
