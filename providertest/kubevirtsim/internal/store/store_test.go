package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// draft makes an object whose JSON says its key and a value.
func draft(namespace, name, value string, labels map[string]string) Draft {
	return Draft{Namespace: namespace, Name: name, UID: "uid-" + name, Labels: labels,
		Head: fmt.Appendf(nil, `{"metadata":{"name":%q,"namespace":%q,"resourceVersion":"`, name, namespace),
		Tail: fmt.Appendf(nil, `"},"value":%q}`, value)}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func keys(s Snapshot, prefix, start string) []string {
	var all []string
	for o := range s.Range(prefix, start) {
		all = append(all, o.Key)
	}
	return all
}

func TestWrites(t *testing.T) {
	s := New(Options{First: 10})
	a, b := s.Table("a"), s.Table("b")
	made := must[*Object](t)(a.Create(draft("ns", "one", "1", nil)))
	if diff := cmp.Diff(`{"metadata":{"name":"one","namespace":"ns","resourceVersion":"11"},"value":"1"}`, string(made.JSON())); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	other := must[*Object](t)(b.Create(draft("ns", "one", "1", nil)))
	if other.Revision != 12 || s.Revision() != 12 {
		t.Errorf("revisions %d, %d: one counter is for all tables", other.Revision, s.Revision())
	}

	for name, c := range map[string]struct {
		do   func() (*Object, error)
		want error
	}{
		"create what is there":        {func() (*Object, error) { return a.Create(draft("ns", "one", "2", nil)) }, ErrExists},
		"update of an older revision": {func() (*Object, error) { return a.Update(draft("ns", "one", "2", nil), 9) }, ErrConflict},
		"update of nothing":           {func() (*Object, error) { return a.Update(draft("ns", "two", "2", nil), 0) }, ErrNotFound},
		"delete of an older revision": {func() (*Object, error) { return a.Delete("ns/one", 9) }, ErrConflict},
		"delete of nothing":           {func() (*Object, error) { return a.Delete("ns/two", 0) }, ErrNotFound},
	} {
		if _, err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if s.Revision() != 12 {
		t.Errorf("revision %d after refused writes, want 12", s.Revision())
	}

	must[*Object](t)(a.Update(draft("ns", "one", "2", nil), made.Revision))
	gone := must[*Object](t)(a.Delete("ns/one", 13))
	if diff := cmp.Diff(`{"metadata":{"name":"one","namespace":"ns","resourceVersion":"14"},"value":"2"}`, string(gone.JSON())); diff != "" {
		t.Errorf("a deletion tells the last state at its own revision (-want +got):\n%s", diff)
	}
	if a.Get("ns/one") != nil || b.Get("ns/one") == nil {
		t.Error("deleted from the wrong table")
	}
}

func TestFieldSetsAreShared(t *testing.T) {
	long := strings.Repeat(`"f:x":{},`, 20)
	body := `"},"annotation":"\"fieldsV1\":{ in a string","managedFields":[{"fieldsV1":{` + long + `"f:y":{"k}":{}}},"manager":"m"},{"fieldsV1":{"f:z":{}}}]}`
	d := draft("ns", "one", "", nil)
	d.Tail = []byte(body)
	table := New(Options{}).Table("a")
	o := must[*Object](t)(table.Create(d))
	if diff := cmp.Diff(string(d.Head)+"101"+body, string(o.JSON())); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	d.Name = "two"
	p := must[*Object](t)(table.Create(d))
	if len(o.cuts) != 2 || o.cuts[1].shared != p.cuts[1].shared || strings.Contains(o.text, long) {
		t.Errorf("cuts %v and %v, text %s", o.cuts, p.cuts, o.text)
	}
}

func TestLabels(t *testing.T) {
	l := labelsOf(map[string]string{"b": "2", "a": "1", "c": ""})
	if !l.Has("c") || l.Has("d") || l.Get("b") != "2" || l.Get("d") != "" {
		t.Errorf("labels %v", l)
	}
}

// TestAgainstModel compares the tree, its snapshots and its log with maps.
func TestAgainstModel(t *testing.T) {
	const names = 2000
	random := rand.New(rand.NewPCG(1, 2))
	s := New(Options{States: 1 << 20, Events: 1 << 20})
	table := s.Table("a")
	model := map[string]uint64{}
	type moment struct {
		revision uint64
		state    map[string]uint64
	}
	var past []moment
	w := must[*Watch](t)(table.Watch(s.Revision(), nil))
	for i := range 20_000 {
		ns, name := fmt.Sprintf("n%d", random.IntN(3)), fmt.Sprint(random.IntN(names))
		key := Key(ns, name)
		_, exists := model[key]
		switch {
		case !exists:
			model[key] = must[*Object](t)(table.Create(draft(ns, name, "", nil))).Revision
		case random.IntN(2) == 0 || i > 15_000:
			must[*Object](t)(table.Delete(key, 0))
			delete(model, key)
		default:
			model[key] = must[*Object](t)(table.Update(draft(ns, name, "", nil), model[key])).Revision
		}
		if i%1000 == 0 {
			state := map[string]uint64{}
			maps.Copy(state, model)
			past = append(past, moment{s.Revision(), state})
		}
	}
	for _, m := range past {
		snapshot := must[Snapshot](t)(table.At(m.revision))
		got := map[string]uint64{}
		for o := range snapshot.Range("", "") {
			got[o.Key] = o.Revision
		}
		if diff := cmp.Diff(m.state, got); diff != "" {
			t.Fatalf("state at %d (-want +got):\n%s", m.revision, diff)
		}
		for _, prefix := range []string{"", "n1/", "n9/"} {
			all := keys(snapshot, prefix, "")
			if !slices.IsSorted(all) || len(all) != snapshot.Count(prefix, "") {
				t.Fatalf("%d objects under %q, counted %d", len(all), prefix, snapshot.Count(prefix, ""))
			}
			if len(all) == 0 {
				continue
			}
			i := random.IntN(len(all))
			start := all[i] + "\x00"
			if rest := keys(snapshot, prefix, start); len(rest) != len(all)-i-1 || len(rest) != snapshot.Count(prefix, start) {
				t.Fatalf("%d objects under %q from %q, counted %d, want %d", len(rest), prefix, start, snapshot.Count(prefix, start), len(all)-i-1)
			}
		}
	}
	replayed := map[string]uint64{}
	for {
		events, reached, more := must3(t)(w.Pull(100))
		for _, e := range events {
			if _, exists := replayed[e.Object.Key]; exists == (e.Type == Added) {
				t.Fatalf("%s of %s", e.Type, e.Object.Key)
			}
			if replayed[e.Object.Key] = e.Object.Revision; e.Type == Deleted {
				delete(replayed, e.Object.Key)
			}
		}
		if more != nil {
			if reached != s.Revision() {
				t.Errorf("reached %d of %d", reached, s.Revision())
			}
			break
		}
	}
	if diff := cmp.Diff(model, replayed); diff != "" {
		t.Errorf("state of all events (-want +got):\n%s", diff)
	}
}

func must3(t testing.TB) func([]Event, uint64, <-chan struct{}, error) ([]Event, uint64, <-chan struct{}) {
	return func(events []Event, reached uint64, more <-chan struct{}, err error) ([]Event, uint64, <-chan struct{}) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return events, reached, more
	}
}

func TestConcurrentWrites(t *testing.T) {
	table := New(Options{}).Table("a")
	must[*Object](t)(table.Create(draft("ns", "one", "0", nil)))
	var wait sync.WaitGroup
	wins := make([]int, 8)
	for i := range wins {
		wait.Go(func() {
			for range 100 {
				o := table.Get("ns/one")
				var body struct{ Value string }
				_ = json.Unmarshal(o.JSON(), &body)
				if _, err := table.Update(draft("ns", "one", body.Value+"x", nil), o.Revision); err == nil {
					wins[i]++
				}
			}
		})
	}
	wait.Wait()
	total := 0
	for _, n := range wins {
		total += n
	}
	var body struct{ Value string }
	_ = json.Unmarshal(table.Get("ns/one").JSON(), &body)
	if len(body.Value) != 1+total {
		t.Errorf("%d writes are in the object, %d were told to be", len(body.Value)-1, total)
	}
}
