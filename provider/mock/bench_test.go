package mock_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// many makes a Mock with n VMs in a hundred namespaces.
func many(tb testing.TB, n int) *mock.Provider {
	tb.Helper()
	p := mock.New(mock.Options{})
	s := benchSpec()
	for i := range n {
		s.Name = fmt.Sprintf("vm-%06d", i*7919%n)
		if _, err := p.CreateVM(tb.Context(), "mock", fmt.Sprintf("team-%02d", i%100), s, provider.CreateOptions{}); err != nil {
			tb.Fatal(err)
		}
	}
	return p
}

func benchSpec() domain.VMSpec {
	s := with(domain.RunStrategyHalted)
	s.Labels = map[string]string{"tier": "web", "zone": "a"}
	s.Identity = domain.Identity{System: "shop", Service: "cart"}
	return s
}

// BenchmarkGetVM: at least 200,000 a second on one core.
func BenchmarkGetVM(b *testing.B) {
	p, names := many(b, 10_000), benchNames()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		name := names[i%len(names)]
		if _, err := p.GetVM(b.Context(), "mock", "team-00", name); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// benchNames are VMs of team-00 among 10,000.
func benchNames() (names []string) {
	for i := range 100 {
		names = append(names, fmt.Sprintf("vm-%06d", i*100*7919%10_000))
	}
	return names
}

// BenchmarkGetRunningVM reads a VM with everything that an instance brings.
func BenchmarkGetRunningVM(b *testing.B) {
	p := mock.New(mock.Options{})
	if err := p.Seed([]*domain.VM{{Namespace: "team", Name: "vm", Status: domain.StatusRunning, Networks: []domain.Network{{Name: "default"}},
		Labels: map[string]string{"tier": "web", "zone": "a"}, Disks: []domain.Disk{{Name: "root"}}}}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.GetVM(b.Context(), "mock", "team", "vm"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCreateVM: at least 50,000 a second on one core.
func BenchmarkCreateVM(b *testing.B) {
	p := mock.New(mock.Options{})
	s := benchSpec()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.Name = fmt.Sprintf("vm-%08d", i*7919%10_000_000)
		if _, err := p.CreateVM(b.Context(), "mock", "team", s, provider.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkListVMs reads 100,000 VMs in pages of 500; ns/VM is to be that of a short list.
func BenchmarkListVMs(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := many(b, n)
			b.ReportAllocs()
			read := 0
			for b.Loop() {
				for _, err := range provider.VMs(b.Context(), p, "mock", provider.AllNamespaces, provider.ListOptions{Limit: 500}) {
					if err != nil {
						b.Fatal(err)
					}
					read++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(read), "ns/VM")
		})
	}
}

// BenchmarkParallel mixes reads and power verbs from all cores.
func BenchmarkParallel(b *testing.B) {
	p, names := many(b, 10_000), benchNames()
	b.ReportAllocs()
	var once sync.Once
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			name := names[i%len(names)]
			var err error
			if i%16 == 0 {
				err = p.StartVM(b.Context(), "mock", "team-00", name, provider.StartOptions{})
			} else {
				_, err = p.GetVM(b.Context(), "mock", "team-00", name)
			}
			if kind := domain.KindOf(err); kind != "" && kind != domain.KindFailedPrecondition {
				once.Do(func() { b.Error(err) })
			}
		}
	})
}
