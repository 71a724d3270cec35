package mapper

import (
	snapshotv1beta1 "kubevirt.io/api/snapshot/v1beta1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// MapRestore maps a restore. KubeVirt gives it no phase: complete is SUCCEEDED, condition Failure is FAILED, and
// anything else may still come, however often it has failed (a restore of a missing snapshot waits for ever). A nil
// object, or one without name, namespace, target or snapshot, is an error of code [ErrIncompatibleSchema].
func (m *Mapper) MapRestore(object *snapshotv1beta1.VirtualMachineRestore) (*domain.Restore, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if err := m.identified(object.Namespace, object.Name); err != nil {
		return nil, err
	}
	if object.Spec.Target.Name == "" {
		return nil, m.incompatible(object.Namespace, object.Name, "spec.target.name")
	}
	if object.Spec.VirtualMachineSnapshotName == "" {
		return nil, m.incompatible(object.Namespace, object.Name, "spec.virtualMachineSnapshotName")
	}
	r := &domain.Restore{
		Cluster:      m.cluster,
		Namespace:    text(object.Namespace),
		Name:         text(object.Name),
		UID:          text(string(object.UID)),
		Revision:     text(object.ResourceVersion),
		CreatedAt:    utc(object.CreationTimestamp),
		SnapshotName: text(object.Spec.VirtualMachineSnapshotName),
		TargetName:   text(object.Spec.Target.Name),
		Phase:        domain.PhasePending,
	}
	if policy := object.Spec.TargetReadinessPolicy; policy != nil {
		r.Policy = domain.RestorePolicy(text(string(*policy)))
	}
	if object.Status != nil {
		restoreStatus(r, object.Status)
	}
	return r, nil
}

func restoreStatus(r *domain.Restore, status *snapshotv1beta1.VirtualMachineRestoreStatus) {
	conditions := snapshotConditions(status.Conditions)
	failure := find(conditions, "Failure")
	switch {
	case status.Complete != nil && *status.Complete:
		r.Phase, r.EndedAt = domain.PhaseSucceeded, utcOf(status.RestoreTime)
		return
	case failure.isTrue():
		r.Phase, r.EndedAt = domain.PhaseFailed, failure.since
	case len(conditions) > 0:
		r.Phase = domain.PhaseRunning
	}
	r.Message = waitingFor(conditions, "Ready")
}
