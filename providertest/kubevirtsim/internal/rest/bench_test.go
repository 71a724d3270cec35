package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// discard is a ResponseWriter that counts bytes and lines.
type discard struct {
	header http.Header
	bytes  int
	lines  int
	enough int
	done   context.CancelFunc
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Flush()              {}
func (d *discard) Write(p []byte) (int, error) {
	d.bytes += len(p)
	if len(p) > 0 && p[len(p)-1] == '\n' {
		if d.lines++; d.lines == d.enough {
			d.done()
		}
	}
	return len(p), nil
}

// fill stores VMs of about four kilobytes, without going through the API.
func fill(b *testing.B, s *Server, n int) {
	b.Helper()
	table := s.Table(vmGroupResource)
	for i := range n {
		name := fmt.Sprintf("vm-%06d", i)
		_, err := table.Create(store.Draft{Namespace: "ns", Name: name, UID: name, Labels: map[string]string{"app": "x"},
			Head: fmt.Appendf(nil, `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"labels":{"app":"x"},"name":%q,"namespace":"ns","resourceVersion":"`, name),
			Tail: fmt.Appendf(nil, `","uid":%q},"spec":{"filler":%q}}`, name, strings.Repeat("x", 3900))})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList: a hundred thousand objects of 4 KB, written as they are stored.
func BenchmarkList(b *testing.B) {
	for _, path := range []string{vms, vms + "?labelSelector=app%3Dy", strings.Replace(vms, "/v1/", "/v1alpha3/", 1)} {
		b.Run(path, func(b *testing.B) {
			s := newServerOver(b, store.New(store.Options{}), Options{}, nil)
			fill(b, s, 100_000)
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				w := &discard{header: http.Header{}}
				s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				size = w.bytes
			}
			b.SetBytes(int64(size))
		})
	}
}

// BenchmarkWatch: ten thousand events to ten watchers.
func BenchmarkWatch(b *testing.B) {
	const watchers, events = 10, 10_000
	b.ReportAllocs()
	for b.Loop() {
		s := newServerOver(b, store.New(store.Options{}), Options{}, nil)
		var wait sync.WaitGroup
		path := fmt.Sprintf("%s?watch=true&resourceVersion=%d", vms, s.Store().Revision())
		for range watchers {
			ctx, cancel := context.WithCancel(b.Context())
			w := &discard{header: http.Header{}, enough: events, done: cancel}
			wait.Go(func() {
				s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", path, nil))
				if w.lines != events {
					b.Errorf("%d events, want %d", w.lines, events)
				}
			})
		}
		fill(b, s, events)
		wait.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*watchers*events), "ns/event")
}

// BenchmarkWrites: what a request costs that changes something.
func BenchmarkWrites(b *testing.B) {
	run := func(name string, request func(s *Server, i int) answer) {
		b.Run(name, func(b *testing.B) {
			s := newServerOver(b, store.New(store.Options{}), Options{}, nil)
			createVMs(b, s, "a")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if a := request(s, i); a.code > 201 {
					b.Fatalf("%d %s", a.code, a.body)
				}
			}
		})
	}
	run("create", func(s *Server, i int) answer { return do(s, "POST", vms, vmBody(fmt.Sprint("vm", i))) })
	run("merge", func(s *Server, i int) answer {
		return do(s, "PATCH", vms+"/a", fmt.Sprintf(`{"metadata":{"annotations":{"i":"%d"}}}`, i), mergeType)
	})
	run("apply", func(s *Server, i int) answer {
		return do(s, "PATCH", vms+"/a?fieldManager=m&force=true", vmBody("a", fmt.Sprintf(`"annotations":{"i":"%d"}`, i)), applyType)
	})
	run("get", func(s *Server, _ int) answer { return do(s, "GET", vms+"/a", "") })
}

// BenchmarkStart: a server from nothing to its first answer, but for the schema.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		newServerOver(b, store.New(store.Options{}), Options{}, nil)
	}
}

// BenchmarkSchema: the schema of a VM, and its first use.
func BenchmarkSchema(b *testing.B) {
	for b.Loop() {
		schema := SchemaOf(vmType)
		if _, err := schema.converter(vmResourceKind()); err != nil {
			b.Fatal(err)
		}
	}
}
