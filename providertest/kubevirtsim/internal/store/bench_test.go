package store

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkFill tells what a hundred thousand objects of four kilobytes cost, of which half are field sets.
func BenchmarkFill(b *testing.B) {
	sets := `"managedFields":[{"fieldsV1":{` + strings.Repeat(`"f:field":{},`, 150) + `"f:z":{}}}]`
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		table := New(Options{}).Table("a")
		for i := range 100_000 {
			d := draft("namespace", fmt.Sprintf("vm-%06d", i), "", map[string]string{"app": "x"})
			d.Tail = []byte(`"},` + sets + `,"spec":"` + strings.Repeat("x", 2000) + `"}`)
			if _, err := table.Create(d); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/100_000, "heap-B/object")
		runtime.KeepAlive(table)
	}
}

func BenchmarkUpdate(b *testing.B) {
	table := New(Options{}).Table("a")
	for i := range 100_000 {
		if _, err := table.Create(draft("namespace", fmt.Sprintf("vm-%06d", i), "", nil)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := table.Update(draft("namespace", fmt.Sprintf("vm-%06d", i%100_000), "", nil), 0); err != nil {
			b.Fatal(err)
		}
	}
}
