package mapper_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// maxAllocs is what mapping one running VM may cost: the value, its parts, and the view it is made from.
const maxAllocs = 30

func TestMapVMAllocations(t *testing.T) {
	c := readGolden(t, "testdata/vm/running.txtar")
	m := mapper.New(mapper.Options{Cluster: "c1"})
	got := testing.AllocsPerRun(100, func() {
		if _, err := m.MapVM(c.vm, c.vmi); err != nil {
			t.Fatal(err)
		}
	})
	if got > maxAllocs {
		t.Errorf("mapping one running VM costs %v allocations, at most %d are allowed", got, maxAllocs)
	}
}

func BenchmarkMapVM(b *testing.B) {
	for _, name := range []string{"running", "halted", "hotplugged-to-the-instance"} {
		b.Run(name, func(b *testing.B) {
			c := readGolden(b, "testdata/vm/"+name+".txtar")
			m := mapper.New(mapper.Options{Cluster: "c1"})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.MapVM(c.vm, c.vmi); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBuildVM(b *testing.B) {
	m := mapper.New(mapper.Options{})
	spec := domain.VMSpec{Name: "vm-1", RunStrategy: domain.RunStrategyAlways, MemoryBytes: 1 << 30,
		Disks: []domain.Disk{{Name: "root", Kind: domain.DiskImage, Image: "quay.io/containerdisks/fedora:41"}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.BuildVM("team-a", spec); err != nil {
			b.Fatal(err)
		}
	}
}
