package kubevirtsim

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// checkDiskVolumes is about disks and the volumes of their names, and about the order in which a guest tries devices to
// boot from.
func (v version) checkDiskVolumes(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	devices, orders := at.Child("domain", "devices"), map[uint]bool{}
	for n, disk := range spec.Domain.Devices.Disks {
		at := devices.Child("disks").Index(n)
		found := slices.IndexFunc(spec.Volumes, func(volume kubevirtv1.Volume) bool { return volume.Name == disk.Name })
		switch {
		case found < 0 && disk.CDRom == nil:
			f.invalid(at.Child("name"), "%s '%s' not found.", at.Child("Name"), disk.Name)
		case found < 0 && !v.gate("DeclarativeHotplugVolumes"):
			f.invalid(at.Child("name"), "DeclarativeHotplugVolumes feature gate not enabled, cannot define an empty CD-ROM disk")
		case found >= 0:
			checkDiskVolume(f, at, disk, spec.Volumes[found])
		}
		if disk.BootOrder == nil {
			continue
		}
		if orders[*disk.BootOrder] {
			f.invalid(at.Child("bootOrder"), "Boot order for %s already set for a different device.", at.Child("bootOrder"))
		}
		orders[*disk.BootOrder] = true
	}
	for n, iface := range spec.Domain.Devices.Interfaces {
		order := devices.Child("interfaces").Index(n).Child("bootOrder")
		switch {
		case iface.BootOrder == nil:
		case *iface.BootOrder < 1:
			odd := at.Index(n) // the server leaves out the way from the spec
			f.invalid(odd.Child("bootOrder"), "%s must have a boot order > 0, if supplied", odd)
		default:
			if orders[*iface.BootOrder] {
				f.invalid(order, "Boot order for %s already set for a different device.", order)
			}
			orders[*iface.BootOrder] = true
		}
	}
}

func checkDiskVolume(f *findings, at *field.Path, disk kubevirtv1.Disk, volume kubevirtv1.Volume) {
	if disk.LUN != nil && volume.PersistentVolumeClaim == nil && volume.DataVolume == nil {
		f.invalid(at.Child("lun"), "%s can only be mapped to a DataVolume or PersistentVolumeClaim volume.", at.Child("lun"))
	}
	switch {
	case volume.DownwardMetrics == nil:
	case disk.Disk == nil:
		f.required(at.Child("disk"), "DownwardMetrics volume must be mapped to a disk, but disk is not set on %s.", at.Child("disk"))
	case disk.Disk.Bus != kubevirtv1.DiskBusVirtio && disk.Disk.Bus != "":
		f.invalid(at.Child("disk", "bus"), "DownwardMetrics volume must be mapped to virtio bus, but %s is set to %s", at.Child("disk", "bus"), disk.Disk.Bus)
	}
}

var diskSerial = regexp.MustCompile(`^[A-Za-z0-9_.+-]+$`)

// checkDisks is ValidateDisks of pkg/storage/admitters/disks.go. Some of its paths lead nowhere: the server appends the
// way from the domain to a path that is there already.
func checkDisks(f *findings, list *field.Path, disks []kubevirtv1.Disk) {
	for n, disk := range disks {
		at, odd := list.Index(n), list.Child("domain", "devices", "disks").Index(n)
		for other := range n {
			if disks[other].Name == disk.Name {
				f.invalid(at.Child("name"), "%s and %s must not have the same Name.", at, list.Index(other))
			}
		}
		kind, bus, targets := targetOf(disk)
		if targets > 1 {
			f.invalid(at, "%s can only have a single target type defined", at)
		}
		checkDiskPCI(f, list.Child("domain", "devices", "disks", "disk").Index(n), disk)
		if disk.BootOrder != nil && *disk.BootOrder < 1 {
			f.invalid(at.Child("bootOrder"), "%s must have a boot order > 0, if supplied", at)
		}
		checkBus(f, at, odd, disk, kind, bus)
		const longest = 256
		if disk.Serial != "" && !diskSerial.MatchString(disk.Serial) {
			f.invalid(at.Child("serial"), "%s must be made up of the following characters [A-Za-z0-9_.+-], if specified", at)
		}
		if len([]rune(disk.Serial)) > longest {
			f.invalid(at.Child("serial"), "%s must be less than or equal to %d in length, if specified", at, longest)
		}
		checkDiskModes(f, list, at, odd, disk)
		for _, fault := range validation.IsDNS1123Label(disk.Name) {
			f.invalid(odd.Child("name"), "%s", fault)
		}
		checkBlockSize(f, at.Child("blockSize"), disk, bus)
	}
}

func targetOf(disk kubevirtv1.Disk) (kind string, bus kubevirtv1.DiskBus, targets int) {
	if disk.CDRom != nil {
		kind, bus, targets = "cdrom", disk.CDRom.Bus, targets+1
	}
	if disk.LUN != nil {
		kind, bus, targets = "lun", disk.LUN.Bus, targets+1
	}
	if disk.Disk != nil {
		kind, bus, targets = "disk", disk.Disk.Bus, targets+1
	}
	return kind, bus, targets
}

func checkDiskPCI(f *findings, at *field.Path, disk kubevirtv1.Disk) {
	if disk.Disk == nil || disk.Disk.PciAddress == "" {
		return
	}
	if disk.Disk.Bus != kubevirtv1.DiskBusVirtio {
		f.invalid(at.Child("pciAddress"), "disk %s - setting a PCI address is only possible with bus type virtio.", at.Child("name"))
	}
	if !pciAddress.MatchString(disk.Disk.PciAddress) {
		f.invalid(at.Child("pciAddress"), "disk %s has malformed PCI address (%s).", at.Child("name"), disk.Disk.PciAddress)
	}
}

func checkBus(f *findings, at, odd *field.Path, disk kubevirtv1.Disk, kind string, bus kubevirtv1.DiskBus) {
	known := []kubevirtv1.DiskBus{kubevirtv1.DiskBusVirtio, kubevirtv1.DiskBusSCSI, kubevirtv1.DiskBusSATA, kubevirtv1.DiskBusUSB}
	switch {
	case bus == "":
		return
	case bus == "ide":
		f.invalid(at.Child(kind, "bus"), "IDE bus is not supported")
	case bus == kubevirtv1.DiskBusVirtio && kind == "cdrom":
		f.invalid(at.Child("cdrom", "bus"), "Bus type %s is invalid for CD-ROM device", bus)
	case bus == kubevirtv1.DiskBusSATA && disk.Disk != nil && disk.Disk.ReadOnly:
		f.invalid(at.Child("disk", "bus"), "%s hard-disks do not support read-only.", bus)
	case !slices.Contains(known, bus):
		f.invalid(at.Child(kind, "bus"), "%s is set with an unrecognized bus %s, must be one of: %v", at, bus, known)
	}
	if disk.DedicatedIOThread != nil && *disk.DedicatedIOThread && bus != kubevirtv1.DiskBusVirtio {
		f.notSupported(odd, "IOThreads are not supported for disks on a %s bus", bus)
	}
}

func checkDiskModes(f *findings, list, at, odd *field.Path, disk kubevirtv1.Disk) {
	if !slices.Contains([]kubevirtv1.DriverCache{"", kubevirtv1.CacheNone, kubevirtv1.CacheWriteThrough, kubevirtv1.CacheWriteBack}, disk.Cache) {
		f.invalid(at.Child("cache"), "%s has invalid value %s", at.Child("cache"), disk.Cache)
	}
	if !slices.Contains([]kubevirtv1.DriverIO{"", kubevirtv1.IONative, kubevirtv1.IOThreads}, disk.IO) {
		f.notSupported(odd.Child("io"), "Disk IO mode for %s is not supported. Supported modes are: native, threads.", list)
	}
	if policy := disk.ErrorPolicy; policy != nil && !slices.Contains([]kubevirtv1.DiskErrorPolicy{kubevirtv1.DiskErrorPolicyStop,
		kubevirtv1.DiskErrorPolicyIgnore, kubevirtv1.DiskErrorPolicyReport, kubevirtv1.DiskErrorPolicyEnospace}, *policy) {
		f.invalid(at.Child("errorPolicy"), "%s has invalid value %q", at.Child("errorPolicy"), *policy)
	}
}

func checkBlockSize(f *findings, at *field.Path, disk kubevirtv1.Disk, bus kubevirtv1.DiskBus) {
	if disk.BlockSize == nil || disk.BlockSize.Custom == nil {
		return
	}
	const least, most = 512, 2 << 20
	custom, matching := disk.BlockSize.Custom, disk.BlockSize.MatchVolume
	logical := at.Child("custom", "logical")
	switch {
	case matching != nil && (matching.Enabled == nil || *matching.Enabled):
		f.invalid(at, "Block size matching can't be enabled together with a custom value")
	case custom.Logical > custom.Physical:
		f.invalid(logical, "Logical size %d must be the same or less than the physical size of %d", custom.Logical, custom.Physical)
	case bus == kubevirtv1.DiskBusSATA && custom.Logical != least:
		f.invalid(logical, "Logical size %d must be %d for SATA devices", custom.Logical, least)
	case custom.DiscardGranularity != nil && custom.Logical != 0 && *custom.DiscardGranularity%custom.Logical != 0:
		f.invalid(at.Child("custom", "discardGranularity"), "Discard granularity %d must be multiples of logical size %d",
			*custom.DiscardGranularity, custom.Logical)
	default:
		for _, size := range []struct {
			at   *field.Path
			size uint
		}{{logical, custom.Logical}, {at.Child("custom", "physical"), custom.Physical}} {
			switch {
			case size.size < least:
				f.invalid(size.at, "Provided size of %d is less than the supported minimum size of %d", size.size, least)
			case size.size > most:
				f.invalid(size.at, "Provided size of %d is greater than the supported maximum size of %d", size.size, most)
			case size.size&(size.size-1) != 0:
				f.invalid(size.at, "Provided size of %d is not a power of 2", size.size)
			}
		}
	}
}

// checkPath wants the path of a file in an image.
func checkPath(f *findings, at *field.Path, path string) {
	switch {
	case path == "":
	case path == "/":
		f.invalid(at, "%s must not point to root", at)
	case filepath.Join("/", path) != strings.TrimSuffix(path, "/"):
		f.invalid(at, "%s must be an absolute path to a file without relative components", at)
	}
}

func checkContainerDisks(f *findings, at *field.Path, volumes []kubevirtv1.Volume) {
	for n, volume := range volumes {
		if volume.ContainerDisk != nil {
			checkPath(f, at.Index(n).Child("containerDisk"), volume.ContainerDisk.Path)
		}
	}
}
