package vmspec

import (
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// CloudInitDisk is the name of the disk that VMSpec.CloudInit adds.
const CloudInitDisk = "cloudinit"

func (c *checker) disks(spec domain.VMSpec) {
	seen := map[string]bool{}
	if spec.CloudInit != nil {
		seen[CloudInitDisk] = true
	}
	made := map[string]bool{}
	order := map[int32]bool{}
	for n, disk := range spec.Disks {
		field := func(name string) string { return at("disks", n, name) }
		c.elementName(field("name"), disk.Name, seen)
		c.disk(field, disk)
		if disk.BootOrder > 0 && order[disk.BootOrder] {
			c.add(field("bootOrder"), domain.FieldDuplicate, "")
		}
		order[disk.BootOrder] = true
		if disk.Kind != domain.DiskBlank && disk.Kind != domain.DiskClone {
			continue
		}
		claim := ClaimName(spec.Name, disk)
		if made[claim] {
			c.add(field("claim"), domain.FieldDuplicate, "two disks would make one claim")
		}
		made[claim] = true
	}
}

// elementName checks the name of a disk, which KubeVirt makes the name of a container, and that it is the only one.
func (c *checker) elementName(field, name string, seen map[string]bool) {
	if e := names.ObjectNew(field, name); e != nil {
		c.report(e)
		return
	}
	if seen[name] {
		c.add(field, domain.FieldDuplicate, "")
	}
	seen[name] = true
}

func (c *checker) disk(field func(string) string, disk domain.Disk) {
	switch disk.Kind {
	case domain.DiskImage:
		c.image(field("image"), disk.Image)
	case domain.DiskDataVolume, domain.DiskClaim:
		c.report(names.Object(field("claim"), disk.Claim))
	case domain.DiskBlank, domain.DiskClone:
		c.madeDisk(field, disk)
	case "":
		c.add(field("kind"), domain.FieldRequired, "")
	default:
		c.add(field("kind"), domain.FieldNotSupported, "use the manifest")
	}
	if disk.Bytes < 0 {
		c.add(field("bytes"), domain.FieldOutOfRange, "negative")
	}
	if disk.BootOrder < 0 {
		c.add(field("bootOrder"), domain.FieldOutOfRange, "begins at 1")
	}
	c.diskDevice(field, disk)
}

// madeDisk checks a disk that is made together with the VM.
func (c *checker) madeDisk(field func(string) string, disk domain.Disk) {
	if disk.Claim != "" {
		c.report(names.Object(field("claim"), disk.Claim))
	}
	if disk.StorageClass != "" {
		c.report(names.Object(field("storageClass"), disk.StorageClass))
	}
	if disk.Kind == domain.DiskBlank {
		if disk.Bytes == 0 {
			c.add(field("bytes"), domain.FieldRequired, "")
		}
		return
	}
	c.report(names.Object(field("sourceClaim"), disk.SourceClaim))
	if disk.SourceNamespace != "" {
		c.report(names.Namespace(field("sourceNamespace"), disk.SourceNamespace))
	}
}

// diskDevice checks how the guest sees the disk: pkg/storage/admitters/disks.go, validateBusSupport.
func (c *checker) diskDevice(field func(string) string, disk domain.Disk) {
	c.oneOf(field("bus"), disk.Bus, "virtio", "sata", "scsi", "usb")
	if disk.CDROM && disk.Bus == "virtio" {
		c.add(field("bus"), domain.FieldContradicts, "a CD-ROM drive has no virtio bus")
	}
	if !disk.CDROM && disk.ReadOnly && disk.Bus == "sata" {
		c.add(field("readOnly"), domain.FieldContradicts, "a sata disk cannot be read-only")
	}
	if disk.Hotpluggable && disk.Kind == domain.DiskImage {
		c.add(field("hotpluggable"), domain.FieldNotSupported, "container images cannot be hot-plugged")
	}
}

func (c *checker) image(field, image string) {
	switch {
	case image == "":
		c.add(field, domain.FieldRequired, "")
	case strings.ContainsFunc(image, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		c.add(field, domain.FieldInvalid, "white space or other than ASCII")
	}
}

// ClaimName is the claim behind a disk: its own, and for one that is made with the VM the default VMNAME-DISKNAME.
func ClaimName(vmName string, disk domain.Disk) string {
	if disk.Claim == "" && (disk.Kind == domain.DiskBlank || disk.Kind == domain.DiskClone) {
		return vmName + "-" + disk.Name
	}
	return disk.Claim
}
