package nodesim

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// move does virt-handler's part of a live migration, on both nodes. It begins
// when virt-controller has a target pod and has written its node into the
// instance, and takes one stage after the other, so that a watcher sees each:
//
//	prepared   the target's address is known    (phase PreparingTarget, then TargetReady)
//	started    memory is being copied           (phase Running)
//	finished   the machine is on the other node (phase Succeeded)
func (s *Simulator) move(instance *kubevirtv1.VirtualMachineInstance, knobs knobs) time.Duration {
	state := instance.Status.MigrationState
	if state == nil || state.TargetNode == "" || state.EndTimestamp != nil {
		if state != nil && state.EndTimestamp != nil {
			delete(instance.Labels, kubevirtv1.MigrationTargetNodeNameLabel)
		}
		return 0
	}
	if state.AbortRequested {
		abort(state)
		return 0
	}
	stage := func(name string) time.Duration {
		return s.stages.left(instance.UID, string(state.MigrationUID)+name, knobs.duration(KnobMigrationDelay, usualMigration))
	}
	switch {
	case state.TargetNodeAddress == "":
		if left := stage("prepare"); left > 0 {
			return left
		}
		state.TargetNodeAddress = s.handlerHost()
		state.TargetDirectMigrationNodePorts = map[string]int{"49152": 49152, "49153": 49153}
	case state.StartTimestamp == nil:
		if left := stage("start"); left > 0 {
			return left
		}
		now := metav1.Now()
		state.StartTimestamp, state.Mode = &now, kubevirtv1.MigrationPreCopy
	default:
		return s.arrive(instance, knobs, stage("copy"))
	}
	return 0
}

// arrive ends a migration that is copying, when it may.
func (s *Simulator) arrive(instance *kubevirtv1.VirtualMachineInstance, knobs knobs, left time.Duration) time.Duration {
	state := instance.Status.MigrationState
	if left > 0 || knobs.on(KnobHoldMigration) {
		return left
	}
	now := metav1.Now()
	state.EndTimestamp, state.Completed = &now, true
	if knobs.on(KnobFailMigration) {
		state.Failed, state.FailureReason = true, "told so by a knob"
		return 0
	}
	state.TargetNodeDomainDetected, state.TargetNodeDomainReadyTimestamp = true, &now
	instance.Status.NodeName = state.TargetNode
	instance.Status.EvacuationNodeName = ""
	instance.Status.LauncherContainerImageVersion = ""
	instance.Status.MigrationTransport = kubevirtv1.MigrationTransportUnix
	instance.Labels[kubevirtv1.NodeNameLabel] = state.TargetNode
	delete(instance.Labels, kubevirtv1.OutdatedLauncherImageLabel)
	delete(instance.Annotations, kubevirtv1.EvictionSourceAnnotation)
	plugHardware(instance)
	return 0
}

// abort ends a migration that someone has deleted.
func abort(state *kubevirtv1.VirtualMachineInstanceMigrationState) {
	now := metav1.Now()
	if state.StartTimestamp == nil {
		state.StartTimestamp = &now
	}
	state.EndTimestamp, state.Completed, state.Failed = &now, true, true
	state.AbortStatus = kubevirtv1.MigrationAbortSucceeded
	state.FailureReason = "Live migration has been aborted"
}

// plugHardware applies processors and memory that were added to the running
// machine; they arrive with the migration that virt-controller starts for them.
func plugHardware(instance *kubevirtv1.VirtualMachineInstance) {
	instance.Status.CurrentCPUTopology = topology(instance.Spec.Domain.CPU)
	if guest := guestMemory(&instance.Spec.Domain); guest != nil && instance.Status.Memory != nil {
		current, requested := guest.DeepCopy(), guest.DeepCopy()
		instance.Status.Memory.GuestCurrent, instance.Status.Memory.GuestRequested = &current, &requested
	}
	for _, name := range []kubevirtv1.VirtualMachineInstanceConditionType{
		kubevirtv1.VirtualMachineInstanceVCPUChange,
		kubevirtv1.VirtualMachineInstanceMemoryChange,
		kubevirtv1.VirtualMachineInstanceVolumesChange,
	} {
		removeCondition(instance, name)
	}
}
