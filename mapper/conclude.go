package mapper

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// signals gathers what the status follows from.
func signals(vm *domain.VM, v *vmView, i *instanceView) domain.Signals {
	s := domain.Signals{
		Printable:    v.printable,
		Observed:     find(v.conditions, "Ready") != nil || v.created && i != nil,
		Situation:    vm.Situation(),
		StartQueued:  v.startQueued,
		CreateFailed: find(v.conditions, "Failure").isTrue(),
		EverRan:      v.everRan || i != nil,
	}
	if i != nil {
		s.Leaving = i.deleting
		s.PausedReason = pausedReason(find(i.conditions, "Paused"))
		s.VolumesPending = find(i.conditions, "Provisioning").isTrue() ||
			i.phase == "Pending" && find(i.conditions, "DataVolumesReady").isFalse()
	}
	return s
}

// pausedReason reads why an instance is paused (pkg/virt-handler/vm.go, v1.9.0).
func pausedReason(c *conditionView) domain.Reason {
	if !c.isTrue() {
		return ""
	}
	switch c.reason {
	case "PausedByUser":
		return domain.ReasonPausedByUser
	case "PausedIOError":
		return domain.ReasonPausedIOError
	case "PausedByMigrationMonitor":
		return domain.ReasonPausedByMigration
	default:
		return ""
	}
}

// conclude derives the status from the signals, and explains it.
func conclude(vm *domain.VM, v *vmView, i *instanceView, s domain.Signals) {
	vm.Status, vm.Reason = s.Status()
	vm.SelfHealing = vm.Status == domain.StatusFailed && vm.Reason.SelfHealing()
	vm.Since = since(vm, v, i)
	explain(vm, v, i)
}

// since is when a status began, as far as the objects tell.
func since(vm *domain.VM, v *vmView, i *instanceView) time.Time {
	switch vm.Status {
	case domain.StatusUnobserved:
		return v.createdAt
	case domain.StatusDeleting:
		return v.deletedAt
	case domain.StatusStopped, domain.StatusPending, domain.StatusProvisioning:
		return sinceWithoutInstance(vm, v, i)
	case domain.StatusFailed:
		return sinceFailed(vm, v, i)
	default: // an instance's
	}
	if i == nil {
		return time.Time{}
	}
	return sinceInstance(vm, i)
}

// sinceInstance is for the statuses that are an instance's.
func sinceInstance(vm *domain.VM, i *instanceView) time.Time {
	switch vm.Status {
	case domain.StatusStarting:
		return i.createdAt
	case domain.StatusStopping:
		return i.deletedAt
	case domain.StatusPaused:
		return sinceOf(find(i.conditions, "Paused"))
	case domain.StatusMigrating:
		if vm.Migration != nil && vm.Migrating {
			return vm.Migration.StartedAt
		}
		return sinceOf(find(i.conditions, "Paused"))
	case domain.StatusRunning:
		return i.runningSince
	default:
		return time.Time{}
	}
}

// sinceWithoutInstance takes the end of a finished instance, else the moment the controller saw that there is none.
func sinceWithoutInstance(vm *domain.VM, v *vmView, i *instanceView) time.Time {
	if i != nil && ended(vm.Instance) {
		return i.phaseSince
	}
	if c := find(v.conditions, "Ready"); i == nil && c.isFalse() {
		return c.since
	}
	return time.Time{}
}

func sinceFailed(vm *domain.VM, v *vmView, i *instanceView) time.Time {
	switch vm.Reason {
	case domain.ReasonCreateFailed:
		return sinceOf(find(v.conditions, "Failure"))
	case domain.ReasonInstanceFailed:
		if i != nil {
			return i.phaseSince
		}
	case domain.ReasonUnschedulable, domain.ReasonMissingClaim, domain.ReasonImagePull:
		if i != nil {
			return sinceOf(find(i.conditions, conditionOf[vm.Reason]))
		}
	}
	return time.Time{}
}

func sinceOf(c *conditionView) time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.since
}
