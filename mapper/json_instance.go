package mapper

import (
	"time"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// readInstance reads a VirtualMachineInstance of JSON as viewInstance does of the object.
func readInstance(c *cursor, v *instanceView) kindOf {
	var kind kindOf
	for name := range c.fields {
		switch name {
		case "metadata":
			c.meta(&v.objectView, func(name string) {
				if name == "ownerReferences" {
					v.owner = c.controller()
				}
			})
		case "spec":
			readGuest(c, &v.guest)
		case "status":
			readInstanceStatus(c, v)
		default:
			kind.field(c, name)
		}
	}
	v.reduce()
	return kind
}

func readInstanceStatus(c *cursor, v *instanceView) {
	transitions := -1
	for name := range c.fields {
		switch name {
		case "phase":
			v.phase = c.str()
		case "reason":
			v.reason = c.str()
		case "nodeName":
			v.node = c.str()
		case "phaseTransitionTimestamps":
			transitions = c.at
		case "conditions":
			v.conditions = c.conditions(v.conditions)
		case "interfaces":
			v.interfaces = readList(c, v.interfaces, readGuestInterface)
		case "guestOSInfo":
			v.guestOS = c.guestOS()
		case "migrationState":
			v.migration = c.migration()
		case "currentCPUTopology":
			if c.object() {
				v.topology = &cpuView{}
				v.topology.topology(c)
			}
		case "memory":
			v.memory = c.amount("guestCurrent")
		case "volumeStatus":
			v.volumes = readList(c, v.volumes, readVolumeStatus)
		}
	}
	if transitions >= 0 { // only now the phase is known for certain
		end := c.at
		c.at = transitions
		v.phaseSince, v.runningSince = c.phaseTimes(v.phase)
		c.at = end
	}
}

func (c *cursor) phaseTimes(now string) (present, running time.Time) {
	for range c.elements {
		var phase string
		var at time.Time
		for name := range c.fields {
			switch name {
			case "phase":
				phase = c.str()
			case "phaseTransitionTimestamp":
				at = c.time()
			}
		}
		if phase == now {
			present = at
		}
		if phase == string(kubevirtv1.Running) {
			running = at
		}
	}
	return present, running
}

func readGuestInterface(c *cursor, i *domain.Interface) {
	var single string
	for name := range c.fields {
		switch name {
		case "name":
			i.Network = c.str()
		case "interfaceName":
			i.Device = c.str()
		case "mac":
			i.MAC = c.str()
		case "ipAddress":
			single = c.str()
		case "ipAddresses":
			i.IPs = readList(c, nil, func(c *cursor, s *string) { *s = c.str() })
		case "infoSource":
			i.Sources = sources(c.str())
		case "linkState":
			i.LinkState = c.str()
		}
	}
	i.IPs = addresses(single, i.IPs)
}

func (c *cursor) guestOS() domain.GuestOS {
	var os kubevirtv1.VirtualMachineInstanceGuestOSInfo
	for name := range c.fields {
		switch name {
		case "name":
			os.Name = c.str()
		case "prettyName":
			os.PrettyName = c.str()
		case "id":
			os.ID = c.str()
		case "version":
			os.Version = c.str()
		case "versionId":
			os.VersionID = c.str()
		case "kernelRelease":
			os.KernelRelease = c.str()
		}
	}
	return viewGuestOS(&os)
}

func (c *cursor) migration() *domain.MigrationState {
	if !c.object() {
		return nil
	}
	s := &domain.MigrationState{}
	for name := range c.fields {
		switch name {
		case "migrationUid":
			s.UID = c.str()
		case "sourceNode":
			s.SourceNode = c.str()
		case "targetNode":
			s.TargetNode = c.str()
		case "startTimestamp":
			s.StartedAt = c.time()
		case "endTimestamp":
			s.EndedAt = c.time()
		case "completed":
			s.Completed = c.flag()
		case "failed":
			s.Failed = c.flag()
		case "failureReason":
			s.FailureReason = c.str()
		case "abortStatus":
			s.AbortStatus = c.str()
		case "mode":
			s.Mode = c.str()
		}
	}
	return s
}

func readVolumeStatus(c *cursor, s *volumeStatusView) {
	for name := range c.fields {
		switch name {
		case "name":
			s.name = c.str()
		case "phase":
			s.phase = c.str()
		case "reason":
			s.reason = c.str()
		case "message":
			s.message = c.str()
		case "size":
			size, _ := c.int()
			s.bytes = max(s.bytes, size)
		case "persistentVolumeClaimInfo":
			for name := range c.fields {
				if name == "capacity" {
					s.bytes = max(s.bytes, c.amount("storage"))
				}
			}
		case "hotplugVolume":
			s.hotplug = c.object()
		}
	}
}
