package mapper

import (
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// MapVMList maps a list of VMs and joins each with its instance, found by the UID of the instance's controlling owner.
// A nil list of instances means that they could not be read: then all VMs are mapped as by [Mapper.MapVMDegraded]. An
// empty list means that there are none.
//
// The order is that of vms. A VM that cannot be mapped becomes an item error and hides no other. Continue and Total
// are left to the caller.
func (m *Mapper) MapVMList(vms *kubevirtv1.VirtualMachineList, vmis *kubevirtv1.VirtualMachineInstanceList) *domain.VMList {
	list := &domain.VMList{}
	if vms == nil {
		return list
	}
	list.Items = make([]*domain.VM, 0, len(vms.Items))
	instances := byOwner(vmis)
	for n := range vms.Items {
		vm := &vms.Items[n]
		var mapped *domain.VM
		var err error
		if vmis == nil {
			mapped, err = m.MapVMDegraded(vm)
		} else {
			mapped, err = m.MapVM(vm, instances[vm.UID])
		}
		if err != nil {
			list.ItemErrors = append(list.ItemErrors, m.itemError(vm, err))
			continue
		}
		list.Items = append(list.Items, mapped)
	}
	return list
}

// byOwner indexes instances by the UID of their controlling owner.
func byOwner(vmis *kubevirtv1.VirtualMachineInstanceList) map[types.UID]*kubevirtv1.VirtualMachineInstance {
	if vmis == nil {
		return nil
	}
	index := make(map[types.UID]*kubevirtv1.VirtualMachineInstance, len(vmis.Items))
	for n := range vmis.Items {
		if uid := controllerOf(&vmis.Items[n].ObjectMeta); uid != "" {
			index[uid] = &vmis.Items[n]
		}
	}
	return index
}

func (m *Mapper) itemError(vm *kubevirtv1.VirtualMachine, err error) *domain.ItemError {
	ref := domain.Ref{Cluster: m.cluster, Namespace: text(vm.Namespace), Name: text(vm.Name), UID: text(string(vm.UID))}
	return domain.NewItemError(ref, err)
}
