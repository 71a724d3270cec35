package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

// joinDegraded makes the domain value of a VM whose instance nobody could read. While status.created is true the
// printable status says what state the instance is in, and the conditions that the controller copies from it are
// current; afterwards they stay as they were and are not believed.
func (m *Mapper) joinDegraded(v *vmView) *domain.VM {
	vm := m.asked(v)
	vm.Read.InstanceUnread = true
	vm.Networks = networks(&v.guest)
	vm.Disks = disks(v, nil)
	vm.CPU, vm.Memory = computeAsked(v)
	vm.ProbeForbidsPause = v.guest.probeForbids
	vm.Instance = domain.InstanceNone
	s := domain.Signals{
		Printable:    v.printable,
		Observed:     find(v.conditions, "Ready") != nil,
		CreateFailed: find(v.conditions, "Failure").isTrue(),
		EverRan:      v.everRan,
	}
	var i *instanceView
	if v.created {
		i = instanceByConditions(v)
		vm.Instance = instanceByStatus(v.printable)
		vm.StopPending = v.printable == "Stopping"
		if !ended(vm.Instance) {
			believe(vm, i.conditions)
		}
		vm.SoftRebootable = softRebootable(vm, &v.guest)
		vm.Migrating = v.printable == "Migrating"
		vm.MigrationInFlight = vm.Migrating
		s.PausedReason = pausedReason(find(v.conditions, "Paused"))
		s.VolumesPending = find(v.conditions, "Provisioning").isTrue()
	}
	s.Situation = vm.Situation()
	conclude(vm, v, i, s)
	return vm
}

// instanceByConditions stands in for an instance that was not read: its conditions as the VM shows them.
func instanceByConditions(v *vmView) *instanceView {
	return &instanceView{conditions: v.conditions, guest: v.guest}
}

// instanceByStatus is the state of an instance that exists, by the printable status. Stopped with an instance means
// that it has ended; whether well or badly only the instance knows. Terminating hides the state: a live instance is
// the safe answer.
func instanceByStatus(printable string) domain.InstanceState {
	switch printable {
	case "Running", "Paused", "Migrating", "Stopping", "Terminating":
		return domain.InstanceLive
	case "Stopped", "CrashLoopBackOff":
		return domain.InstanceFinal
	case "Starting", "Provisioning", "WaitingForVolumeBinding", "WaitingForReceiver",
		"ErrorPvcNotFound", "ErrorUnschedulable", "ErrImagePull", "ImagePullBackOff", "DataVolumeError":
		return domain.InstanceStarting
	default:
		return domain.InstanceNone
	}
}
