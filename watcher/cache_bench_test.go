package watcher

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// benchKey and benchItem are as those of a cluster of a thousand namespaces.
func benchKey(n int) string { return fmt.Sprintf("team-%04d/instance-%07d", n%1000, n) }

func benchItems(count int) []Item[string] {
	items := make([]Item[string], count)
	for n := range items {
		items[n] = Item[string]{Key: benchKey(n), UID: fmt.Sprintf("0b9c2f5e-1111-4222-8333-%012d", n), Revision: fmt.Sprint(1_000_000 + n), Value: "v"}
	}
	return items
}

func filled(b *testing.B, count int, opts CacheOptions[string]) feeding {
	b.Helper()
	f := feeding{b, NewCache(opts)}
	f.replace(benchItems(count)...)
	f.state(liveState)
	return f
}

// BenchmarkGet is to cost at most 1 us and no allocation.
func BenchmarkGet(b *testing.B) {
	for _, count := range []int{10_000, 100_000, 1_000_000} {
		f := filled(b, count, CacheOptions[string]{})
		keys := make([]string, 1<<16)
		for n := range keys {
			keys[n] = benchKey(n * 7919 % count)
		}
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if _, _, ok := f.Get(keys[n%len(keys)]); !ok {
					b.Fatal("missing")
				}
			}
		})
	}
}

// BenchmarkMemory tells what a cache needs for an object, its value aside.
func BenchmarkMemory(b *testing.B) {
	const count = 100_000
	two := map[string]IndexFunc[string]{
		"node":     func(string) []string { return []string{"a node that all share"} },
		"identity": func(string) []string { return []string{strings.Clone("system-123/service-12/instance-0000001/")} },
	}
	for name, opts := range map[string]CacheOptions[string]{
		"bare":            {},
		"strings of item": {KeepStrings: true},
		"two indexes":     {KeepStrings: true, Indexes: two},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				items := benchItems(count) // with their strings, which are not of the cache if it keeps them
				before := heap()
				c := NewCache(opts)
				if err := c.Replace(b.Context(), items); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(heap()-before)/count, "B/object")
				runtime.KeepAlive(items)
				runtime.KeepAlive(c)
			}
		})
	}
}

// BenchmarkVMMemory tells what a VM needs in all, kept as a copy.
func BenchmarkVMMemory(b *testing.B) {
	const count = 20_000
	for b.Loop() {
		before := heap()
		c := NewVMCache("c", VMCacheOptions{CacheOptions: CacheOptions[VMRecord]{KeepStrings: true}})
		items := make([]Item[VMRecord], count)
		for n := range items {
			items[n] = ItemOf(RecordOf(aVM(fmt.Sprintf("team-%d", n%1000), fmt.Sprintf("instance-%d", n), fmt.Sprintf("0b9c2f5e-1111-4222-8333-%012d", n),
				labelled("system", "service", fmt.Sprint(n)))))
		}
		if err := c.Replace(b.Context(), items); err != nil {
			b.Fatal(err)
		}
		items = nil
		b.ReportMetric(float64(heap()-before)/count, "B/VM")
		runtime.KeepAlive(c)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkReplaceUnchanged is a list without news: it tells nothing, and allocates nothing for an object.
func BenchmarkReplaceUnchanged(b *testing.B) {
	f := filled(b, 100_000, CacheOptions[string]{Indexes: map[string]IndexFunc[string]{"words": strings.Fields}})
	s := f.Subscribe(SubscribeOptions[string]{})
	defer s.Close()
	drain(b, s)
	items := benchItems(100_000)
	f.replace(items...) // sorts them
	b.ReportAllocs()
	for b.Loop() {
		f.replace(items...)
	}
	if got := s.Stats().Queued; got != 0 {
		b.Errorf("%d notices of a list without news", got)
	}
}

// BenchmarkReplaceFirst is the first list, of objects out of order.
func BenchmarkReplaceFirst(b *testing.B) {
	all := benchItems(100_000)
	items := make([]Item[string], len(all))
	for b.Loop() {
		copy(items, all)
		c := NewCache(CacheOptions[string]{Indexes: map[string]IndexFunc[string]{"words": strings.Fields}})
		if err := c.Replace(b.Context(), items); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkApply is one change, with an index and a subscription that takes it.
func BenchmarkApply(b *testing.B) {
	f := filled(b, 100_000, CacheOptions[string]{Indexes: map[string]IndexFunc[string]{"words": strings.Fields}})
	s := f.Subscribe(SubscribeOptions[string]{})
	defer s.Close()
	drain(b, s)
	items := benchItems(100_000)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		item := items[n*7919%len(items)]
		item.Revision = fmt.Sprint(10_000_000 + n)
		f.apply(Event[string]{Type: domain.EventModified, Item: item})
		if _, ok, _ := s.poll(b.Context()); !ok {
			b.Fatal("nothing was told")
		}
	}
}

// BenchmarkList is one namespace of a hundred objects.
func BenchmarkList(b *testing.B) {
	f := filled(b, 100_000, CacheOptions[string]{})
	b.ReportAllocs()
	for b.Loop() {
		items, _ := f.List("team-0500")
		n := 0
		for range items {
			n++
		}
		if n != 100 {
			b.Fatalf("%d objects", n)
		}
	}
}

// BenchmarkSubscribe is how long a subscription to 100,000 objects takes to begin: the writer waits for it.
func BenchmarkSubscribe(b *testing.B) {
	f := filled(b, 100_000, CacheOptions[string]{})
	b.ReportAllocs()
	for b.Loop() {
		f.Subscribe(SubscribeOptions[string]{}).Close()
	}
}
