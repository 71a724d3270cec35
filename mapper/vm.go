package mapper

import (
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// MapVM maps a VM and its instance, which is nil when there is none. An instance counts only if its controlling owner
// has the VM's UID: one left over from a deleted VM of the same name, one that was made without a VM, and any
// instance beside a VM without a UID are treated as absent.
//
// A nil vm, or one without name or namespace, is an error of code [ErrIncompatibleSchema]. Read says "live"; the caller
// knows the time and sets Read.At.
func (m *Mapper) MapVM(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance) (*domain.VM, error) {
	v, err := m.checkedView(vm, notLastApplied)
	if err != nil {
		return nil, err
	}
	if vmi == nil {
		return m.join(sanitised(v), nil), nil
	}
	return m.joinOwned(sanitised(v), sanitised(viewInstance(vmi))), nil
}

// MapVMDegraded maps a VM whose instance could not be read, for want of permission say. Read.InstanceUnread is set.
// What only the instance knows - node, addresses, guest - stays empty or unknown; its state, and the conditions that
// the controller copied from it, are taken from the VM as far as they can be believed (see degraded.go).
func (m *Mapper) MapVMDegraded(vm *kubevirtv1.VirtualMachine) (*domain.VM, error) {
	v, err := m.checkedView(vm, notLastApplied)
	if err != nil {
		return nil, err
	}
	return m.joinDegraded(sanitised(v)), nil
}

func (m *Mapper) checkedView(vm *kubevirtv1.VirtualMachine, keep func(key string) bool) (*vmView, error) {
	if vm == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if err := m.identified(vm.Namespace, vm.Name); err != nil {
		return nil, err
	}
	return viewVM(vm, keep), nil
}

// joinOwned joins a VM with an instance if it is its own.
func (m *Mapper) joinOwned(v *vmView, i *instanceView) *domain.VM {
	if v.uid == "" || v.uid != i.owner {
		return m.join(v, nil)
	}
	return m.join(v, i)
}

// notLastApplied is true of all annotations but kubectl's copy of the whole object.
func notLastApplied(key string) bool { return key != corev1.LastAppliedConfigAnnotation }
