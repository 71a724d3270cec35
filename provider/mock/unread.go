package mock

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// What is left to say of a VM that cannot be read, or whose instance cannot: package mapper's checkedView and
// joinDegraded, without the objects.

// mappable refuses a VM whose object lacks what it must have.
func (r *record) mappable() error {
	if !r.machine.Knobs().Unmappable {
		return nil
	}
	const field = "spec.template"
	return &domain.Error{
		Code:   domain.CodeIncompatibleSchema,
		Params: domain.Params{domain.ParamField: field},
		Fields: []domain.FieldError{{Field: field, Reason: domain.FieldRequired}},
	}
}

// viewUnread adds what the VM's own object tells of an instance that nobody could read. While there is one the
// printable status says in what state it is, and the conditions that the controller copied from it are believed.
func viewUnread(vm *domain.VM, r *record) {
	vm.Read.InstanceUnread = true
	s := r.machine.Signals()
	s.StartQueued, s.Leaving = false, false
	vm.Instance = domain.InstanceNone
	if r.instance != 0 {
		vm.Instance = instanceByStatus(vm.RawStatus)
		vm.StopPending = vm.RawStatus == "Stopping"
		vm.Migrating = vm.RawStatus == "Migrating"
		vm.MigrationInFlight = vm.Migrating
		believe(vm, r, s.Situation)
	}
	s.Situation = vm.Situation()
	status, reason := s.Status()
	conclude(vm, r, status, reason, sinceUnread(r, status))
}

// believe takes over what the controller copies from an instance that has not ended.
func believe(vm *domain.VM, r *record, s domain.Situation) {
	switch vm.Instance {
	case domain.InstanceStarting:
		vm.Ready = domain.FactNo
	case domain.InstanceLive:
		i := r.machine.Instance()
		vm.Ready = domain.FactOf(!vm.StopPending)
		vm.GuestAgent = domain.FactOf(i.Agent)
		vm.Paused = s.Paused
		vm.SoftRebootable = domain.FactOf(i.Agent || !r.machine.Knobs().NoACPI)
	default:
		return
	}
	migratable(vm, s)
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

// sinceUnread is when a status began, unless only the instance knows.
func sinceUnread(r *record, status domain.VMStatus) time.Time {
	known, _, since := r.machine.Status()
	switch status {
	case domain.StatusStarting, domain.StatusStopping, domain.StatusRunning, domain.StatusMigrating:
		return time.Time{}
	case known:
		return since
	default:
		return time.Time{}
	}
}
