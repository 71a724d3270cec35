package mapper

import (
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// join makes the domain value of a VM and its instance, which is nil when there is none. Their text is clean.
func (m *Mapper) join(v *vmView, i *instanceView) *domain.VM {
	vm := m.asked(v)
	vm.Networks = networks(&v.guest)
	vm.Disks = disks(v, i)
	if i == nil {
		vm.Instance = domain.InstanceNone
		vm.CPU, vm.Memory = computeAsked(v)
	} else {
		joinInstance(vm, v, i)
	}
	vm.ProbeForbidsPause = guestOf(v, i).probeForbids
	s := signals(vm, v, i)
	conclude(vm, v, i, s)
	return vm
}

// asked makes a domain value of what the VM object alone says, status aside.
func (m *Mapper) asked(v *vmView) *domain.VM {
	vm := &domain.VM{
		Cluster:       m.cluster,
		Namespace:     v.namespace,
		Name:          v.name,
		UID:           v.uid,
		Revision:      v.revision,
		Generation:    v.generation,
		CreatedAt:     v.createdAt,
		Labels:        v.labels.toMap(),
		Annotations:   v.annotations.toMap(),
		GuestLabels:   v.guestLabels.toMap(),
		RunStrategy:   domain.RunStrategy(v.runStrategy),
		LegacyRunning: v.legacyRunning,
		InstanceType:  v.instanceType,
		Preference:    v.preference,
		NodeSelector:  v.guest.nodeSelector.toMap(),
		Tolerations:   v.guest.tolerations,
		RawStatus:     v.printable,
		StartFailure:  v.startFailures,
		ChangeQueued:  v.changeQueued,
		Snapshotting:  v.snapshotting,
		Restoring:     v.restoring,
		Deleting:      v.deleting,
		Read:          domain.Read{From: domain.ReadLive},
	}
	vm.Identity = m.identity.of(vm.Labels)
	vm.ManualRecovery = find(v.conditions, "ManualRecoveryRequired").isTrue()
	if c := find(v.conditions, "RestartRequired"); c.isTrue() {
		vm.RestartRequired, vm.RestartReason = true, c.message
	}
	return vm
}

// annotations copies all annotations but kubectl's copy of the whole object.
func annotations(in map[string]string) map[string]string {
	if _, ok := in[corev1.LastAppliedConfigAnnotation]; ok {
		if len(in) == 1 {
			return nil
		}
		in = maps.Clone(in)
		delete(in, corev1.LastAppliedConfigAnnotation)
	}
	return values(in)
}

// guestOf is the running guest's specification, else that of the next start.
func guestOf(v *vmView, i *instanceView) *guestView {
	if i != nil {
		return &i.guest
	}
	return &v.guest
}
