package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// published are the names by which others read the figures.
var published = []string{
	"cached_get_ns", "event_allocs", "event_cpu_ratio", "million_rss_mib", "million_sync_cpu_s", "peak_rss_ratio",
	"per_vm_cost_100k_vs_10k", "per_vm_cost_1m_vs_10k", "relist_callbacks", "relist_cpu_ratio", "retained_bytes_per_vm",
	"retained_ratio", "sync_cpu_ratio", "sync_wall_ratio",
}

// raced is a race of two others, one of which is better in memory alone.
func raced() *results {
	r := newResults(plan{runs: 3, small: 10_000, large: 100_000})
	ours := figures{
		SyncWall: time.Second, SyncCPU: 500 * time.Millisecond, Retained: 15_000_000, PeakRSS: 50 << 20,
		EventCPU: 30 * time.Microsecond, EventAllocs: 20, RelistCPU: 400 * time.Millisecond, GetShared: 900,
	}
	slow := figures{
		SyncWall: 10 * time.Second, SyncCPU: 5 * time.Second, Retained: 300_000_000, PeakRSS: 500 << 20,
		EventCPU: 300 * time.Microsecond, EventAllocs: 400, RelistCPU: 4 * time.Second, RelistCallbacks: 20_000,
	}
	small := slow
	small.SyncCPU, small.Retained = 6*time.Second, 150_000_000
	of := func(name string) variant {
		for _, v := range variants() {
			if v.name == name {
				return v
			}
		}
		return variant{}
	}
	r.add(10_000, []finish{
		{of("shepherd"), []figures{ours}},
		{of("informers"), []figures{slow}},
		{of("runtime_stripped"), []figures{small}},
	})
	many := ours
	many.SyncCPU, many.Retained = 6*time.Second, 160_000_000
	r.add(100_000, []finish{{of("shepherd"), []figures{many}}})
	return r
}

func TestPublished(t *testing.T) {
	r := raced()
	r.conclude()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"sync_cpu_ratio": 0.1, "sync_wall_ratio": 0.1, "retained_bytes_per_vm": 1500.0, "retained_ratio": 0.1, "peak_rss_ratio": 0.1,
		"event_cpu_ratio": 0.1, "event_allocs": 20.0, "relist_cpu_ratio": 0.1, "relist_callbacks": 0.0, "cached_get_ns": 900.0,
		"per_vm_cost_100k_vs_10k": 1.2, "per_vm_cost_1m_vs_10k": nil, "million_rss_mib": nil, "million_sync_cpu_s": nil,
	}
	if diff := cmp.Diff(published, slices.Sorted(maps.Keys(want))); diff != "" {
		t.Fatalf("(-published +tested):\n%s", diff)
	}
	maps.DeleteFunc(got, func(name string, _ any) bool { return !slices.Contains(published, name) })
	about := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-6 })
	if diff := cmp.Diff(want, got, about); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMillionIsKept: a race does not forget what a longer run found.
func TestMillionIsKept(t *testing.T) {
	old := raced()
	old.add(million, []finish{{variants()[0], []figures{{SyncCPU: 60 * time.Second, Retained: 1_500_000_000, PeakRSS: 2 << 30}}}})
	file := filepath.Join(t.TempDir(), "latest.json")
	if err := old.publish(plan{results: file, drawing: file + ".svg"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	read, err := readResults(file)
	if err != nil {
		t.Fatal(err)
	}
	r := raced()
	r.keepMillion(read)
	if r.MillionCPU == nil || *r.MillionCPU != 60 || *r.MillionRSS != 2048 || r.MillionDate != old.MillionDate || r.Cost1m == nil {
		t.Errorf("after another race: %v s of CPU, %v MiB, %q", r.MillionCPU, r.MillionRSS, r.MillionDate)
	}
}

func TestMedian(t *testing.T) {
	for name, c := range map[string]struct {
		of   []float64
		want float64
	}{
		"one": {[]float64{4}, 4}, "three": {[]float64{9, 1, 5}, 5}, "of two the lower": {[]float64{8, 2}, 2},
	} {
		var runs []figures
		for _, n := range c.of {
			runs = append(runs, figures{Get: n})
		}
		if got := medians(runs).Get; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestPick: the contender that is run with many VMs is the one whose sync costs least, and never this library.
func TestPick(t *testing.T) {
	var found []finish
	for n, v := range variants() {
		found = append(found, finish{v, []figures{{SyncCPU: time.Duration(1+(n+2)%len(variants())) * time.Second}}})
	}
	ours, best := pick(found)
	if !ours.ours || best.name != found[4].variant.name {
		t.Errorf("%s is ours, and %s the best", ours.name, best.name)
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	r := raced()
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"shepherd-go", "controller-runtime, stripped", "event_cpu_ratio", "met"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	for name, got := range map[string]float64{"met": 0.1, "missed": 0.2} {
		if verdict := (goal{got: &got, most: 0.1}).verdict(); verdict != name {
			t.Errorf("%v of 0.1 is %s", got, verdict)
		}
	}
}

// TestDrawing: it is XML, has a bar for each contender in each panel, and nothing that a page would have to fetch.
func TestDrawing(t *testing.T) {
	r := raced()
	drawing := r.draw()
	counts := map[string]int{}
	decoder := xml.NewDecoder(bytes.NewReader(drawing))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, drawing)
		}
		if start, ok := token.(xml.StartElement); ok {
			counts[start.Name.Local]++
		}
	}
	bars := 3 * len(r.panels())
	want := map[string]int{"svg": 1, "title": 1, "rect": bars, "text": 1 + len(r.panels()) + 2*bars}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
}
