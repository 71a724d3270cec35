package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

// words are the strings that objects are full of: a record has one byte for each. The empty string is the first. There
// must be fewer than 128, and the fewer there are, the longer is a string whose length takes one byte.
var words = append([]string{
	"",
	// Phases of instances, printable statuses, run strategies.
	"Pending", "Scheduling", "Scheduled", "Running", "Succeeded", "Failed",
	"Stopped", "Provisioning", "Starting", "Paused", "Stopping", "Terminating", "Migrating",
	"WaitingForVolumeBinding", "ErrorUnschedulable", "CrashLoopBackOff",
	"Always", "Halted", "RerunOnFailure", "Manual", "Once",
	// Statuses and reasons of conditions; their types are codes of their own (condition.go).
	"True", "False", "PausedByUser", "Unschedulable", "DisksNotLiveMigratable", "InterfaceNotLiveMigratable",
	// Volumes and devices.
	"Ready", "Bound", "VolumeReady", "rootdisk", "disk0", "cloudinitdisk", "cloudinit",
	string(domain.DiskImage), string(domain.DiskDataVolume), string(domain.DiskClaim), string(domain.DiskCloudInit),
	string(domain.DiskOther), "virtio", "sata", "scsi",
	// Networks.
	"default", "masquerade", "bridge", "sriov", "eth0", "enp1s0", "domain", "guest-agent", "multus-status", "up",
	// Migrations, placement, guests.
	"PreCopy", "PostCopy", "Exists", "Equal", "NoSchedule", "NoExecute", "linux", "amd64",
	"kubernetes.io/os", "kubernetes.io/arch", "kubernetes.io/hostname",
	// Keys of labels.
	"kubevirt.io/vm", "kubevirt.io/domain", "kubevirt.io/size", "app",
	domain.LabelKey("", "idempotency-key"), domain.LabelKey("", "spec-hash"), domain.LabelKey("", "owned"),
	domain.LabelKey("", "provenance"), "kubevirt-shepherd",
}, domain.IdentityLabelKeys(domain.DefaultLabelPrefix)...)

var wordCodes = func() map[string]byte {
	codes := make(map[string]byte, len(words))
	for n, word := range words {
		codes[word] = byte(n)
	}
	return codes
}()
