package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

// instanceState reads a phase of a VirtualMachineInstance (kubevirt.io/api core/v1 types.go, v1.9.0). An instance
// without a phase is one the controller has not begun with, and Unknown is never written; a phase of a newer KubeVirt
// is none of ours either.
func instanceState(phase string) domain.InstanceState {
	switch phase {
	case "Pending", "Scheduling", "Scheduled", "WaitingForSync":
		return domain.InstanceStarting
	case "Running":
		return domain.InstanceLive
	case "Succeeded":
		return domain.InstanceFinal
	case "Failed":
		return domain.InstanceFailed
	default:
		return domain.InstanceNone
	}
}

// joinInstance adds what an instance says of itself.
func joinInstance(vm *domain.VM, v *vmView, i *instanceView) {
	vm.Instance = instanceState(i.phase)
	vm.InstanceID = i.uid
	vm.InstanceRevision = i.revision
	vm.Phase = i.phase
	vm.StartedAt = i.runningSince
	vm.Node = i.node
	vm.Migration = i.migration
	if ended(vm.Instance) { // it stands there as its last breath left it: no address is anybody's now
		vm.CPU, vm.Memory = computeAsked(v)
		return
	}
	vm.CPU, vm.Memory = computeInstance(v, i)
	vm.StopPending = i.deleting
	vm.Interfaces = i.interfaces
	vm.PrimaryIP = domain.PrimaryIP(vm.Networks, vm.Interfaces)
	if i.guestOS != (domain.GuestOS{}) {
		vm.GuestOS = new(i.guestOS)
	}
	believe(vm, i.conditions)
	vm.SoftRebootable = softRebootable(vm, &i.guest)
	if vm.Instance == domain.InstanceLive {
		vm.Migrating, vm.MigrationInFlight = migrating(i.migration)
	}
}

// believe takes from the conditions of an instance what the domain knows: only a running one can be paused or have a
// guest agent. The same conditions on a VM object are copies that stay when the instance goes.
func believe(vm *domain.VM, conditions []conditionView) {
	if c := find(conditions, "Ready"); c != nil {
		vm.Ready = factOf(c)
	}
	if c := find(conditions, "LiveMigratable"); c != nil {
		vm.LiveMigratable = factOf(c)
		if c.isFalse() {
			vm.NotMigratableReason = explained(c)
		}
	}
	if vm.Instance != domain.InstanceLive {
		return
	}
	vm.GuestAgent = domain.FactOf(find(conditions, "AgentConnected").isTrue())
	vm.Paused = find(conditions, "Paused").isTrue()
}

// softRebootable follows SoftRebootVMIRequestHandler (pkg/virt-api/rest/lifecycle.go, v1.9.0): refused when no agent is
// connected and ACPI is explicitly off.
func softRebootable(vm *domain.VM, guest *guestView) domain.Fact {
	if vm.Instance != domain.InstanceLive {
		return domain.FactUnknown
	}
	return domain.FactOf(vm.GuestAgent == domain.FactYes || !guest.acpiForbidden)
}

// migrating reads the state of the latest migration, which stays when the migration has ended: it moves from its start
// to its end, and is in flight from the moment a target was chosen.
func migrating(s *domain.MigrationState) (moving, inFlight bool) {
	if s == nil || s.Completed || s.Failed || !s.EndedAt.IsZero() {
		return false, false
	}
	moving = !s.StartedAt.IsZero()
	return moving, moving || s.UID != ""
}

func ended(s domain.InstanceState) bool {
	return s == domain.InstanceFinal || s == domain.InstanceFailed
}

// factOf reads a condition; status Unknown, or any other word, is unknown.
func factOf(c *conditionView) domain.Fact {
	switch {
	case c.isTrue():
		return domain.FactYes
	case c.isFalse():
		return domain.FactNo
	default:
		return domain.FactUnknown
	}
}

// explained is the reason of a condition with its message behind it.
func explained(c *conditionView) string {
	switch {
	case c.reason == "":
		return c.message
	case c.message == "":
		return c.reason
	default:
		return message(c.reason + ": " + c.message)
	}
}
