package mapper_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

func TestMapVMList(t *testing.T) {
	vms := &kubevirtv1.VirtualMachineList{Items: []kubevirtv1.VirtualMachine{
		vmOf("b", "uid-b"), vmOf("", "uid-none"), vmOf("a", "uid-a"), vmOf("c", "uid-c"),
	}}
	vmis := &kubevirtv1.VirtualMachineInstanceList{Items: []kubevirtv1.VirtualMachineInstance{
		instanceOf("a", "uid-a"), instanceOf("b", "uid-old"), instanceOf("lonely", ""),
	}}
	m := mapper.New(mapper.Options{Cluster: "c1"})

	list := m.MapVMList(vms, vmis)
	type row struct {
		Name     string
		Instance domain.InstanceState
		Unread   bool
	}
	rows := func(list *domain.VMList) (out []row) {
		for _, vm := range list.Items {
			out = append(out, row{vm.Name, vm.Instance, vm.Read.InstanceUnread})
		}
		return out
	}
	want := []row{{"b", domain.InstanceNone, false}, {"a", domain.InstanceLive, false}, {"c", domain.InstanceNone, false}}
	if diff := cmp.Diff(want, rows(list)); diff != "" {
		t.Errorf("joined by UID, in the order given (-want +got):\n%s", diff)
	}
	wantRef := domain.Ref{Cluster: "c1", Namespace: "team-a", UID: "uid-none"}
	if len(list.ItemErrors) != 1 || list.ItemErrors[0].Ref != wantRef || list.ItemErrors[0].Err.Code != domain.CodeIncompatibleSchema {
		t.Errorf("an item that cannot be mapped is one item error and hides no other: %v", list.ItemErrors)
	}

	want = []row{{"b", domain.InstanceNone, true}, {"a", domain.InstanceNone, true}, {"c", domain.InstanceNone, true}}
	if diff := cmp.Diff(want, rows(m.MapVMList(vms, nil))); diff != "" {
		t.Errorf("no list of instances is not an empty one (-want +got):\n%s", diff)
	}
	if got := m.MapVMList(nil, nil); got == nil || len(got.Items) != 0 {
		t.Errorf("a nil list is an empty page: %v", got)
	}
}

func vmOf(name string, uid types.UID) kubevirtv1.VirtualMachine {
	return kubevirtv1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "team-a", UID: uid}}
}

func instanceOf(name string, owner types.UID) kubevirtv1.VirtualMachineInstance {
	vmi := kubevirtv1.VirtualMachineInstance{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "team-a"}}
	vmi.Status.Phase = kubevirtv1.Running
	if owner != "" {
		vmi.OwnerReferences = []metav1.OwnerReference{{Kind: "VirtualMachine", Name: name, UID: owner, Controller: new(true)}}
	}
	return vmi
}
