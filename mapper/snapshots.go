package mapper

import (
	snapshotv1beta1 "kubevirt.io/api/snapshot/v1beta1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// MapSnapshot maps a snapshot. Its phase is SUCCEEDED only when it can be restored from: KubeVirt's phase Succeeded
// comes as soon as there is a creation time, and readyToUse later. Version v1alpha1, which KubeVirt served up to 1.2,
// has the same JSON and decodes into the same type. A nil object, or one without name, namespace or source, is an
// error of code [ErrIncompatibleSchema].
func (m *Mapper) MapSnapshot(object *snapshotv1beta1.VirtualMachineSnapshot) (*domain.Snapshot, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if err := m.identified(object.Namespace, object.Name); err != nil {
		return nil, err
	}
	if object.Spec.Source.Name == "" {
		return nil, m.incompatible(object.Namespace, object.Name, "spec.source.name")
	}
	s := &domain.Snapshot{
		Cluster:   m.cluster,
		Namespace: text(object.Namespace),
		Name:      text(object.Name),
		UID:       text(string(object.UID)),
		Revision:  text(object.ResourceVersion),
		CreatedAt: utc(object.CreationTimestamp),
		Labels:    values(object.Labels),
		Deleting:  object.DeletionTimestamp != nil,
		VMName:    text(object.Spec.Source.Name),
		Phase:     domain.PhasePending,
	}
	if object.Spec.FailureDeadline != nil {
		s.Deadline = object.Spec.FailureDeadline.Duration
	}
	if object.Status != nil {
		snapshotStatus(s, object.Status)
	}
	return s, nil
}

func snapshotStatus(s *domain.Snapshot, status *snapshotv1beta1.VirtualMachineSnapshotStatus) {
	conditions := snapshotConditions(status.Conditions)
	ready := status.ReadyToUse != nil && *status.ReadyToUse
	s.RawPhase = text(string(status.Phase))
	s.Phase = snapshotPhase(status.Phase, ready, find(conditions, "Failure").isTrue())
	s.TakenAt = utcOf(status.CreationTime)
	s.Indications = indications(status)
	if status.SourceUID != nil {
		s.VMUID = text(string(*status.SourceUID))
	}
	if v := status.SnapshotVolumes; v != nil {
		s.Included, s.Excluded = texts(v.IncludedVolumes), texts(v.ExcludedVolumes)
	}
	if s.Phase == domain.PhaseSucceeded {
		return
	}
	s.Message = waitingFor(conditions, "Progressing")
	if status.Error != nil && deref(status.Error.Message) != "" {
		s.Message = message(*status.Error.Message)
	}
}

// snapshotPhase reads the phases of snapshot/v1beta1 types.go, v1.9.0. Deleting says nothing about what the snapshot is
// worth until it is gone.
func snapshotPhase(phase snapshotv1beta1.VirtualMachineSnapshotPhase, ready, failed bool) domain.Phase {
	switch {
	case phase == snapshotv1beta1.Failed || failed:
		return domain.PhaseFailed
	case ready:
		return domain.PhaseSucceeded
	case phase == snapshotv1beta1.PhaseUnset:
		return domain.PhasePending
	case phase == snapshotv1beta1.InProgress || phase == snapshotv1beta1.Succeeded || phase == snapshotv1beta1.Deleting:
		return domain.PhaseRunning
	default:
		return domain.PhaseUnknown
	}
}

// indications reads the list of KubeVirt 1.7 and newer, else the older one.
func indications(status *snapshotv1beta1.VirtualMachineSnapshotStatus) []string {
	var out []string
	for n := range status.SourceIndications {
		out = append(out, text(string(status.SourceIndications[n].Indication)))
	}
	if out != nil {
		return out
	}
	for _, indication := range status.Indications { //nolint:staticcheck // servers before 1.7 have no other
		out = append(out, text(string(indication)))
	}
	return out
}

func snapshotConditions(in []snapshotv1beta1.Condition) []conditionView {
	out := make([]conditionView, len(in))
	for n := range in {
		c := &in[n]
		out[n] = conditionView{string(c.Type), string(c.Status), c.Reason, c.Message, utc(c.LastTransitionTime)}
	}
	return out
}
