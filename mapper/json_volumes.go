package mapper

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// volumeSources are the names of all sources of volumes, the one that counts first, as in viewVolume.
var volumeSources = []string{
	"containerDisk", "dataVolume", "persistentVolumeClaim", "cloudInitNoCloud", "cloudInitConfigDrive",
	"emptyDisk", "ephemeral", "memoryDump", "hostDisk", "sysprep", "configMap", "secret", "downwardAPI",
	"serviceAccount", "downwardMetrics", "containerPath",
}

// readVolume reads a volume as viewVolume does of the object. Of cloud-init volumes nothing but the kind is read.
func readVolume(c *cursor, v *volumeView) {
	v.kind = domain.DiskOther
	best := len(volumeSources)
	for field := range c.fields {
		if field == "name" {
			v.name = c.str()
			continue
		}
		rank := slices.Index(volumeSources, field)
		if rank < 0 || !c.object() {
			continue
		}
		source := volumeView{name: v.name, kind: domain.DiskOther}
		readVolumeSource(c, volumeSources[rank], &source)
		if rank < best {
			best, source.name = rank, v.name
			*v = source
		}
	}
}

func readVolumeSource(c *cursor, source string, v *volumeView) {
	switch source {
	case "containerDisk":
		v.kind, v.image = domain.DiskImage, c.named("image")
	case "dataVolume":
		v.kind = domain.DiskDataVolume
		v.claim, v.hotpluggable = c.claimed("name")
	case "persistentVolumeClaim":
		v.kind = domain.DiskClaim
		v.claim, v.hotpluggable = c.claimed("claimName")
	case "cloudInitNoCloud", "cloudInitConfigDrive":
		v.kind = domain.DiskCloudInit
	case "emptyDisk", "hostDisk":
		v.rawKind, v.bytes = source, c.amount("capacity")
	case "ephemeral":
		v.rawKind = source
		for name := range c.fields {
			if name == "persistentVolumeClaim" {
				v.claim = c.named("claimName")
			}
		}
	case "memoryDump":
		v.rawKind = source
		v.claim, v.hotpluggable = c.claimed("claimName")
	default:
		v.rawKind = source
	}
}

// claimed reads the name of a claim, and whether it may be plugged into a running instance.
func (c *cursor) claimed(field string) (claim string, hotpluggable bool) {
	for name := range c.fields {
		switch name {
		case field:
			claim = c.str()
		case "hotpluggable":
			hotpluggable = c.flag()
		}
	}
	return claim, hotpluggable
}
