package mapper

import (
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// MapUnreduced maps a pair of objects with everything in the views that reduction leaves out.
func (m *Mapper) MapUnreduced(vm *kubevirtv1.VirtualMachine, vmi *kubevirtv1.VirtualMachineInstance, degraded bool) *domain.VM {
	v := viewVM(vm, notLastApplied)
	v.conditions = viewVMConditions(vm.Status.Conditions)
	sanitise := func(conditions []conditionView) { // walk takes reduced conditions only
		for n := range conditions {
			c := &conditions[n]
			c.kind, c.status, c.reason, c.message = text(c.kind), text(c.status), text(c.reason), message(c.message)
		}
	}
	sanitise(v.conditions)
	conditions := v.conditions
	v.conditions = nil
	sanitised(v).conditions = conditions
	if degraded {
		return m.joinDegraded(v)
	}
	if vmi == nil {
		return m.join(v, nil)
	}
	i := viewInstance(vmi)
	i.guest, i.volumes, i.conditions = viewGuest(&vmi.Spec), viewVolumeStatus(vmi.Status.VolumeStatus), nil
	sanitised(i).conditions = viewInstanceConditions(vmi.Status.Conditions)
	sanitise(i.conditions)
	return m.joinOwned(v, i)
}
