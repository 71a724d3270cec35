package vmspec

import (
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// DefaultNetwork is the name of the network that a spec without networks gets; KubeVirt itself uses the same name.
const DefaultNetwork = "default"

// Complete returns a copy of a valid spec with the defaults filled in, which shares nothing with it: the run strategy
// of the manifest, the managed-by identity, the claim, bus and kind-specific defaults of disks, the default network
// unless the manifest speaks of networks, and the bindings. What is built, stored and read back is the completed spec.
// Complete of a completed spec changes nothing.
func Complete(spec domain.VMSpec) domain.VMSpec {
	manifest, _ := ParseManifest(spec.Manifest)
	if spec.RunStrategy == "" {
		spec.RunStrategy = manifestRunStrategy(manifest)
	}
	spec.Identity.ManagedBy = domain.ManagedBy
	spec.CPU.Source = domain.SourceUnknown
	spec.Disks = slices.Clone(spec.Disks)
	for n := range spec.Disks {
		completeDisk(spec.Name, &spec.Disks[n])
	}
	spec.Networks = slices.Clone(spec.Networks)
	if spec.Networks == nil && !saysNetworks(manifest) {
		spec.Networks = []domain.Network{{Name: DefaultNetwork}}
	}
	for n := range spec.Networks {
		completeNetwork(&spec.Networks[n])
	}
	return detach(spec)
}

// Disks returns the disks that a VM made from a completed spec is read back with: those of the spec, then the
// cloud-init disk. Disks that only the manifest has are not among them.
func Disks(spec domain.VMSpec) []domain.Disk {
	disks := slices.Clone(spec.Disks)
	if spec.CloudInit != nil {
		disks = append(disks, domain.Disk{Name: CloudInitDisk, Kind: domain.DiskCloudInit, Bus: "virtio"})
	}
	return disks
}

// completeDisk fills in what KubeVirt would decide otherwise: it attaches disks without a bus as sata.
func completeDisk(vmName string, disk *domain.Disk) {
	disk.Claim = ClaimName(vmName, *disk)
	disk.Attached, disk.RawKind = domain.FactUnknown, ""
	switch {
	case disk.Bus != "":
	case disk.CDROM:
		disk.Bus = "sata"
	default:
		disk.Bus = "virtio"
	}
	if disk.CDROM {
		disk.ReadOnly = true // KubeVirt's default for CD-ROM drives, and all they can be
	}
}

func completeNetwork(network *domain.Network) {
	switch {
	case network.Binding != "":
	case network.Attachment == domain.NetworkPod:
		network.Binding = BindingMasquerade
	default:
		network.Binding = BindingBridge
	}
}

// saysNetworks says whether a manifest decides about networks, be it to have none.
func saysNetworks(manifest object) bool {
	template := child(manifest, "spec", "template", "spec")
	devices := child(template, "domain", "devices")
	return template["networks"] != nil || devices["interfaces"] != nil || devices["autoattachPodInterface"] != nil
}

// detach copies what a shallow copy of a spec still shares with it.
func detach(spec domain.VMSpec) domain.VMSpec {
	spec.Labels, spec.Annotations = maps.Clone(spec.Labels), maps.Clone(spec.Annotations)
	spec.GuestLabels, spec.NodeSelector = maps.Clone(spec.GuestLabels), maps.Clone(spec.NodeSelector)
	spec.InstanceType, spec.Preference = matcher(spec.InstanceType), matcher(spec.Preference)
	if spec.CloudInit != nil {
		spec.CloudInit = new(*spec.CloudInit)
	}
	spec.Tolerations = slices.Clone(spec.Tolerations)
	for n, t := range spec.Tolerations {
		if t.Seconds != nil {
			spec.Tolerations[n].Seconds = new(*t.Seconds)
		}
	}
	spec.Manifest = slices.Clone(spec.Manifest)
	return spec
}

// matcher copies a matcher for a spec, where the revision of a read means nothing.
func matcher(m *domain.Matcher) *domain.Matcher {
	if m == nil {
		return nil
	}
	return &domain.Matcher{Name: m.Name, Namespaced: m.Namespaced}
}
