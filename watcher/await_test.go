package watcher

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// TestAwait: a waiter is asked at once and after each change of its key, and of no other.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := feeding{t, NewCache(CacheOptions[string]{})}
		asked := 0
		var err error
		done := make(chan struct{})
		go func() {
			defer close(done)
			err = f.Await(t.Context(), "n/a", func(item Item[string], ok bool) bool {
				asked++
				return ok && item.Revision == "3"
			})
		}()
		see := func(when string, want int) {
			t.Helper()
			if synctest.Wait(); asked != want {
				t.Errorf("%s: asked %d times, want %d", when, asked, want)
			}
		}
		see("at once", 1)
		f.replace(thing("n/a", "u@1"), thing("n/b", "v@1"))
		see("after the first set", 2)
		f.apply(happened(domain.EventModified, "n/b", "v@2"))
		see("after a change of another", 2)
		f.apply(happened(domain.EventDeleted, "n/a", "u@2"))
		see("after it went", 3)
		f.apply(happened(domain.EventAdded, "n/a", "w@3"))
		<-done
		if err != nil || asked != 4 {
			t.Errorf("%v, asked %d times", err, asked)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = f.Await(ctx, "n/a", func(Item[string], bool) bool { return false })
		if !errors.Is(err, domain.CodeCanceled) {
			t.Errorf("the end of a context: %v", err)
		}
		if len(f.waiting) != 0 {
			t.Errorf("%d keys are waited for by nobody", len(f.waiting))
		}
	})
}

// TestNoticeRevision: a notice tells where to go on behind it, once the set is whole.
func TestNoticeRevision(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	s := f.Subscribe(SubscribeOptions[string]{})
	defer s.Close()
	next := func(want string) {
		t.Helper()
		n, err := s.Next(t.Context())
		if err != nil || string(n.Type)+" "+n.Revision != want {
			t.Errorf("%s %q (%v), want %q", n.Type, n.Revision, err, want)
		}
	}
	at := func(e Event[string], place string) Event[string] { e.Place = place; return e }
	f.apply(at(happened(domain.EventAdded, "n/a", "u@1"), "1"))
	f.state(State{Phase: domain.SyncLive, Synced: true, Revision: "5"})
	f.apply(at(happened(domain.EventModified, "n/a", "u@6"), "6"), at(happened(domain.EventAdded, "n/a", "v@7"), "7"))
	f.state(State{Phase: domain.SyncRebuilding, Synced: true})
	f.apply(at(happened(domain.EventModified, "n/a", "v@8"), "8"))
	next("ADDED ")
	next("SYNCED 5")
	next("MODIFIED 6")
	next("DELETED ")
	next("ADDED 7")
	next("REBUILDING ")
	next("MODIFIED ")
	later := f.Subscribe(SubscribeOptions[string]{SkipInitial: true})
	defer later.Close()
	f.apply(happened(domain.EventDeleted, "n/a", "v@9"))
	if n, err := later.Next(t.Context()); err != nil || n.Type != domain.EventDeleted {
		t.Errorf("a subscription without what was there before begins with %s (%v)", n.Type, err)
	}
}
