package store

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStatesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{States: 3, KeepFor: time.Minute})
		table := s.Table("a")
		for i := range 5 {
			must[*Object](t)(table.Create(draft("ns", fmt.Sprint(i), "", nil)))
		}
		var expired *ExpiredError
		if _, err := table.At(101); !errors.As(err, &expired) {
			t.Errorf("state 101 of 105: %v, want it expired, only three are kept", err)
		}
		if n := must[Snapshot](t)(table.At(102)).Len(); n != 2 {
			t.Errorf("%d objects at 102, want 2", n)
		}
		must[Snapshot](t)(table.At(103)).Pin()
		time.Sleep(50 * time.Second)
		must[Snapshot](t)(table.At(103)).Pin()
		time.Sleep(11 * time.Second)
		if _, err := table.At(104); !errors.As(err, &expired) {
			t.Errorf("state 104 after a minute: %v, want it expired", err)
		}
		if n := must[Snapshot](t)(table.At(103)).Len(); n != 3 {
			t.Errorf("%d objects at the pinned 103, want 3", n)
		}
		time.Sleep(time.Hour)
		if _, err := table.At(103); !errors.As(err, &expired) {
			t.Errorf("state 103 after an hour: %v, want it expired", err)
		}
		if n := must[Snapshot](t)(table.At(105)).Len(); n != 5 {
			t.Errorf("%d objects at 105, want 5: the present state does not age", n)
		}
		var future *FutureError
		if _, err := table.At(106); !errors.As(err, &future) || future.Current != 105 {
			t.Errorf("state 106: %v, want it ahead of 105", err)
		}
	})
}

func TestPinsAreBounded(t *testing.T) {
	table := New(Options{States: 1}).Table("a")
	for i := range 3 * maxPins {
		must[*Object](t)(table.Create(draft("ns", fmt.Sprint(i), "", nil)))
		table.Now().Pin()
	}
	if n := len(table.past.pinned); n != maxPins {
		t.Errorf("%d pins, want %d", n, maxPins)
	}
}

func TestWatchSelects(t *testing.T) {
	s := New(Options{})
	table := s.Table("a")
	red := map[string]string{"color": "red"}
	w := must[*Watch](t)(table.Watch(100, func(o *Object) bool { return o.Labels.Get("color") == "red" }))
	must[*Object](t)(table.Create(draft("ns", "one", "1", nil)))
	must[*Object](t)(table.Update(draft("ns", "one", "2", red), 0))
	must[*Object](t)(table.Update(draft("ns", "one", "3", red), 0))
	must[*Object](t)(table.Update(draft("ns", "one", "4", nil), 0))
	must[*Object](t)(table.Update(draft("ns", "one", "5", red), 0))
	must[*Object](t)(table.Delete("ns/one", 0))
	events, reached, _ := must3(t)(w.Pull(100))
	var got []string
	for _, e := range events {
		got = append(got, string(e.Type)+" "+string(e.Object.JSON()))
	}
	object := func(revision int, value string) string {
		return fmt.Sprintf(` {"metadata":{"name":"one","namespace":"ns","resourceVersion":"%d"},"value":"%s"}`, revision, value)
	}
	want := []string{"ADDED" + object(102, "2"), "MODIFIED" + object(103, "3"), "DELETED" + object(104, "3"), "ADDED" + object(105, "5"), "DELETED" + object(106, "5")}
	if diff := cmp.Diff(want, got); diff != "" || reached != 106 {
		t.Errorf("reached %d, events (-want +got):\n%s", reached, diff)
	}
}

func TestWatchIsOvertaken(t *testing.T) {
	s := New(Options{Events: 4})
	table := s.Table("a")
	w := must[*Watch](t)(table.Watch(100, nil))
	for i := range 6 {
		must[*Object](t)(table.Create(draft("ns", fmt.Sprint(i), "", nil)))
	}
	var old *TooOldError
	if _, _, _, err := w.Pull(1); !errors.As(err, &old) || old.Oldest != 102 {
		t.Errorf("Pull: %v, want events from 102 on", err)
	}
	if _, err := table.Watch(101, nil); !errors.As(err, &old) {
		t.Errorf("Watch(101): %v, want it too old", err)
	}
	events, reached, _ := must3(t)(must[*Watch](t)(table.Watch(102, nil)).Pull(3))
	if len(events) != 3 || reached != 105 {
		t.Errorf("%d events up to %d, want 3 up to 105", len(events), reached)
	}
}

func TestWatchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		table := s.Table("a")
		w := must[*Watch](t)(table.Watch(102, nil)) // ahead of the store
		var got []uint64
		go func() {
			for len(got) < 2 {
				events, _, more, _ := w.Pull(10)
				for _, e := range events {
					got = append(got, e.Object.Revision)
				}
				if more != nil {
					<-more
				}
			}
		}()
		for i := range 4 {
			time.Sleep(time.Second)
			must[*Object](t)(table.Create(draft("ns", fmt.Sprint(i), "", nil)))
		}
		synctest.Wait()
		if diff := cmp.Diff([]uint64{103, 104}, got); diff != "" {
			t.Errorf("revisions seen (-want +got):\n%s", diff)
		}
	})
}

func TestCompaction(t *testing.T) {
	s := New(Options{})
	table, other := s.Table("a"), s.Table("b")
	first := must[*Object](t)(table.Create(draft("ns", "one", "", nil)))
	must[*Object](t)(table.Create(draft("ns", "two", "", nil)))
	table.Now().Pin()
	must[*Object](t)(other.Create(draft("ns", "two", "", nil)))
	lagging := must[*Watch](t)(table.Watch(first.Revision, nil))
	s.CompactLists()
	for _, revision := range []uint64{101, 102} {
		if _, err := table.At(revision); err == nil {
			t.Errorf("state %d is there after a compaction at 103", revision)
		}
	}
	if n := must[Snapshot](t)(table.At(103)).Len(); n != 2 {
		t.Errorf("%d objects at 103, want 2", n)
	}
	s.CompactWatches()
	if _, _, _, err := lagging.Pull(1); err == nil {
		t.Error("a watch went on over compacted events")
	}
	if _, err := table.Watch(102, nil); err == nil {
		t.Error("a watch began before the compacted revision")
	}
	if _, err := table.Watch(103, nil); err != nil {
		t.Errorf("Watch at the present revision: %v", err)
	}
}

func TestRestore(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("keepWatches=%t", keep), func(t *testing.T) {
			s := New(Options{})
			table := s.Table("a")
			must[*Object](t)(table.Create(draft("ns", "one", "1", nil)))
			c := s.Checkpoint()
			must[*Object](t)(table.Update(draft("ns", "one", "2", nil), 0))
			must[*Object](t)(table.Create(draft("ns", "two", "2", nil)))
			must[*Object](t)(s.Table("later").Create(draft("ns", "two", "2", nil)))
			w := must[*Watch](t)(table.Watch(s.Revision(), nil))

			s.Restore(c, keep)
			if diff := cmp.Diff([]string{"ns/one"}, keys(table.Now(), "", "")); diff != "" || s.Table("later").Now().Len() != 0 {
				t.Errorf("objects after the restore (-want +got):\n%s", diff)
			}
			again := must[*Object](t)(table.Create(draft("ns", "three", "", nil)))
			if again.Revision != c.Revision()+1 {
				t.Errorf("revision %d after a restore to %d", again.Revision, c.Revision())
			}
			events, reached, _, err := w.Pull(10)
			if !keep {
				if !errors.Is(err, ErrEnded) {
					t.Errorf("Pull: %v, want the watch ended", err)
				}
				return
			}
			if err != nil || len(events) != 0 || reached != 104 {
				t.Errorf("Pull: %v, reached %d, %v; want silence at 104", events, reached, err)
			}
			for i := range 3 {
				must[*Object](t)(table.Create(draft("ns", fmt.Sprint(i), "", nil)))
			}
			if events, _, _, err := w.Pull(10); err != nil || len(events) != 1 || events[0].Object.Revision != 105 {
				t.Errorf("Pull: %v, %v; want the event of 105", events, err)
			}
		})
	}
}
