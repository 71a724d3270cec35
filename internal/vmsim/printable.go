package vmsim

import "github.com/kv-shepherd/shepherd-go/domain"

// printableStatus is KubeVirt's printableStatus: setPrintableStatus of vm.go. First match wins; the order matters,
// since several hold at once.
func (m *Machine) printableStatus() string {
	i := &m.instance
	running := i.phase == PhaseRunning
	switch {
	case m.knobs.Printable != "":
		return m.knobs.Printable
	case m.deleting:
		return "Terminating"
	case i.exists() && !i.finished() && i.deleting:
		return "Stopping"
	case i.exists() && !i.finished() && m.migration.inFlight() && m.migration.moving():
		return "Migrating"
	case running && i.paused:
		return "Paused"
	case running:
		return "Running"
	case i.blocked == blockedByClaim:
		return "ErrorPvcNotFound"
	case m.knobs.DataVolumeError:
		return "DataVolumeError"
	case i.blocked == blockedByNodes:
		return "ErrorUnschedulable"
	case m.knobs.Provisioning || !m.provisioning.IsZero():
		return "Provisioning"
	case m.knobs.VolumesUnbound && m.setToStart():
		return "WaitingForVolumeBinding"
	case i.blocked == blockedByImage || i.blocked == blockedByImageOff:
		return string(i.blocked)
	}
	return m.printableWithoutGuest()
}

func (m *Machine) printableWithoutGuest() string {
	i := &m.instance
	switch {
	case i.phase == PhasePending || i.phase == PhaseScheduling || i.phase == PhaseScheduled:
		return "Starting"
	case (!i.exists() || i.finished()) && m.failures > 0:
		return "CrashLoopBackOff"
	case !i.exists() || i.finished():
		return "Stopped"
	case m.strategy == domain.RunStrategyWaitAsReceiver:
		return "WaitingForReceiver"
	default:
		return "Unknown" // a receiver whose strategy was changed
	}
}

// setToStart is KubeVirt's isSetToStart.
func (m *Machine) setToStart() bool {
	exists := m.instance.exists()
	switch m.strategy {
	case domain.RunStrategyAlways:
		return true
	case domain.RunStrategyManual:
		if exists {
			return !m.stopRequested()
		}
		return m.startRequested()
	case domain.RunStrategyRerunOnFailure:
		return m.instance.phase != PhaseSucceeded
	case domain.RunStrategyOnce:
		return !exists
	default:
		return false
	}
}
