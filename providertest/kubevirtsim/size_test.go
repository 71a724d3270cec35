package kubevirtsim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// haltedVM is a VM as a platform makes it: about four kilobytes with its status and its fields' owners.
const haltedVM = `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":%q,"labels":{"app":"web","tier":"front"},
"annotations":{"example.com/owner":"team-a"}},"spec":{"runStrategy":"Halted","template":{"metadata":{"labels":{"app":"web"}},"spec":{
"domain":{"cpu":{"cores":2},"memory":{"guest":"2Gi"},"devices":{"disks":[{"name":"root","disk":{"bus":"virtio"}},{"name":"init","disk":{"bus":"virtio"}}],
"interfaces":[{"name":"default","masquerade":{}}]}},"networks":[{"name":"default","pod":{}}],"volumes":[
{"name":"root","containerDisk":{"image":"registry.example/disk:1"}},{"name":"init","cloudInitNoCloud":{"userData":"#cloud-config\n"}}]}}}}`

const manyVMs = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines"

// BenchmarkSize makes a hundred thousand VMs, waits until their status is written, lists them in pages of 500, and watches
// them from nothing. The claim is 1 GiB of heap: 10,737 bytes for each.
func BenchmarkSize(b *testing.B) {
	const count = 100_000
	for b.Loop() {
		before := heapBytes()
		sim, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		for n := range count {
			create(b, sim, fmt.Sprintf("vm-%06d", n))
		}
		for last := fmt.Sprintf("default/vm-%06d", count-1); ; time.Sleep(time.Millisecond) {
			if o := sim.api.Table(machines).Get(last); strings.Contains(string(o.JSON()), `"printableStatus":"Stopped"`) {
				break
			}
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/count, "us/VM-settled")
		b.ReportMetric(float64(heapBytes()-before)/count, "heap-B/VM")
		began = time.Now()
		if got := listPages(b, sim); got != count {
			b.Fatalf("the pages hold %d VMs, want %d", got, count)
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/count, "us/VM-listed")
		watchAll(b, sim, count)
		sim.Close()
	}
}

func heapBytes() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers held
	stats := runtime.MemStats{}
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func create(tb testing.TB, sim *Server, name string) {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, manyVMs, strings.NewReader(fmt.Sprintf(haltedVM, name)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if sim.ServeHTTP(w, r); w.Code != http.StatusCreated {
		tb.Fatalf("%d %s", w.Code, w.Body)
	}
}

func listPages(t testing.TB, sim *Server) (count int) {
	t.Helper()
	next := ""
	for {
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, manyVMs+"?limit=500&continue="+next, http.NoBody))
		page := struct {
			Metadata struct{ Continue string }
			Items    []struct{}
		}{}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %v", w.Code, err)
		}
		count += len(page.Items)
		if next = page.Metadata.Continue; next == "" {
			return count
		}
	}
}

// frameCounter takes a watch until it has seen enough.
type frameCounter struct {
	discard
	frames, enough int
	done           context.CancelFunc
}

func (c *frameCounter) Write(b []byte) (int, error) {
	if c.frames++; c.frames == c.enough {
		c.done()
	}
	return len(b), nil
}

func watchAll(t testing.TB, sim *Server, count int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w := &frameCounter{discard: discard{http.Header{}}, enough: count, done: cancel}
	const all = "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
	sim.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, manyVMs+all, http.NoBody))
	if w.frames < count {
		t.Errorf("the watch sent %d of %d VMs", w.frames, count)
	}
}

// BenchmarkCreate is what a VM costs, the controller's writes included.
func BenchmarkCreate(b *testing.B) {
	sim, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer sim.Close()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		name := fmt.Sprintf("vm-%d", n)
		create(b, sim, name)
		for o := sim.api.Table(machines).Get("default/" + name); !strings.Contains(string(o.JSON()), `"printableStatus":"Stopped"`); o = sim.api.Table(machines).Get("default/" + name) {
			sim.controller.mu.Lock()
			sim.controller.look("default/" + name)
			sim.controller.mu.Unlock()
			runtime.Gosched()
		}
	}
}

// BenchmarkNew is what each server costs that a test starts, until its first answer; schemas are read once for all of them.
// The claim is milliseconds.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sim, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		create(b, sim, "vm")
		sim.Close()
	}
}
