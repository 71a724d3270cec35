package watcher

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// server is a cluster as simple as can be: what there is, and what happened.
type server struct {
	revision, uids int
	objects        map[string]Item[string]
	log            []Event[string]
}

// write makes, changes, deletes, or deletes and makes anew one object, which one event of the log tells, or two.
func (s *server) write(t *rapid.T) {
	key := rapid.SampledFrom([]string{"a/x", "a/y", "a/z", "a-b/x", "b/x", "b/y"}).Draw(t, "key")
	old, there := s.objects[key]
	switch {
	case !there:
		s.make(key)
	case rapid.IntRange(0, 2).Draw(t, "what") == 0:
		s.remove(old)
		if rapid.Bool().Draw(t, "anew") {
			s.make(key)
		}
	default:
		s.put(domain.EventModified, key, old.UID)
	}
}

func (s *server) make(key string) {
	s.uids++
	s.put(domain.EventAdded, key, fmt.Sprintf("u%d", s.uids))
}

func (s *server) put(what domain.EventType, key, uid string) {
	s.revision++
	item := Item[string]{Key: key, UID: uid, Revision: strconv.Itoa(s.revision), Value: colourOf(s.revision)}
	s.objects[key] = item
	s.log = append(s.log, Event[string]{Type: what, Item: item})
}

func (s *server) remove(old Item[string]) {
	s.revision++
	old.Revision = strconv.Itoa(s.revision)
	delete(s.objects, old.Key)
	s.log = append(s.log, Event[string]{Type: domain.EventDeleted, Item: old})
}

// colourOf has objects enter and leave a filter as they change.
func colourOf(revision int) string {
	if revision%3 == 0 {
		return "blue"
	}
	return "red"
}

// consumer is a subscription with what its owner has seen, and what is to hold of it.
type consumer struct {
	*Subscription[string]
	name      string
	wants     func(Item[string]) bool
	known     map[string]Item[string]
	delivered map[string]bool   // what was told, by type, UID and revision
	revisions map[string]string // the highest that was told of a UID
	gone      map[string]bool   // UIDs that were told to be gone
	whole     bool
}

func newConsumer(c *Cache[string], name string, opts SubscribeOptions[string], wants func(Item[string]) bool) *consumer {
	return &consumer{c.Subscribe(opts), name, wants, map[string]Item[string]{}, map[string]bool{}, map[string]string{}, map[string]bool{}, false}
}

// take takes one notice and holds it against I2, I3, I5 and I6.
func (c *consumer) take(t *rapid.T) (more bool) {
	n, ok, err := c.poll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return false
	}
	word := c.name + ": " + short([]Notice[string]{n})[0]
	switch n.Type {
	case domain.EventSynced:
		if c.whole {
			t.Fatalf("%s: told already", word)
		}
		c.whole = true
		return true
	case domain.EventRebuilding:
		if !c.whole {
			t.Fatalf("%s: told already", word)
		}
		c.whole = false
		return true
	default: // of one object
	}
	fold(t, c.known, []Notice[string]{n})
	about := n.New
	if n.Type == domain.EventDeleted {
		about = n.Old
	}
	once := fmt.Sprint(n.Type, about.UID, "@", about.Revision)
	if c.delivered[once] {
		t.Fatalf("%s: told twice", word)
	}
	c.delivered[once] = true
	if older, _ := olderRevision(about.Revision, c.revisions[about.UID]); older {
		t.Fatalf("%s: after %s", word, c.revisions[about.UID])
	}
	c.revisions[about.UID] = about.Revision
	if n.Type != domain.EventDeleted && !c.wants(n.New) {
		t.Fatalf("%s: is not wanted", word)
	}
	return true
}

// settled holds what the consumer knows against what there is: I1 and I4.
func (c *consumer) settled(t *rapid.T, s *server) {
	for c.take(t) {
	}
	want := map[string]Item[string]{}
	for key, item := range s.objects {
		if c.wants(item) {
			want[key] = item
		}
	}
	if diff := cmp.Diff(want, c.known); diff != "" {
		t.Fatalf("%s knows (-want +got):\n%s", c.name, diff)
	}
	if !c.whole {
		t.Fatalf("%s was not told SYNCED", c.name)
	}
}

// TestModel runs random histories through a cache, with streams that repeat themselves and lose their place, and holds
// what consumers of every speed were told against what is true.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := NewCache(CacheOptions[string]{Indexes: map[string]IndexFunc[string]{"colour": strings.Fields}})
		s := &server{objects: map[string]Item[string]{}}
		sent := 0 // of the log
		var consumers []*consumer
		synced := false
		feed := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		relist := func() {
			if synced {
				feed(c.SetState(t.Context(), rebuildingState))
			}
			feed(c.Replace(t.Context(), slices.Collect(maps.Values(s.objects))))
			sent = len(s.log)
			feed(c.SetState(t.Context(), liveState))
			synced = true
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) { s.write(t) },
			"many writes": func(t *rapid.T) {
				for range rapid.IntRange(1, 30).Draw(t, "n") {
					s.write(t)
				}
			},
			"stream": func(t *rapid.T) {
				if synced {
					feed(c.Apply(t.Context(), slices.Clone(s.log[sent:])))
					sent = len(s.log)
				}
			},
			"stream again": func(t *rapid.T) { // what was sent already, and the rest
				if synced {
					from := rapid.IntRange(max(0, sent-5), sent).Draw(t, "from")
					if replayable(s.log[from:sent], c) {
						feed(c.Apply(t.Context(), slices.Clone(s.log[from:])))
						sent = len(s.log)
					}
				}
			},
			"relist": func(*rapid.T) { relist() },
			"lose":   func(*rapid.T) { sent = len(s.log); relist() },
			"trouble": func(t *rapid.T) {
				feed(c.SetState(t.Context(), State{Phase: domain.SyncRetrying, Synced: synced}))
			},
			"subscribe": func(t *rapid.T) {
				opts := SubscribeOptions[string]{Queue: rapid.SampledFrom([]int{1, 3, 100}).Draw(t, "queue")}
				wants := func(Item[string]) bool { return true }
				name := fmt.Sprintf("consumer %d of all", len(consumers))
				switch rapid.IntRange(0, 2).Draw(t, "filter") {
				case 0:
					opts.Namespace = "a"
					wants = func(i Item[string]) bool { return strings.HasPrefix(i.Key, "a/") }
					name = fmt.Sprintf("consumer %d of a", len(consumers))
				case 1:
					opts.Where = func(v string) bool { return v == "red" }
					wants = func(i Item[string]) bool { return i.Value == "red" }
					name = fmt.Sprintf("consumer %d of red", len(consumers))
				}
				consumers = append(consumers, newConsumer(c, name, opts, wants))
			},
			"consume": func(t *rapid.T) {
				for _, one := range consumers {
					for range rapid.IntRange(0, 4).Draw(t, "n") {
						one.take(t)
					}
				}
			},
			"settle": func(t *rapid.T) {
				relist()
				for _, one := range consumers {
					one.settled(t, s)
				}
				relist() // I7: nothing but that it happened
				for _, one := range consumers {
					if got := short(drain(t, one.Subscription)); !slices.Equal(got, []string{"REBUILDING", "SYNCED"}) {
						t.Fatalf("%s was told %v of a list without news", one.name, got)
					}
				}
			},
			"": func(t *rapid.T) {
				checkWhole(t, c)
				for _, one := range consumers { // I8
					if got, limit := one.Stats().Queued, one.opts.Queue+len(s.objects)+len(one.known)+8; got > limit {
						t.Fatalf("%s: %d wait, want at most %d", one.name, got, limit)
					}
				}
			},
		})
	})
}

// replayable says that nothing in a part of the log deletes what is not there any more and makes it anew: of what was
// deleted a cache keeps no memory, and a server never sends such a part again after a later one.
func replayable(part []Event[string], c *Cache[string]) bool {
	for _, e := range part {
		if item, _, ok := c.Get(e.Item.Key); !ok || item.UID != e.Item.UID {
			return false
		}
	}
	return true
}

// TestConcurrent has readers, subscribers and a writer at work at once; the race detector and the last fold decide.
func TestConcurrent(t *testing.T) {
	f := feeding{t, NewCache(CacheOptions[string]{Indexes: map[string]IndexFunc[string]{"words": strings.Fields}})}
	done := make(chan struct{})
	var work sync.WaitGroup
	for range 3 {
		work.Go(func() {
			known := map[string]Item[string]{}
			s := f.Subscribe(SubscribeOptions[string]{Queue: 8})
			defer s.Close()
			for n, err := range s.All(t.Context()) {
				if err != nil {
					t.Error(err)
					return
				}
				fold(t, known, []Notice[string]{n})
				if n.New.Key == "end/end" {
					return
				}
			}
		})
		work.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				items, _ := f.ByIndex("words", "of")
				last := ""
				for item := range items {
					if item.Key <= last {
						t.Errorf("%q after %q", item.Key, last)
					}
					last = item.Key
				}
				f.Subscribe(SubscribeOptions[string]{}).Close()
				f.Stats()
			}
		})
	}
	for n := range 2000 {
		key := fmt.Sprintf("n/%d", n*7919%300)
		is := fmt.Sprintf("u%d of %s@%d", n%5, key, n+1)
		f.apply(happened(domain.EventAdded, key, is))
		if n%500 == 0 {
			f.state(rebuildingState)
			f.replace(thing(key, is))
			f.state(liveState)
		}
	}
	f.apply(happened(domain.EventAdded, "end/end", "end@9999"))
	close(done)
	work.Wait()
	checkWhole(t, f.Cache)
}

// TestTree holds the tree against a sorted slice.
func TestTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := &tree[int]{compare: func(a, b int) int { return a - b }}
		model := map[int]bool{}
		type was struct {
			snapshot[int]
			model []int
		}
		var before []was
		all := func(s snapshot[int]) []int { return slices.Collect(s.from(func(int) int { return 1 })) }
		if rapid.Bool().Draw(t, "filled") {
			n := rapid.IntRange(1, 1000).Draw(t, "n")
			for i := range n {
				model[2*i] = true
			}
			tr.fill(slices.Sorted(maps.Keys(model)))
		}
		t.Repeat(map[string]func(*rapid.T){
			"run up": func(t *rapid.T) {
				from := rapid.IntRange(0, 2000).Draw(t, "from")
				for i := range rapid.IntRange(1, 300).Draw(t, "n") {
					tr.set(from + i)
					model[from+i] = true
				}
			},
			"run down": func(t *rapid.T) {
				from := rapid.IntRange(0, 2000).Draw(t, "from")
				for i := range rapid.IntRange(1, 300).Draw(t, "n") {
					tr.set(from - i)
					model[from-i] = true
				}
			},
			"remove": func(t *rapid.T) {
				from := rapid.IntRange(0, 2000).Draw(t, "from")
				for i := range rapid.IntRange(1, 500).Draw(t, "n") {
					tr.remove(from + i)
					delete(model, from+i)
				}
			},
			"snapshot": func(*rapid.T) {
				before = append(before, was{tr.snapshot(), slices.Sorted(maps.Keys(model))})
			},
			"": func(t *rapid.T) {
				before = append(before, was{tr.snapshot(), slices.Sorted(maps.Keys(model))})
				for _, w := range before[max(0, len(before)-8):] {
					if got := all(w.snapshot); !slices.Equal(got, w.model) || w.length != len(got) {
						t.Fatalf("%v of length %d, want %v", got, w.length, w.model)
					}
				}
				before = before[max(0, len(before)-8):]
				middle := rapid.IntRange(-5, 2300).Draw(t, "from")
				at, _ := slices.BinarySearch(before[len(before)-1].model, middle)
				want := before[len(before)-1].model[at:]
				if got := slices.Collect(tr.snapshot().from(func(i int) int { return i - middle })); !slices.Equal(got, want) {
					t.Fatalf("from %d: %v, want %v", middle, got, want)
				}
			},
		})
	})
}
