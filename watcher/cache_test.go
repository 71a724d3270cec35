package watcher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// thing makes an item of a key and "uid@revision".
func thing(key, is string) Item[string] {
	uid, revision, _ := strings.Cut(is, "@")
	return Item[string]{Key: key, UID: uid, Revision: revision, Value: "value of " + is}
}

func happened(what domain.EventType, key, is string) Event[string] {
	return Event[string]{Type: what, Item: thing(key, is)}
}

var liveState = State{Phase: domain.SyncLive, Synced: true}

// feeding is a cache with the sink's methods, whose errors end the test.
type feeding struct {
	testing.TB
	*Cache[string]
}

func (f feeding) replace(items ...Item[string]) {
	f.Helper()
	if err := f.Replace(f.Context(), items); err != nil {
		f.Fatal(err)
	}
}

func (f feeding) apply(events ...Event[string]) {
	f.Helper()
	if err := f.Apply(f.Context(), events); err != nil {
		f.Fatal(err)
	}
}

func (f feeding) state(s State) {
	f.Helper()
	if err := f.SetState(f.Context(), s); err != nil {
		f.Fatal(err)
	}
}

// failing is a test, or one run of a property.
type failing interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// drain takes what a subscription has for its consumer, without waiting.
func drain[T any](t failing, s *Subscription[T]) []Notice[T] {
	t.Helper()
	var notices []Notice[T]
	for {
		n, ok, err := s.poll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return notices
		}
		notices = append(notices, n)
	}
}

// short writes notices in few words: "ADDED ns/a u@1 initial".
func short(notices []Notice[string]) []string {
	var words []string
	for _, n := range notices {
		w := string(n.Type)
		if n.Old.Key != "" {
			w += fmt.Sprintf(" %s %s@%s", n.Old.Key, n.Old.UID, n.Old.Revision)
		}
		if n.Old.Key != "" && n.New.Key != "" {
			w += " ->"
		}
		if n.New.Key != "" {
			w += fmt.Sprintf(" %s %s@%s", n.New.Key, n.New.UID, n.New.Revision)
		}
		if n.Initial {
			w += " initial"
		}
		if n.FinalStateUnknown {
			w += " unseen"
		}
		words = append(words, w)
	}
	return words
}

func contents(items func(yield func(Item[string]) bool)) []string {
	var words []string
	for item := range items {
		words = append(words, fmt.Sprintf("%s %s@%s", item.Key, item.UID, item.Revision))
	}
	return words
}

func TestNormalisation(t *testing.T) {
	const added, modified, deleted = domain.EventAdded, domain.EventModified, domain.EventDeleted
	type events = []Event[string]
	cases := map[string]struct {
		why    string
		events events
		list   []Item[string] // a Replace after the events, if not nil
		told   []string
		has    []string
	}{
		"added": {"what is new is told", events{happened(added, "n/b", "w@5")}, nil, []string{"ADDED n/b w@5"}, []string{"n/a u@9", "n/b w@5"}},
		"duplicate added": {"a server may say what it said", events{happened(added, "n/a", "u@9")}, nil,
			nil, []string{"n/a u@9"}},
		"duplicate modified": {"the same revision is the same object", events{happened(modified, "n/a", "u@9")}, nil,
			nil, []string{"n/a u@9"}},
		"added of what is known": {"the stream began anew", events{happened(added, "n/a", "u@10")}, nil,
			[]string{"MODIFIED n/a u@9 -> n/a u@10"}, []string{"n/a u@10"}},
		"modified of what is not known": {"its ADDED was not seen", events{happened(modified, "n/b", "w@5")}, nil,
			[]string{"ADDED n/b w@5"}, []string{"n/a u@9", "n/b w@5"}},
		"deleted": {"it saw it go", events{happened(deleted, "n/a", "u@11")}, nil, []string{"DELETED n/a u@9"}, nil},
		"deleted at the same revision": {"some servers tell the last state as it was", events{happened(deleted, "n/a", "u@9")}, nil,
			[]string{"DELETED n/a u@9"}, nil},
		"deleted of what is not known": {"nobody knows it", events{happened(deleted, "n/b", "w@11")}, nil, nil, []string{"n/a u@9"}},
		"deleted of another uid":       {"it is not the one that is there", events{happened(deleted, "n/a", "old@11")}, nil, nil, []string{"n/a u@9"}},
		"deleted in the past":          {"it was made since", events{happened(deleted, "n/a", "u@8")}, nil, nil, []string{"n/a u@9"}},
		"older": {"9 is before 10, by length", events{happened(modified, "n/a", "u@10"), happened(modified, "n/a", "u@9")}, nil,
			[]string{"MODIFIED n/a u@9 -> n/a u@10"}, []string{"n/a u@10"}},
		"without order": {"revisions that are no numbers have no order", events{happened(modified, "n/a", "u@b"), happened(modified, "n/a", "u@a")}, nil,
			[]string{"MODIFIED n/a u@9 -> n/a u@b", "MODIFIED n/a u@b -> n/a u@a"}, []string{"n/a u@a"}},
		"without revision": {"nothing says that it is the same", events{happened(modified, "n/a", "u@"), happened(modified, "n/a", "u@")}, nil,
			[]string{"MODIFIED n/a u@9 -> n/a u@", "MODIFIED n/a u@ -> n/a u@"}, []string{"n/a u@"}},
		"made anew": {"two machines", events{happened(added, "n/a", "v@12")}, nil,
			[]string{"DELETED n/a u@9 unseen", "ADDED n/a v@12"}, []string{"n/a v@12"}},
		"modified of another uid": {"two machines", events{happened(modified, "n/a", "v@12")}, nil,
			[]string{"DELETED n/a u@9 unseen", "ADDED n/a v@12"}, []string{"n/a v@12"}},
		"another uid of the past": {"the one before must not take the place", events{happened(modified, "n/a", "v@3")}, nil, nil, []string{"n/a u@9"}},
		"seen to go and come": {"it saw it go", events{happened(deleted, "n/a", "u@10"), happened(added, "n/a", "v@11")}, nil,
			[]string{"DELETED n/a u@9", "ADDED n/a v@11"}, []string{"n/a v@11"}},
		"unchanged list": {"quiet", nil, []Item[string]{thing("n/a", "u@9")}, nil, []string{"n/a u@9"}},
		"empty list":     {"what is not in it is gone", nil, []Item[string]{}, []string{"DELETED n/a u@9 unseen"}, nil},
		"changed list": {"changes are found by comparing", nil, []Item[string]{thing("n/c", "x@2"), thing("n/a", "u@10")},
			[]string{"MODIFIED n/a u@9 -> n/a u@10", "ADDED n/c x@2"}, []string{"n/a u@10", "n/c x@2"}},
		"made anew before a list": {"nobody saw it", nil, []Item[string]{thing("n/a", "v@20")},
			[]string{"DELETED n/a u@9 unseen", "ADDED n/a v@20"}, []string{"n/a v@20"}},
		"list of the past": {"a consistent read is the truth: history went back", nil, []Item[string]{thing("n/a", "u@7")},
			[]string{"MODIFIED n/a u@9 -> n/a u@7"}, []string{"n/a u@7"}},
		"key twice in a list": {"the last one counts", nil, []Item[string]{thing("n/a", "u@10"), thing("n/a", "u@11")},
			[]string{"MODIFIED n/a u@9 -> n/a u@11"}, []string{"n/a u@11"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := feeding{t, NewCache(CacheOptions[string]{})}
			f.replace(thing("n/a", "u@9"))
			f.state(liveState)
			s := f.Subscribe(SubscribeOptions[string]{})
			defer s.Close()
			if diff := cmp.Diff([]string{"ADDED n/a u@9 initial", "SYNCED"}, short(drain(t, s))); diff != "" {
				t.Fatalf("the beginning (-want +got):\n%s", diff)
			}
			f.apply(c.events...)
			if c.list != nil {
				f.replace(c.list...)
			}
			if diff := cmp.Diff(c.told, short(drain(t, s))); diff != "" {
				t.Errorf("%s\nnotices (-want +got):\n%s", c.why, diff)
			}
			items, _ := f.All()
			if diff := cmp.Diff(c.has, contents(items)); diff != "" {
				t.Errorf("%s\ncontents (-want +got):\n%s", c.why, diff)
			}
			checkWhole(t, f.Cache)
		})
	}
}

// checkWhole holds the parts of a cache against each other.
func checkWhole(t failing, c *Cache[string]) {
	t.Helper()
	n := 0
	for e := range c.inOrder.snapshot().from(func(*entry[string]) int { return 1 }) {
		n++
		if c.byKey[e.item.Key] != e || e.item.UID != "" && c.byUID[e.item.UID] != e {
			t.Errorf("%s is not the same by key and by UID", e.item.Key)
		}
	}
	if n != len(c.byKey) || n < len(c.byUID) || n != c.Len() {
		t.Errorf("%d in order, %d by key, %d by UID, %d counted", n, len(c.byKey), len(c.byUID), c.Len())
	}
	for _, x := range c.indexes {
		want := x.fillWith(slices.Collect(c.inOrder.snapshot().from(func(*entry[string]) int { return 1 })))
		everything := func(posting[string]) int { return 1 }
		if got, want := slices.Collect(x.tree.snapshot().from(everything)), slices.Collect(want.snapshot().from(everything)); !slices.Equal(got, want) {
			t.Errorf("an index has %v, want %v", got, want)
		}
	}
}

// TestUndecodable: what cannot be decoded is there, and is nothing to work with.
func TestUndecodable(t *testing.T) {
	calls := 0
	f := feeding{t, NewCache(CacheOptions[string]{Indexes: map[string]IndexFunc[string]{
		"value": func(v string) []string { calls++; return []string{v} },
	}})}
	broken := thing("n/a", "u@2")
	broken.Err = errors.New("unknown shape")
	f.replace(thing("n/a", "u@1"))
	s := f.Subscribe(SubscribeOptions[string]{Where: func(v string) bool { return v != "" }})
	defer s.Close()
	f.apply(Event[string]{Type: domain.EventModified, Item: broken})
	if item, _, ok := f.Get("n/a"); !ok || item.Err == nil || item.Value != "" {
		t.Errorf("Get() = %+v, %t; want an item with its error and no value", item, ok)
	}
	if got := f.Stats(); got.Items != 1 || got.Undecodable != 1 {
		t.Errorf("Stats() = %+v, want one item, undecodable", got)
	}
	if items, _ := f.ByIndex("value", ""); len(contents(items)) != 0 {
		t.Error("an index has it")
	}
	nameless := broken
	nameless.UID, nameless.Revision = "", "3"
	f.apply(Event[string]{Type: domain.EventModified, Item: nameless})
	f.apply(happened(domain.EventModified, "n/a", "u@4"))
	want := []string{
		"ADDED n/a u@1 initial", "MODIFIED n/a u@1 -> n/a u@2", "MODIFIED n/a u@2 -> n/a u@3", "MODIFIED n/a u@3 -> n/a u@4",
	}
	if diff := cmp.Diff(want, short(drain(t, s))); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	if got := f.Stats().Undecodable; got != 0 {
		t.Errorf("%d undecodable after it was mended", got)
	}
	checkWhole(t, f.Cache)
}

func TestOrder(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	f.replace(thing("team/x", "1@1"), thing("team-a/x", "2@2"), thing("team/a", "3@3"))
	items, _ := f.All()
	want := []string{"team-a/x 2@2", "team/a 3@3", "team/x 1@1"}
	if diff := cmp.Diff(want, contents(items)); diff != "" {
		t.Errorf("All() is not in the order of keys (-want +got):\n%s", diff)
	}
	items, _ = f.List("team")
	f.replace() // what was listed stays as it was
	if diff := cmp.Diff(want[1:], contents(items)); diff != "" {
		t.Errorf("List() (-want +got):\n%s", diff)
	}
	if keys := slices.Collect(f.Keys()); len(keys) != 0 {
		t.Errorf("Keys() = %v, want none any more", keys)
	}
}

func TestIndexes(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{Indexes: map[string]IndexFunc[string]{
		"words": strings.Fields,
		"first": func(v string) []string { return []string{v[:1]} },
	}})}
	put := func(key, revision, value string) Event[string] {
		return Event[string]{Type: domain.EventModified, Item: Item[string]{Key: key, UID: key, Revision: revision, Value: value}}
	}
	f.apply(put("n/b", "1", "red round"), put("n/a", "2", "red"), put("n/c", "3", "round rose"))
	check := func(name, value string, want ...string) {
		t.Helper()
		items, _ := f.ByIndex(name, value)
		if diff := cmp.Diff(want, contents(items)); diff != "" {
			t.Errorf("ByIndex(%q, %q) (-want +got):\n%s", name, value, diff)
		}
	}
	check("words", "red", "n/a n/a@2", "n/b n/b@1")
	check("words", "ro")
	check("first", "r", "n/a n/a@2", "n/b n/b@1", "n/c n/c@3")
	check("no such", "r")
	items, _ := f.ByIndexPrefix("words", "ro")
	if diff := cmp.Diff([]string{"n/c n/c@3", "n/b n/b@1", "n/c n/c@3"}, contents(items)); diff != "" {
		t.Errorf("ByIndexPrefix() (-want +got):\n%s", diff)
	}
	f.apply(put("n/b", "4", "blue round"), happened(domain.EventDeleted, "n/c", "n/c@5"))
	check("words", "red", "n/a n/a@2")
	check("words", "round", "n/b n/b@4")
	check("words", "rose")
	check("first", "b", "n/b n/b@4")
	checkWhole(t, f.Cache)
}

// TestCacheFreshness: a read says how much it can be trusted.
func TestCacheFreshness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var watched State
		c := NewCache(CacheOptions[string]{State: func() State { return watched }})
		f := feeding{t, c}
		check := func(when string, status domain.CacheStatus, age time.Duration) {
			t.Helper()
			_, got, _ := c.Get("n/a")
			_, uid, _ := c.ByUID("u")
			_, all := c.All()
			for _, other := range []Freshness{uid, all, c.Freshness()} {
				if diff := cmp.Diff(got, other); diff != "" {
					t.Errorf("%s: reads differ (-Get +other):\n%s", when, diff)
				}
			}
			if got.Status != status || got.Age != age {
				t.Errorf("%s: %s, %s old; want %s, %s", when, got.Status, got.Age, status, age)
			}
		}
		check("before anything", domain.CacheUnsynced, 0)
		watched = State{Phase: domain.SyncSyncing}
		f.replace(thing("n/a", "u@1"))
		check("before the state says so", domain.CacheUnsynced, 0)
		watched = State{Phase: domain.SyncLive, Synced: true, Seen: time.Now()}
		time.Sleep(20 * time.Second)
		check("in a quiet stream", domain.CacheFresh, 20*time.Second)
		watched.Seen = time.Now().Add(-3 * time.Second)
		check("with bookmarks", domain.CacheFresh, 3*time.Second)
		f.apply(happened(domain.EventModified, "n/a", "u@2"))
		check("after a change", domain.CacheFresh, 0)
		watched.Phase = domain.SyncRebuilding
		time.Sleep(time.Second)
		check("in a rebuilding", domain.CacheStale, time.Second)
	})
}

func TestWaitSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := feeding{t, NewCache(CacheOptions[string]{})}
		ctx, cancel := context.WithCancel(t.Context())
		var first, second error
		go func() { first = f.WaitSynced(ctx) }()
		go func() { second = f.WaitSynced(t.Context()) }()
		synctest.Wait()
		f.state(State{Phase: domain.SyncSyncing})
		synctest.Wait()
		cancel()
		synctest.Wait()
		if domain.CodeOf(first) != domain.CodeCanceled {
			t.Errorf("WaitSynced() = %v at the end of its context, want CANCELED", first)
		}
		second = errors.New("waits")
		f.state(liveState)
		synctest.Wait()
		if second != nil {
			t.Errorf("WaitSynced() = %v, want nil", second)
		}
	})
}

// TestPinsNothing: a key cut out of a frame must not keep the frame, nor one value that of the entry before.
func TestPinsNothing(t *testing.T) {
	within := func(s, frame string) bool {
		at, from := uintptr(unsafe.Pointer(unsafe.StringData(s))), uintptr(unsafe.Pointer(unsafe.StringData(frame)))
		return at >= from && at < from+uintptr(len(frame))
	}
	frame := func(revision string) (string, Item[string]) {
		s := strings.Clone("n/a uid " + revision)
		return s, Item[string]{Key: s[:3], UID: s[4:7], Revision: s[8:], Value: revision}
	}
	for _, keep := range []bool{false, true} {
		f := feeding{t, NewCache(CacheOptions[string]{KeepStrings: keep})}
		first, item := frame("1")
		f.apply(Event[string]{Type: domain.EventAdded, Item: item})
		second, item := frame("2")
		f.apply(Event[string]{Type: domain.EventModified, Item: item})
		has, _, _ := f.Get("n/a")
		strs := []string{has.Key, has.UID, has.Revision}
		for key := range f.byKey {
			strs = append(strs, key)
		}
		for uid := range f.byUID {
			strs = append(strs, uid)
		}
		for _, s := range strs {
			if within(s, first) {
				t.Errorf("KeepStrings %t: %q is part of the first frame", keep, s)
			}
			if within(s, second) != keep {
				t.Errorf("KeepStrings %t: %q is part of the second frame: %t", keep, s, !keep)
			}
		}
	}
}

// TestReplaceIsBroken: a list that did not come to its end is completed by the next one.
func TestReplaceIsBroken(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{})}
	f.replace(thing("n/a", "u@1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Replace(ctx, []Item[string]{thing("n/b", "w@2")}); domain.CodeOf(err) != domain.CodeCanceled {
		t.Errorf("Replace() = %v, want CANCELED", err)
	}
	f.replace(thing("n/b", "w@2"))
	items, _ := f.All()
	if diff := cmp.Diff([]string{"n/b w@2"}, contents(items)); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
}
