package mapper_test

import (
	"bytes"
	"maps"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// realistic is a running VM and its instance as a cluster shows them, as JSON.
func realistic(t testing.TB, withManagedFields bool) (vm, vmi []byte) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/realistic.txtar")
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		var object map[string]any
		if err := yaml.UnmarshalStrict(section(archive, name), &object); err != nil {
			t.Fatal(err)
		}
		if withManagedFields {
			object["metadata"].(map[string]any)["managedFields"] = managedFields(object)
		}
		return marshalled(t, object)
	}
	return read("vm.yaml"), read("vmi.yaml")
}

// managedFields says who owns which fields as a server does: one manager those asked for, one the status.
func managedFields(object map[string]any) []any {
	entry := func(manager, operation, subresource string, fields map[string]any) map[string]any {
		return map[string]any{"apiVersion": "kubevirt.io/v1", "fieldsType": "FieldsV1", "manager": manager, "operation": operation,
			"subresource": subresource, "time": "2026-11-20T08:35:43Z", "fieldsV1": owned(fields)}
	}
	asked := map[string]any{"metadata": map[string]any{"labels": object["metadata"].(map[string]any)["labels"],
		"annotations": object["metadata"].(map[string]any)["annotations"]}, "spec": object["spec"]}
	return []any{
		entry("kubevirt-shepherd", "Apply", "", asked),
		entry("virt-controller", "Update", "status", map[string]any{"status": object["status"]}),
	}
}

func owned(value any) any {
	out := map[string]any{}
	switch value := value.(type) {
	case map[string]any:
		for key, element := range value {
			out["f:"+key] = owned(element)
		}
	}
	return out
}

// maxRecordBytes is what both records of the VM in testdata/realistic.txtar may take together. It has all that a platform
// writes: eight identity labels, three annotations, a cloned disk, two networks.
const maxRecordBytes = 950

func TestRecordSizes(t *testing.T) {
	vm, vmi := realistic(t, true)
	r, i := records(t, mapper.New(mapper.Options{Cluster: "c1"}), vm, vmi)
	t.Logf("VM %d bytes of JSON, record %d; instance %d bytes of JSON, record %d", len(vm), r.Size(), len(vmi), i.Size())
	if got := r.Size() + i.Size(); got > maxRecordBytes {
		t.Errorf("both records take %d bytes, at most %d are allowed", got, maxRecordBytes)
	}
}

// TestRecordsShareNothing: the bytes of a real object are free for other use as soon as it is read.
func TestRecordsShareNothing(t *testing.T) {
	vm, vmi := realistic(t, true)
	m := mapper.New(mapper.Options{Cluster: "c1"})
	frame := []byte(`{"type":"ADDED","object":` + string(vmi) + `}`)
	want := m.Join(records(t, m, bytes.Clone(vm), bytes.Clone(vmi)))
	r, i := records(t, m, vm, vmi)
	f, err := m.DecodeInstanceFrame(frame)
	if err != nil {
		t.Fatal(err)
	}
	for _, used := range [][]byte{vm, vmi, frame} {
		for n := range used {
			used[n] = 'x'
		}
	}
	for name, instance := range map[string]mapper.InstanceRecord{"object": i, "frame": f.Object.Record} {
		if got := m.Join(r, instance); !reflect.DeepEqual(want, got) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if f.Object.Key != want.Namespace+"/"+want.Name || f.Type != mapper.FrameAdded {
		t.Errorf("a frame of type %s about %s", f.Type, f.Object.Key)
	}
}

func records(t testing.TB, m *mapper.Mapper, vm, vmi []byte) (mapper.VMRecord, mapper.InstanceRecord) {
	t.Helper()
	r, err := m.DecodeVM(vm)
	if err != nil {
		t.Fatal(err)
	}
	i, err := m.DecodeInstance(vmi)
	if err != nil {
		t.Fatal(err)
	}
	return r, i
}

// maxDecodeAllocs is what decoding one of them may cost: 8 for the VM, 15 for the instance, whose interfaces have lists of
// their own, and the memory of a view that is not at hand: under the race detector pools forget.
const maxDecodeAllocs = 30

func TestDecodeAllocations(t *testing.T) {
	vm, vmi := realistic(t, true)
	m := mapper.New(mapper.Options{Cluster: "c1"})
	for name, decode := range map[string]func(){
		"VM":       func() { _, _ = m.DecodeVM(vm) },
		"instance": func() { _, _ = m.DecodeInstance(vmi) },
	} {
		if got := testing.AllocsPerRun(100, decode); got > maxDecodeAllocs {
			t.Errorf("decoding one %s costs %v allocations, at most %d are allowed", name, got, maxDecodeAllocs)
		}
	}
}

func TestRecordFieldsDoNotAllocate(t *testing.T) {
	vm, vmi := realistic(t, false)
	m := mapper.New(mapper.Options{Cluster: "c1"})
	r, i := records(t, m, vm, vmi)
	n := 0
	got := testing.AllocsPerRun(100, func() {
		n += len(r.Key()) + len(r.Namespace()) + len(r.Name()) + len(r.UID()) + len(r.Revision()) + len(m.Identity(r).System)
		n += len(i.Key()) + len(i.OwnerUID()) + len(i.Node()) + len(i.Revision()) + len(i.UID())
		value, _ := r.Label("app")
		n += len(value)
		for key, value := range r.Labels() {
			n += len(key) + len(value)
		}
	})
	if got > 0 {
		t.Errorf("reading the heads of two records costs %v allocations", got)
	}
}

func BenchmarkDecode(b *testing.B) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	for _, managed := range []bool{false, true} {
		vm, vmi := realistic(b, managed)
		suffix := "/plain"
		if managed {
			suffix = "/managedFields"
		}
		b.Run("VM"+suffix, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(vm)))
			for b.Loop() {
				if _, err := m.DecodeVM(vm); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("Instance"+suffix, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(vmi)))
			for b.Loop() {
				if _, err := m.DecodeInstance(vmi); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeList(b *testing.B) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	_, vmi := realistic(b, true)
	const items = 500
	list := `{"kind":"VirtualMachineInstanceList","items":[` + strings.Repeat(string(vmi)+",", items-1) + string(vmi) + "]}"
	b.ReportAllocs()
	b.SetBytes(int64(len(list)))
	for b.Loop() {
		if _, err := m.DecodeInstanceList(strings.NewReader(list), func(mapper.Object[mapper.InstanceRecord]) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/items, "ns/object")
}

func BenchmarkDecodeFrame(b *testing.B) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	_, vmi := realistic(b, true)
	frame := []byte(`{"type":"MODIFIED","object":` + string(vmi) + `}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.DecodeInstanceFrame(frame); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJoin beside BenchmarkCopy shows what it costs to keep records instead of values.
func BenchmarkJoin(b *testing.B) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	vm, vmi := realistic(b, true)
	r, i := records(b, m, vm, vmi)
	b.ReportAllocs()
	for b.Loop() {
		sink = m.Join(r, i)
	}
	b.ReportMetric(float64(r.Size()+i.Size()), "record-bytes")
}

// BenchmarkCopy is a copy of the value that Join makes, field by field.
func BenchmarkCopy(b *testing.B) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	vm, vmi := realistic(b, true)
	from := m.Join(records(b, m, vm, vmi))
	b.ReportAllocs()
	for b.Loop() {
		sink = copied(from)
	}
}

var sink *domain.VM

func copied(vm *domain.VM) *domain.VM {
	out := *vm
	copyMap := func(in map[string]string) map[string]string {
		if in == nil {
			return nil
		}
		out := make(map[string]string, len(in))
		maps.Copy(out, in)
		return out
	}
	out.Labels, out.Annotations = copyMap(vm.Labels), copyMap(vm.Annotations)
	out.GuestLabels, out.NodeSelector = copyMap(vm.GuestLabels), copyMap(vm.NodeSelector)
	out.Disks = append([]domain.Disk(nil), vm.Disks...)
	out.Networks = append([]domain.Network(nil), vm.Networks...)
	out.Tolerations = append([]domain.Toleration(nil), vm.Tolerations...)
	out.Interfaces = append([]domain.Interface(nil), vm.Interfaces...)
	for n := range out.Interfaces {
		i := &out.Interfaces[n]
		i.IPs, i.Sources = append([]string(nil), i.IPs...), append([]string(nil), i.Sources...)
	}
	if vm.GuestOS != nil {
		out.GuestOS = new(*vm.GuestOS)
	}
	return &out
}

// BenchmarkRetained keeps many pairs of records, and says what one costs in memory.
func BenchmarkRetained(b *testing.B) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	vm, vmi := realistic(b, true)
	type both struct {
		vm       mapper.VMRecord
		instance mapper.InstanceRecord
	}
	const pairs = 10_000
	for b.Loop() {
		kept := make([]both, pairs)
		before := heap()
		for n := range kept {
			kept[n].vm, kept[n].instance = records(b, m, vm, vmi)
		}
		b.ReportMetric(float64(heap()-before)/pairs, "heap-bytes/VM")
		runtime.KeepAlive(kept)
	}
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
