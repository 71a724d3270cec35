package bodyserver

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"kubevirt.io/client-go/kubevirt/scheme"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// The sizes that figures are quoted for: those of a platform's VM as a cluster shows it, ownership of fields included.
var sizes = [...]struct{ least, most int }{VMs: {6_000, 6_300}, Instances: {7_700, 8_100}}

func TestSizes(t *testing.T) {
	for r := range resources {
		for _, index := range []int{0, 7, 123_456, 999_999} {
			body := resources[r].object.render(nil, object{index: index, revision: firstChange})
			if !json.Valid(body) {
				t.Errorf("%s %d is not JSON: %s", resources[r].kind, index, body)
			}
			if len(body) < sizes[r].least || len(body) > sizes[r].most {
				t.Errorf("%s %d has %d bytes, %d to %d are right", resources[r].kind, index, len(body), sizes[r].least, sizes[r].most)
			}
		}
	}
}

// TestTypedDecode: what is served is what KubeVirt's own types take, to the last field.
func TestTypedDecode(t *testing.T) {
	decode := func(r Resource, o object) runtime.Object {
		t.Helper()
		body := resources[r].object.render(nil, o)
		typed, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(typed)
		if err != nil {
			t.Fatal(err)
		}
		var before, after any
		for raw, into := range map[*[]byte]*any{&body: &before, &again: &after} {
			if err := json.Unmarshal(*raw, into); err != nil {
				t.Fatal(err)
			}
		}
		if lost := missing("", before, after); len(lost) > 0 {
			t.Errorf("%s: fields that its type does not have: %v", resources[r].kind, lost)
		}
		return typed
	}
	o := object{cluster: 3, index: 1_234, revision: 42}
	vm, ok := decode(VMs, o).(*kubevirtv1.VirtualMachine)
	vmi, also := decode(Instances, o).(*kubevirtv1.VirtualMachineInstance)
	if !ok || !also {
		t.Fatal("objects of other types")
	}
	namespace, name := Key(o.index)
	want := []string{namespace, name, namespace, name, "42", string(vm.UID)}
	got := []string{vm.Namespace, vm.Name, vmi.Namespace, vmi.Name, vm.ResourceVersion, string(vmi.OwnerReferences[0].UID)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(vm.ManagedFields) == 0 || len(vmi.ManagedFields) == 0 {
		t.Error("nobody owns the fields")
	}
}

// missing are the paths of values that after has not. Null says nothing.
func missing(path string, before, after any) (paths []string) {
	switch before := before.(type) {
	case nil:
		return nil
	case map[string]any:
		other, _ := after.(map[string]any)
		for key, value := range before {
			paths = append(paths, missing(path+"/"+key, value, other[key])...)
		}
	case []any:
		other, _ := after.([]any)
		for n, value := range before {
			if n >= len(other) {
				return append(paths, path)
			}
			paths = append(paths, missing(path, value, other[n])...)
		}
	}
	if after == nil {
		return append(paths, path)
	}
	return paths
}

// TestMappedDecode: the library makes of it a running VM, whose instance is its own, and sees a change.
func TestMappedDecode(t *testing.T) {
	m := mapper.New(mapper.Options{Cluster: "c1"})
	joined := func(version uint32) *domain.VM {
		t.Helper()
		vm, err := m.DecodeVM(resources[VMs].object.render(nil, object{index: 250, revision: 1}))
		if err != nil {
			t.Fatal(err)
		}
		vmi, err := m.DecodeInstance(resources[Instances].object.render(nil, object{index: 250, revision: 2, version: version}))
		if err != nil {
			t.Fatal(err)
		}
		return m.Join(vm, vmi)
	}
	vm, changed := joined(0), joined(1)
	got := []any{vm.Namespace, vm.Name, vm.Status, vm.Instance, vm.Node, vm.Revision, vm.InstanceRevision, vm.Identity.Instance, len(vm.Disks), len(vm.Networks)}
	want := []any{"team-00002", "shop-frontend-0000250", domain.StatusRunning, domain.InstanceLive, "worker-0005.dc1.example.com", "1", "2", "50", 3, 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if cmp.Equal(vm, changed) {
		t.Error("a change of the instance does not show")
	}
}

func TestMoment(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for revision, want := range map[string]time.Time{
		"":           {},
		"10000001":   {},
		"1000000000": began,
		"1002500000": began.Add(2500 * time.Millisecond),
	} {
		if got := (Stats{Began: began}).Moment(revision); !got.Equal(want) {
			t.Errorf("revision %q was written at %v, want %v", revision, got, want)
		}
	}
}
