package mapper_test

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// kept is an annotation that recordMapper's records keep.
const kept = "example.com/kept"

func recordMapper() *mapper.Mapper {
	return mapper.New(mapper.Options{Cluster: "c1", RecordAnnotations: []string{kept}})
}

// recorded is what a mapped VM looks like when it is made of records.
func recorded(vm *domain.VM) *domain.VM {
	if vm == nil {
		return nil
	}
	out := *vm
	out.Annotations = maps.Clone(vm.Annotations)
	maps.DeleteFunc(out.Annotations, func(key, _ string) bool {
		return key != kept && !strings.HasPrefix(key, domain.DefaultLabelPrefix+"/")
	})
	return &out
}

// sameVM compares mapped VMs; no annotations are as good as nil.
func sameVM(want, got *domain.VM) string {
	return gocmp.Diff(want, got, cmpopts.EquateEmpty())
}

// viaRecords maps a pair of objects through records.
func viaRecords(t testing.TB, m *mapper.Mapper, vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, degraded bool) (*domain.VM, error) {
	t.Helper()
	record, err := m.VMRecord(vm)
	if err != nil {
		return nil, err
	}
	if degraded {
		return m.JoinDegraded(record), nil
	}
	var instance mapper.InstanceRecord
	if vmi != nil {
		if instance, err = m.InstanceRecord(named(vmi)); err != nil {
			t.Fatal(err)
		}
	}
	return m.Join(record, instance), nil
}

// named gives a name to an instance that has none: MapVM does not ask for one, a record needs it.
func named(vmi *kubevirtv1.VirtualMachineInstance) *kubevirtv1.VirtualMachineInstance {
	vmi = vmi.DeepCopy()
	vmi.Name, vmi.Namespace = cmp.Or(vmi.Name, "vm-1"), cmp.Or(vmi.Namespace, "team-a")
	return vmi
}

func TestRecordsMapAsObjectsDo(t *testing.T) {
	m := recordMapper()
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			want, wantErr := c.run(m)
			got, err := viaRecords(t, m, c.vm, c.vmi, c.degraded)
			if diff := gocmp.Diff(domain.CodeOf(wantErr), domain.CodeOf(err)); diff != "" {
				t.Errorf("code (-object +record):\n%s", diff)
			}
			if diff := sameVM(recorded(want), got); diff != "" {
				t.Errorf("%s\n(-objects +records):\n%s", c.why, diff)
			}
		})
	}
}

func TestRecordKeepsAnnotations(t *testing.T) {
	vm := vmOf("vm-1", "u")
	vm.Annotations = map[string]string{kept: "a", "kubevirt-shepherd.io/owned": "b", "kubevirt-shepherd.io.evil/x": "c", "kubevirt.io/latest-observed-api-version": "v1"}
	m := recordMapper()
	record, err := m.VMRecord(&vm)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{kept: "a", "kubevirt-shepherd.io/owned": "b"}
	if diff := gocmp.Diff(want, m.Join(record, mapper.InstanceRecord{}).Annotations); diff != "" {
		t.Errorf("ours and those asked for (-want +got):\n%s", diff)
	}
}

func TestRecordFields(t *testing.T) {
	vm := vmOf("vm-1", "uid-vm")
	vm.ResourceVersion = "77"
	vm.Labels = map[string]string{"b": "2", "a": "1", "kubevirt-shepherd.io/system": "shop", "kubevirt-shepherd.io/managed-by": "x"}
	vmi := instanceOf("vm-1", "uid-vm")
	vmi.UID, vmi.ResourceVersion, vmi.Status.NodeName = "uid-vmi", "78", "node-1"
	m := recordMapper()
	r, err := m.VMRecord(&vm)
	if err != nil {
		t.Fatal(err)
	}
	i, err := m.InstanceRecord(&vmi)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{r.Key(), r.Namespace(), r.Name(), r.UID(), r.Revision(), i.Key(), i.Namespace(), i.Name(), i.UID(), i.Revision(), i.OwnerUID(), i.Node()}
	want := []string{"team-a/vm-1", "team-a", "vm-1", "uid-vm", "77", "team-a/vm-1", "team-a", "vm-1", "uid-vmi", "78", "uid-vm", "node-1"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(vm.Labels, maps.Collect(r.Labels())); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	var keys []string
	for key := range r.Labels() {
		keys = append(keys, key)
	}
	if !slices.IsSorted(keys) {
		t.Errorf("labels come in the order of their keys: %v", keys)
	}
	for key, want := range vm.Labels {
		if got, ok := r.Label(key); got != want || !ok {
			t.Errorf("Label(%q) = %q, %t", key, got, ok)
		}
	}
	for _, key := range []string{"", "aa", "zz"} {
		if got, ok := r.Label(key); got != "" || ok {
			t.Errorf("Label(%q) = %q, %t", key, got, ok)
		}
	}
	if diff := gocmp.Diff(domain.IdentityFromLabels("", vm.Labels), m.Identity(r)); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
}

func TestZeroRecords(t *testing.T) {
	var r mapper.VMRecord
	var i mapper.InstanceRecord
	m := recordMapper()
	if !r.IsZero() || !i.IsZero() || m.Join(r, i) != nil || m.JoinDegraded(r) != nil {
		t.Error("the zero record is no VM")
	}
	if r.Key() != "/" || r.Name() != "" || r.UID() != "" || i.Node() != "" || i.OwnerUID() != "" || m.Identity(r) != (domain.Identity{}) {
		t.Error("the zero record has empty fields")
	}
	if _, err := m.InstanceRecord(nil); domain.CodeOf(err) != domain.CodeIncompatibleSchema {
		t.Errorf("InstanceRecord(nil): %v", err)
	}
}

// Equal records are how a cache finds that nothing has changed: maps must not show in them.
func TestRecordsAreComparable(t *testing.T) {
	m := recordMapper()
	vm := vmOf("vm-1", "u")
	vm.Labels = map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}
	first, _ := m.VMRecord(&vm)
	for range 50 {
		if again, _ := m.VMRecord(vm.DeepCopy()); again != first {
			t.Fatal("one object makes two records")
		}
	}
	vm.ResourceVersion = "2"
	if other, _ := m.VMRecord(&vm); other == first {
		t.Error("another revision makes the same record")
	}
}

// What reduction leaves out of a view must not be missed.
func TestReductionChangesNothing(t *testing.T) {
	m := recordMapper()
	check := func(name string, vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, degraded bool) {
		var want *domain.VM
		var err error
		if degraded {
			want, err = m.MapVMDegraded(vm)
		} else {
			want, err = m.MapVM(vm, vmi)
		}
		if err != nil {
			return
		}
		if diff := sameVM(m.MapUnreduced(vm, vmi, degraded), want); diff != "" {
			t.Errorf("%s (-all +reduced):\n%s", name, diff)
		}
	}
	for _, c := range goldenCases(t) {
		check(c.name, c.vm, c.vmi, c.degraded)
	}
	for seed := range int64(300) {
		vm, vmi := filled(t, seed)
		check("filled", vm, vmi, false)
		check("filled, degraded", vm, nil, true)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// Views are used again for the next join; what was handed out is not.
func TestJoinedValuesAreTheCallersOwn(t *testing.T) {
	m := recordMapper()
	for _, c := range goldenCases(t) {
		if c.vm == nil || c.vmi == nil {
			continue
		}
		r, err := m.VMRecord(c.vm)
		if err != nil {
			continue
		}
		i, err := m.InstanceRecord(named(c.vmi))
		if err != nil {
			t.Fatal(err)
		}
		first, want := m.Join(r, i), m.Join(r, i)
		scribble(t, reflect.ValueOf(first).Elem(), "vm")
		for range 3 {
			if diff := gocmp.Diff(want, m.Join(r, i)); diff != "" {
				t.Fatalf("%s: joins share something (-want +got):\n%s", c.name, diff)
			}
		}
	}
}

func TestDecodeTruncated(t *testing.T) {
	vm, vmi := realistic(t, false)
	m := recordMapper()
	for n := range vm {
		if _, err := m.DecodeVM(vm[:n]); domain.CodeOf(err) != domain.CodeProtocolError {
			t.Fatalf("VM cut at %d: %v", n, err)
		}
	}
	for n := range vmi {
		if _, err := m.DecodeInstance(vmi[:n]); domain.CodeOf(err) != domain.CodeProtocolError {
			t.Fatalf("instance cut at %d: %v", n, err)
		}
	}
}
