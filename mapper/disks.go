package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

// disks joins volumes, the devices the guest sees them by, the DataVolumes made with the VM, and what the instance
// says of each. The order is that of the volumes; then come drives without a medium, then volumes that were attached
// to the instance alone and are gone at its next start.
func disks(v *vmView, i *instanceView) []domain.Disk {
	guest := &v.guest
	out := make([]domain.Disk, 0, len(guest.volumes)+1)
	for n := range guest.volumes {
		d := disk(&guest.volumes[n], guest.devices)
		if d.Kind == domain.DiskDataVolume {
			madeWithVM(&d, v)
		}
		out = append(out, d)
	}
	for n := range guest.devices {
		if device := &guest.devices[n]; !hasVolume(guest.volumes, device.name) {
			d := domain.Disk{Name: device.name, Kind: domain.DiskOther, RawKind: "empty"}
			attachDevice(&d, device)
			out = append(out, d)
		}
	}
	if i != nil {
		out = attached(out, i)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func disk(volume *volumeView, devices []deviceView) domain.Disk {
	d := domain.Disk{
		Name:         volume.name,
		Kind:         volume.kind,
		RawKind:      volume.rawKind,
		Image:        volume.image,
		Claim:        volume.claim,
		Bytes:        volume.bytes,
		Hotpluggable: volume.hotpluggable,
	}
	for n := range devices {
		if devices[n].name == volume.name {
			attachDevice(&d, &devices[n])
			break
		}
	}
	return d
}

func attachDevice(d *domain.Disk, device *deviceView) {
	d.Bus = device.bus
	d.CDROM = device.cdrom
	d.ReadOnly = device.readOnly
	d.BootOrder = device.bootOrder
}

// madeWithVM tells a disk that is made and deleted with the VM from one that was there before. A template that imports
// from elsewhere stays DATA_VOLUME, with the size it asks for.
func madeWithVM(d *domain.Disk, v *vmView) {
	for n := range v.templates {
		t := &v.templates[n]
		if t.name != d.Claim {
			continue
		}
		d.Bytes = t.bytes
		d.StorageClass = t.storageClass
		switch {
		case t.blank:
			d.Kind = domain.DiskBlank
		case t.clone:
			d.Kind, d.SourceClaim = domain.DiskClone, t.sourceClaim
			if t.sourceNamespace != v.namespace {
				d.SourceNamespace = t.sourceNamespace
			}
		}
		return
	}
}

func hasVolume(volumes []volumeView, name string) bool {
	for n := range volumes {
		if volumes[n].name == name {
			return true
		}
	}
	return false
}

func hasDevice(devices []deviceView, name string) bool {
	for n := range devices {
		if devices[n].name == name {
			return true
		}
	}
	return false
}

func hasDisk(disks []domain.Disk, name string) bool {
	for n := range disks {
		if disks[n].Name == name {
			return true
		}
	}
	return false
}
