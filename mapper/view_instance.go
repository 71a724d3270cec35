package mapper

import (
	"time"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// viewInstance reduces a VirtualMachineInstance; vmi is not nil.
func viewInstance(vmi *kubevirtv1.VirtualMachineInstance) *instanceView {
	status := &vmi.Status
	v := &instanceView{
		objectView: viewMeta(&vmi.ObjectMeta),
		owner:      string(controllerOf(&vmi.ObjectMeta)),
		guest:      viewGuest(&vmi.Spec),
		phase:      string(status.Phase),
		reason:     status.Reason,
		node:       status.NodeName,
		conditions: viewInstanceConditions(status.Conditions),
		interfaces: viewGuestInterfaces(status.Interfaces),
		guestOS:    viewGuestOS(&status.GuestOSInfo),
		migration:  viewMigration(status.MigrationState),
		volumes:    viewVolumeStatus(status.VolumeStatus),
	}
	v.phaseSince, v.runningSince = phaseTimes(status)
	if t := status.CurrentCPUTopology; t != nil {
		v.topology = &cpuView{sockets: t.Sockets, cores: t.Cores, threads: t.Threads}
	}
	if m := status.Memory; m != nil && m.GuestCurrent != nil {
		v.memory = max(m.GuestCurrent.Value(), 0)
	}
	v.reduce()
	return v
}

// phaseTimes returns when the present phase began, and when the instance began to run: not its creation, after which
// it may wait for a node for a long time.
func phaseTimes(status *kubevirtv1.VirtualMachineInstanceStatus) (present, running time.Time) {
	for n := range status.PhaseTransitionTimestamps {
		t := &status.PhaseTransitionTimestamps[n]
		if t.Phase == status.Phase {
			present = utc(t.PhaseTransitionTimestamp)
		}
		if t.Phase == kubevirtv1.Running {
			running = utc(t.PhaseTransitionTimestamp)
		}
	}
	return present, running
}

func viewInstanceConditions(in []kubevirtv1.VirtualMachineInstanceCondition) []conditionView {
	out := make([]conditionView, len(in))
	for n := range in {
		c := &in[n]
		out[n] = conditionView{string(c.Type), string(c.Status), c.Reason, c.Message, utc(c.LastTransitionTime)}
	}
	return out
}

func viewGuestOS(os *kubevirtv1.VirtualMachineInstanceGuestOSInfo) domain.GuestOS {
	return domain.GuestOS{
		Name:    first(os.Name, os.PrettyName, os.ID),
		Version: first(os.Version, os.VersionID),
		Kernel:  os.KernelRelease,
	}
}

func viewMigration(s *kubevirtv1.VirtualMachineInstanceMigrationState) *domain.MigrationState {
	if s == nil {
		return nil
	}
	return &domain.MigrationState{
		UID:           text(string(s.MigrationUID)),
		SourceNode:    text(s.SourceNode),
		TargetNode:    text(s.TargetNode),
		StartedAt:     utcOf(s.StartTimestamp),
		EndedAt:       utcOf(s.EndTimestamp),
		Completed:     s.Completed,
		Failed:        s.Failed,
		FailureReason: message(s.FailureReason),
		AbortStatus:   text(string(s.AbortStatus)),
		Mode:          text(string(s.Mode)),
	}
}

func viewVolumeStatus(in []kubevirtv1.VolumeStatus) []volumeStatusView {
	out := make([]volumeStatusView, len(in))
	for n := range in {
		s := &in[n]
		v := volumeStatusView{
			name: s.Name, phase: string(s.Phase), reason: s.Reason, message: s.Message,
			bytes: max(s.Size, 0), hotplug: s.HotplugVolume != nil,
		}
		if claim := s.PersistentVolumeClaimInfo; claim != nil {
			v.bytes = max(v.bytes, bytesOf(claim.Capacity))
		}
		out[n] = v
	}
	return out
}

// first returns the first string that is not empty.
func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
