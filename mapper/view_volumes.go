package mapper

import (
	"math"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func viewVolumes(in []kubevirtv1.Volume) []volumeView {
	out := make([]volumeView, len(in))
	for n := range in {
		out[n] = viewVolume(&in[n])
	}
	return out
}

// viewVolume tells the kinds of volume apart. Of cloud-init volumes nothing but the kind is read.
func viewVolume(volume *kubevirtv1.Volume) volumeView {
	v := volumeView{name: volume.Name}
	source := &volume.VolumeSource
	switch {
	case source.ContainerDisk != nil:
		v.kind, v.image = domain.DiskImage, source.ContainerDisk.Image
	case source.DataVolume != nil:
		v.kind, v.claim = domain.DiskDataVolume, source.DataVolume.Name
		v.hotpluggable = source.DataVolume.Hotpluggable
	case source.PersistentVolumeClaim != nil:
		v.kind, v.claim = domain.DiskClaim, source.PersistentVolumeClaim.ClaimName
		v.hotpluggable = source.PersistentVolumeClaim.Hotpluggable
	case source.CloudInitNoCloud != nil, source.CloudInitConfigDrive != nil:
		v.kind = domain.DiskCloudInit
	default:
		v.kind = domain.DiskOther
		viewOtherVolume(source, &v)
	}
	return v
}

// viewOtherVolume names the sources that have no kind of their own, by their JSON name in KubeVirt's API.
func viewOtherVolume(source *kubevirtv1.VolumeSource, v *volumeView) {
	switch {
	case source.EmptyDisk != nil:
		v.rawKind = "emptyDisk"
		v.bytes = max(source.EmptyDisk.Capacity.Value(), 0)
	case source.Ephemeral != nil:
		v.rawKind = "ephemeral"
		if source.Ephemeral.PersistentVolumeClaim != nil {
			v.claim = source.Ephemeral.PersistentVolumeClaim.ClaimName
		}
	case source.MemoryDump != nil:
		v.rawKind, v.claim = "memoryDump", source.MemoryDump.ClaimName
		v.hotpluggable = source.MemoryDump.Hotpluggable
	case source.HostDisk != nil:
		v.rawKind = "hostDisk"
		v.bytes = max(source.HostDisk.Capacity.Value(), 0)
	case source.Sysprep != nil:
		v.rawKind = "sysprep"
	case source.ConfigMap != nil:
		v.rawKind = "configMap"
	case source.Secret != nil:
		v.rawKind = "secret"
	case source.DownwardAPI != nil:
		v.rawKind = "downwardAPI"
	case source.ServiceAccount != nil:
		v.rawKind = "serviceAccount"
	case source.DownwardMetrics != nil:
		v.rawKind = "downwardMetrics"
	case source.ContainerPath != nil:
		v.rawKind = "containerPath"
	}
}

func viewDevices(in []kubevirtv1.Disk) []deviceView {
	out := make([]deviceView, len(in))
	for n := range in {
		disk := &in[n]
		d := deviceView{name: disk.Name}
		switch {
		case disk.CDRom != nil:
			d.bus, d.cdrom = string(disk.CDRom.Bus), true
			d.readOnly = disk.CDRom.ReadOnly == nil || *disk.CDRom.ReadOnly
		case disk.Disk != nil:
			d.bus, d.readOnly = string(disk.Disk.Bus), disk.Disk.ReadOnly
		case disk.LUN != nil:
			d.bus, d.readOnly = string(disk.LUN.Bus), disk.LUN.ReadOnly
		}
		if disk.BootOrder != nil {
			d.bootOrder = int32(min(*disk.BootOrder, math.MaxInt32))
		}
		out[n] = d
	}
	return out
}
