package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

// attached adds what an instance says of its volumes, and after them the volumes that were plugged into it alone.
func attached(disks []domain.Disk, i *instanceView) []domain.Disk {
	live := instanceState(i.phase) == domain.InstanceLive
	for n := range disks {
		d := &disks[n]
		s := i.volume(d.Name)
		if s != nil {
			if s.bytes > 0 {
				d.Bytes = s.bytes
			}
			d.Hotpluggable = d.Hotpluggable || s.hotplug
		}
		if live {
			d.Attached = domain.FactOf(i.has(d, s))
		}
	}
	if live {
		disks = pluggedIntoInstance(disks, i)
	}
	return disks
}

// has says whether a live instance has a disk. Its specification lists what it was started with and what is plugged in
// since; of the latter the status tells when it has arrived.
func (i *instanceView) has(d *domain.Disk, s *volumeStatusView) bool {
	if s != nil {
		return s.isAttached()
	}
	return !d.Hotpluggable && (hasVolume(i.guest.volumes, d.Name) || hasDevice(i.guest.devices, d.Name))
}

// pluggedIntoInstance adds the volumes that the VM object does not know.
func pluggedIntoInstance(disks []domain.Disk, i *instanceView) []domain.Disk {
	known := len(disks)
	for n := range i.guest.volumes {
		volume := &i.guest.volumes[n]
		s := i.volume(volume.name)
		if s == nil || !s.hotplug || hasDisk(disks[:known], volume.name) {
			continue
		}
		d := disk(volume, i.guest.devices)
		d.Hotpluggable, d.Attached = true, domain.FactOf(s.isAttached())
		if s.bytes > 0 {
			d.Bytes = s.bytes
		}
		disks = append(disks, d)
	}
	return disks
}

// isAttached says whether a volume that the instance lists is there: a hot-plugged one is when its phase is Ready.
func (s *volumeStatusView) isAttached() bool { return !s.hotplug || s.phase == "Ready" }

// failing says whether the reason and message of a volume are an error's: a volume that is attached has both too.
func (s *volumeStatusView) failing() bool {
	return s.phase == "Pending" && s.reason != "" || s.phase == "MemoryDumpFailed"
}

// volume finds what an instance says of a volume, or nil.
func (i *instanceView) volume(name string) *volumeStatusView {
	for n := range i.volumes {
		if i.volumes[n].name == name {
			return &i.volumes[n]
		}
	}
	return nil
}
