package domain

// DiskKind says where the bytes of a disk come from.
type DiskKind string

// The kinds of disk. A [VMSpec] takes the first five.
const (
	DiskImage      DiskKind = "IMAGE"       // a container image; changes are lost with the instance. Disk.Image
	DiskDataVolume DiskKind = "DATA_VOLUME" // an existing DataVolume. Disk.Claim is its name
	DiskClaim      DiskKind = "CLAIM"       // an existing persistent volume claim. Disk.Claim
	DiskBlank      DiskKind = "BLANK"       // a new empty disk of Disk.Bytes, made with the VM (Disk.Claim names it) and deleted with it
	DiskClone      DiskKind = "CLONE"       // a new copy of claim Disk.SourceNamespace/SourceClaim, made with the VM (Disk.Claim names it)
	DiskCloudInit  DiskKind = "CLOUD_INIT"  // the cloud-init disk; its content is never read
	DiskOther      DiskKind = "OTHER"       // anything else KubeVirt has; Disk.RawKind says what
)

// Disk is a disk or another volume of a VM.
type Disk struct {
	// Name is unique in the VM; updates go by it.
	Name string   `json:"name"`
	Kind DiskKind `json:"kind"`
	// RawKind is KubeVirt's name of the volume source, for kind OTHER.
	RawKind string `json:"rawKind,omitempty"`
	// Image is the container image of kind IMAGE.
	Image string `json:"image,omitempty"`
	// Claim is the claim or DataVolume behind the disk. For BLANK and CLONE on a spec, empty means VMNAME-DISKNAME.
	Claim string `json:"claim,omitempty"`
	// SourceNamespace and SourceClaim are what a CLONE copies; an empty namespace is that of the VM.
	SourceNamespace string `json:"sourceNamespace,omitempty"`
	SourceClaim     string `json:"sourceClaim,omitempty"`
	// Bytes is the size; required for BLANK, zero for "as large as the source" or "unknown".
	Bytes int64 `json:"bytes,omitempty"`
	// StorageClass of BLANK and CLONE; empty is the cluster's default.
	StorageClass string `json:"storageClass,omitempty"`
	// Bus is virtio, sata, scsi or usb; empty on a spec is virtio.
	Bus string `json:"bus,omitempty"`
	// CDROM presents the disk as a CD-ROM drive.
	CDROM    bool `json:"cdrom,omitempty"`
	ReadOnly bool `json:"readOnly,omitempty"`
	// BootOrder begins at 1; zero is unordered.
	BootOrder int32 `json:"bootOrder,omitempty"`
	// Hotpluggable disks were attached to a running VM, or may be detached from one.
	Hotpluggable bool `json:"hotpluggable,omitempty"`
	// Attached says whether the running instance has it; unknown without an instance. Ignored on a spec.
	Attached Fact `json:"attached,omitempty"`
}
