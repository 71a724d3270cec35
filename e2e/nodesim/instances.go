package nodesim

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// instance is virt-handler and the guest for one machine instance. It owns the
// object from Scheduled to the end; before that virt-controller does.
func (s *Simulator) instance(ctx context.Context, namespace, name string) (time.Duration, error) {
	instance := s.cache.instance(namespace, name)
	if instance == nil {
		return 0, nil
	}
	if instance.IsFinal() {
		s.stages.forget(instance.UID)
		return 0, nil
	}
	if !instance.IsScheduled() && !instance.IsRunning() {
		return 0, nil
	}
	changed := instance.DeepCopy()
	again := s.step(changed)
	if equality.Semantic.DeepEqual(instance, changed) {
		return again, nil
	}
	return again, s.writeInstance(ctx, changed)
}

// step changes an instance to what it is next, and tells how long it will stay so.
func (s *Simulator) step(instance *kubevirtv1.VirtualMachineInstance) time.Duration {
	knobs := s.knobsFor(instance.Namespace, instance.Name)
	switch {
	case knobs.on(KnobCrash):
		setPhase(instance, kubevirtv1.Failed)
		return 0
	case instance.DeletionTimestamp != nil || s.launcherDeleted(instance):
		return s.shutDown(instance, knobs)
	case instance.IsScheduled():
		return s.boot(instance, knobs)
	case knobs.on(KnobShutdown):
		setPhase(instance, kubevirtv1.Succeeded)
		return 0
	}
	setGuest(instance, knobs)
	setVolumes(instance)
	return s.move(instance, knobs)
}

// boot takes a scheduled instance to Running.
func (s *Simulator) boot(instance *kubevirtv1.VirtualMachineInstance, knobs knobs) time.Duration {
	if left := s.stages.left(instance.UID, "start", knobs.duration(KnobStartDelay, usualStart)); left > 0 {
		return left
	}
	setPhase(instance, kubevirtv1.Running)
	setHardware(instance)
	setGuest(instance, knobs)
	setVolumes(instance)
	if instance.Spec.StartStrategy != nil && *instance.Spec.StartStrategy == kubevirtv1.StartStrategyPaused {
		setPaused(instance, pausedByUser)
	}
	return 0
}

// shutDown lets the guest take its time, but not more than the grace period:
// then it is killed, which counts as a failure.
func (s *Simulator) shutDown(instance *kubevirtv1.VirtualMachineInstance, knobs knobs) time.Duration {
	if instance.IsScheduled() {
		setPhase(instance, kubevirtv1.Failed)
		return 0
	}
	wish := knobs.duration(KnobStopDelay, usualStop)
	grace := wish
	if seconds := instance.Spec.TerminationGracePeriodSeconds; seconds != nil {
		grace = time.Duration(*seconds) * time.Second
	}
	if left := s.stages.left(instance.UID, "stop", min(wish, grace)); left > 0 {
		return left
	}
	if wish > grace {
		setPhase(instance, kubevirtv1.Failed)
	} else {
		setPhase(instance, kubevirtv1.Succeeded)
	}
	return 0
}

// launcherDeleted reports whether someone deletes the pod the guest runs in.
func (s *Simulator) launcherDeleted(instance *kubevirtv1.VirtualMachineInstance) bool {
	for _, pod := range s.cache.podsOf(instance.Namespace, instance.Name) {
		if metav1.IsControlledBy(pod, instance) && pod.Spec.NodeName == instance.Status.NodeName &&
			pod.DeletionTimestamp != nil && !podFinished(pod) {
			return true
		}
	}
	return false
}

// setPhase also writes the time: virt-controller takes an instance without the
// time of its Running phase for one that never ran, and delays the next start.
func setPhase(instance *kubevirtv1.VirtualMachineInstance, phase kubevirtv1.VirtualMachineInstancePhase) {
	instance.Status.Phase = phase
	instance.Status.PhaseTransitionTimestamps = append(instance.Status.PhaseTransitionTimestamps,
		kubevirtv1.VirtualMachineInstancePhaseTransitionTimestamp{Phase: phase, PhaseTransitionTimestamp: metav1.Now()})
}

func (s *Simulator) writeInstance(ctx context.Context, instance *kubevirtv1.VirtualMachineInstance) error {
	_, err := s.virt.KubevirtV1().VirtualMachineInstances(instance.Namespace).Update(ctx, instance, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("write instance %s/%s: %w", instance.Namespace, instance.Name, err)
	}
	return nil
}

// setCondition adds a condition, or changes the one of that type.
func setCondition(instance *kubevirtv1.VirtualMachineInstance, condition kubevirtv1.VirtualMachineInstanceCondition) {
	now := metav1.Now()
	for n, present := range instance.Status.Conditions {
		if present.Type != condition.Type {
			continue
		}
		if present.Status != condition.Status || present.Reason != condition.Reason {
			condition.LastProbeTime, condition.LastTransitionTime = present.LastProbeTime, now
			instance.Status.Conditions[n] = condition
		}
		return
	}
	condition.LastTransitionTime = now
	instance.Status.Conditions = append(instance.Status.Conditions, condition)
}

func removeCondition(instance *kubevirtv1.VirtualMachineInstance, name kubevirtv1.VirtualMachineInstanceConditionType) {
	kept := instance.Status.Conditions[:0]
	for _, condition := range instance.Status.Conditions {
		if condition.Type != name {
			kept = append(kept, condition)
		}
	}
	instance.Status.Conditions = kept
}

func conditionReason(instance *kubevirtv1.VirtualMachineInstance, name kubevirtv1.VirtualMachineInstanceConditionType) string {
	for _, condition := range instance.Status.Conditions {
		if condition.Type == name && condition.Status == corev1.ConditionTrue {
			return condition.Reason
		}
	}
	return ""
}
