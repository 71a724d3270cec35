package kubevirtsim

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// vmFacts are what the status of a VM follows from besides its machine.
type vmFacts struct {
	generation int64
	// booted is the generation that the present instance was made of, instanceUID and instanceConditions are its own.
	booted             int64
	instanceUID        types.UID
	instanceConditions []condition
	// failedUID is the last instance that did not start.
	failedUID types.UID
	// restartRequired says why a change waits for the next start; empty when none does.
	restartRequired string
	// failure is why the controller could not do its work.
	failure condition
	// instanceType is the reference that the controller resolved.
	instanceType, preference *kubevirtv1.InstancetypeStatusRef
}

// showVM brings the status of a VM in line with its machine: updateStatus of pkg/virt-controller/watch/vm/vm.go,
// KubeVirt v1.9.0.
func showVM(status *kubevirtv1.VirtualMachineStatus, m *vmsim.Machine, facts vmFacts) {
	now := metav1.NewTime(m.Now())
	i := m.Instance()
	if !m.Signals().Observed {
		return // the controller has not looked yet: there is no status
	}
	status.Created = i.Serial != 0
	status.Ready = i.Phase == vmsim.PhaseRunning && !i.Deleting
	status.PrintableStatus = kubevirtv1.VirtualMachinePrintableStatus(m.Printable())
	if status.Created { // written only while there is an instance, and kept; not what the names say elsewhere
		status.ObservedGeneration, status.DesiredGeneration = facts.booted, facts.generation
	}
	if status.Created || status.RunStrategy != "" { // from the first instance on
		status.RunStrategy = kubevirtv1.VirtualMachineRunStrategy(m.Strategy())
	}
	status.StateChangeRequests = stateChangeRequests(m, status.StateChangeRequests, facts.instanceUID)
	status.StartFailure = startFailure(m, facts.failedUID)
	status.InstancetypeRef, status.PreferenceRef = facts.instanceType, facts.preference
	status.SnapshotInProgress = jobOf(m.Knobs().Snapshotting, "snapshot-1")
	status.RestoreInProgress = jobOf(m.Knobs().Restoring, "restore-1")
	status.Conditions = carryVM(status.Conditions, vmConditions(m, status.Conditions, facts.instanceConditions, facts.own(m)), now)
}

// snapshotStatuses say of each volume whether a snapshot of it could be taken (updateVolumeSnapshotStatuses of
// pkg/storage/snapshot/snapshot.go). There are no classes of snapshots here, and so none can.
func snapshotStatuses(vm *kubevirtv1.VirtualMachine) []kubevirtv1.VolumeSnapshotStatus {
	if vm.Spec.Template == nil {
		return nil
	}
	var statuses []kubevirtv1.VolumeSnapshotStatus
	for _, volume := range vm.Spec.Template.Spec.Volumes {
		status := kubevirtv1.VolumeSnapshotStatus{Name: volume.Name}
		status.Reason = "Snapshot is not supported for this volumeSource type [" + volume.Name + "]"
		if volume.PersistentVolumeClaim != nil || volume.DataVolume != nil {
			status.Reason = "No VolumeSnapshotClass: Volume snapshots are not configured for this StorageClass [] [" + volume.Name + "]"
		}
		statuses = append(statuses, status)
	}
	return statuses
}

// jobOf is the name of a storage job that is under way, or nil.
func jobOf(on bool, name string) *string {
	if !on {
		return nil
	}
	return &name
}

// own are the conditions that are not copies of the instance's.
func (f vmFacts) own(m *vmsim.Machine) []condition {
	var list []condition
	switch {
	case f.failure.kind != "":
		list = append(list, f.failure)
	case m.Signals().CreateFailed:
		list = append(list, condition{string(kubevirtv1.VirtualMachineFailure), "True", "FailedCreate",
			"failure while starting VMI: exceeded quota"})
	}
	if f.restartRequired != "" {
		list = append(list, condition{kind: string(kubevirtv1.VirtualMachineRestartRequired), status: "True", message: f.restartRequired})
	}
	if m.Knobs().ManualRecovery {
		list = append(list, condition{kind: string(kubevirtv1.VirtualMachineManualRecoveryRequired), status: "True"})
	}
	return list
}

// stateChangeRequests are those that the machine has not served. A request to stop keeps the uid that it was made with: by
// now its instance may be gone.
func stateChangeRequests(m *vmsim.Machine, before []kubevirtv1.VirtualMachineStateChangeRequest, instance types.UID) []kubevirtv1.VirtualMachineStateChangeRequest {
	for _, r := range before {
		if r.Action == kubevirtv1.StopRequest && r.UID != nil {
			instance = *r.UID
		}
	}
	var out []kubevirtv1.VirtualMachineStateChangeRequest
	for _, r := range m.Requests() {
		switch {
		case r.Stop:
			out = append(out, kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StopRequest, UID: &instance})
		case r.Paused:
			out = append(out, kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StartRequest,
				Data: map[string]string{kubevirtv1.StartRequestDataPausedKey: kubevirtv1.StartRequestDataPausedTrue}})
		default:
			out = append(out, kubevirtv1.VirtualMachineStateChangeRequest{Action: kubevirtv1.StartRequest})
		}
	}
	return out
}

func startFailure(m *vmsim.Machine, instance types.UID) *kubevirtv1.VirtualMachineStartFailure {
	count, retry := m.StartFailures()
	if count == 0 {
		return nil
	}
	at := metav1.NewTime(retry)
	return &kubevirtv1.VirtualMachineStartFailure{ConsecutiveFailCount: int(count), RetryAfterTimestamp: &at, LastFailedVMIUID: instance}
}

// strategyOf reads what a VM asks for, in either of its two fields.
func strategyOf(vm *kubevirtv1.VirtualMachine) domain.RunStrategy {
	switch {
	case vm.Spec.RunStrategy != nil:
		return domain.RunStrategy(*vm.Spec.RunStrategy)
	case vm.Spec.Running != nil && *vm.Spec.Running:
		return domain.RunStrategyAlways
	default:
		return domain.RunStrategyHalted
	}
}
