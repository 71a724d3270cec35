package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/bench/internal/bodyserver"
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// TestSteps: the whole load, so small that it is no load, in one process.
func TestSteps(t *testing.T) {
	site, err := bodyserver.Listen(bodyserver.Options{Clusters: 3, VMs: 40, TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	p := plan{
		Clusters: 3, VMs: 40, Idle: time.Millisecond, Rate: 2000, Sustained: 60 * time.Millisecond, BurstRate: 5000, Burst: 20 * time.Millisecond,
		Hosts: site.Hosts(), Control: site.Control(),
	}
	orders, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := follow(ctx, orders, json.NewEncoder(in))
		done <- err
		_ = in.CloseWithError(io.EOF) // nobody reads any more
	}()
	var seen []step
	for decoder := json.NewDecoder(out); decoder.More(); {
		var s step
		if err := decoder.Decode(&s); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, s)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(seen) != len(steps()) {
		t.Fatalf("%d steps of %d", len(seen), len(steps()))
	}
	counted := map[string]string{}
	for _, s := range seen {
		for _, row := range s.Rows {
			if what, _, _ := strings.Cut(row.What, ","); what == "events" || what == "callbacks" || what == "connections per cluster" {
				counted[s.Name+": "+what], _, _ = strings.Cut(row.Got, ",")
			}
		}
	}
	want := map[string]string{
		"The first sync: connections per cluster":    "1",
		"Sustained events: events":                   "120",
		"Sustained events: callbacks":                "120",
		"A burst of events: events":                  "100",
		"A burst of events: callbacks":               "100",
		"All clusters answer 410 at once: callbacks": "0",
	}
	if diff := cmp.Diff(want, counted); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	report := string(p.document(seen))
	for _, s := range seen {
		if !strings.Contains(report, "## "+s.Name+"\n") || !strings.Contains(report, "| "+s.Rows[0].What+" | "+s.Rows[0].Got+" |") {
			t.Errorf("the report lacks %q:\n%s", s.Name, report)
		}
	}
}

// TestNotice: the sum of what was told is that of the revisions that are there, whatever came before.
func TestNotice(t *testing.T) {
	record := func(vm, instance string) watcher.Item[watcher.VMRecord] {
		return watcher.ItemOf(watcher.RecordOf(&domain.VM{Name: "a", Namespace: "n", UID: "u", Revision: vm, InstanceRevision: instance}))
	}
	none := watcher.Item[watcher.VMRecord]{}
	told := &told{}
	for n, c := range []struct {
		notice watcher.Notice[watcher.VMRecord]
		sum    int64
		late   int
	}{
		{watcher.Notice[watcher.VMRecord]{Type: domain.EventAdded, New: record("5", ""), Initial: true}, 5, 0},
		{watcher.Notice[watcher.VMRecord]{Type: domain.EventSynced}, 5, 0},
		{watcher.Notice[watcher.VMRecord]{Type: domain.EventModified, Old: record("5", ""), New: record("5", "8")}, 13, 1},
		{watcher.Notice[watcher.VMRecord]{Type: domain.EventModified, Old: record("5", "8"), New: record("10", "11")}, 21, 3},
		{watcher.Notice[watcher.VMRecord]{Type: domain.EventDeleted, Old: record("10", "11"), New: none}, 0, 3},
	} {
		if err := told.notice(c.notice); err != nil || told.sum.Load() != c.sum || len(told.late) != c.late {
			t.Errorf("after %d notices: the sum is %d, want %d; %d latencies, want %d (%v)", n+1, told.sum.Load(), c.sum, len(told.late), c.late, err)
		}
	}
	if calls := told.calls.Load(); calls != 4 {
		t.Errorf("%d calls about objects, want 4", calls)
	}
}

func TestQuantile(t *testing.T) {
	var sorted []time.Duration
	for n := range 100 {
		sorted = append(sorted, time.Duration(n+1)*time.Millisecond)
	}
	got := []float64{quantile(sorted, 0.5), quantile(sorted, 0.99), quantile(sorted, 1), quantile(nil, 0.5)}
	if diff := cmp.Diff([]float64{51, 100, 100, 0}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBounded(t *testing.T) {
	var s step
	s.bounded("a", 2, 2, " ms")
	s.bounded("b", 2.5, 2, " ms")
	want := []row{{"a", "2 ms", "at most 2 ms: held"}, {"b", "2.50 ms", "at most 2 ms: **missed**"}}
	if diff := cmp.Diff(want, s.Rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
