package mapper

import (
	clonev1beta1 "kubevirt.io/api/clone/v1beta1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// clonePhases maps KubeVirt's phases (clone/v1beta1 types.go, v1.9.0).
var clonePhases = map[clonev1beta1.VirtualMachineClonePhase]domain.Phase{
	clonev1beta1.PhaseUnset:         domain.PhasePending,
	clonev1beta1.SnapshotInProgress: domain.PhaseRunning,
	clonev1beta1.CreatingTargetVM:   domain.PhaseRunning,
	clonev1beta1.RestoreInProgress:  domain.PhaseRunning,
	clonev1beta1.Succeeded:          domain.PhaseSucceeded,
	clonev1beta1.Failed:             domain.PhaseFailed,
}

// MapClone maps a clone. The target is known from the moment a webhook has chosen its name. Version v1alpha1, which
// KubeVirt served up to 1.4, has the same JSON and decodes into the same type. A nil object, or one without name,
// namespace or source, is an error of code [ErrIncompatibleSchema].
func (m *Mapper) MapClone(object *clonev1beta1.VirtualMachineClone) (*domain.Clone, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if err := m.identified(object.Namespace, object.Name); err != nil {
		return nil, err
	}
	source := object.Spec.Source
	if source == nil || source.Name == "" {
		return nil, m.incompatible(object.Namespace, object.Name, "spec.source.name")
	}
	c := &domain.Clone{
		Cluster:    m.cluster,
		Namespace:  text(object.Namespace),
		Name:       text(object.Name),
		UID:        text(string(object.UID)),
		Revision:   text(object.ResourceVersion),
		CreatedAt:  utc(object.CreationTimestamp),
		TargetName: text(deref(object.Status.TargetName)),
		Phase:      domain.PhaseUnknown,
		RawPhase:   text(string(object.Status.Phase)),
	}
	if source.Kind == "VirtualMachineSnapshot" {
		c.SourceSnapshot = text(source.Name)
	} else {
		c.SourceVM = text(source.Name)
	}
	if c.TargetName == "" && object.Spec.Target != nil {
		c.TargetName = text(object.Spec.Target.Name)
	}
	if phase, ok := clonePhases[object.Status.Phase]; ok {
		c.Phase = phase
	}
	if c.Phase != domain.PhaseSucceeded {
		c.Message = waitingFor(cloneConditions(object.Status.Conditions), "Ready")
	}
	return c, nil
}

func cloneConditions(in []clonev1beta1.Condition) []conditionView {
	out := make([]conditionView, len(in))
	for n := range in {
		c := &in[n]
		out[n] = conditionView{string(c.Type), string(c.Status), c.Reason, c.Message, utc(c.LastTransitionTime)}
	}
	return out
}
