package vmspec

import (
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// DefaultNetwork is the name of the network that a spec without networks gets; KubeVirt itself uses the same name.
const DefaultNetwork = "default"

// Complete returns a copy of a valid spec with the defaults filled in, which shares nothing with it: the run strategy
// of the manifest, the managed-by identity, the claims and buses of disks, the default network unless the manifest
// speaks of networks, and the bindings. Where the manifest has a disk or interface of the same name, what it says of
// bus and binding stands. What is built, stored and read back is the completed spec. Complete of a completed spec
// changes nothing. It is [CompleteFor] without a place.
func Complete(spec domain.VMSpec) domain.VMSpec { return CompleteFor(Options{}, spec) }

// CompleteFor is Complete for a namespace: the source namespace of a cloned disk is then left out where it is the
// namespace itself, as a read does.
func CompleteFor(opts Options, spec domain.VMSpec) domain.VMSpec {
	manifest, _ := ParseManifest(spec.Manifest)
	devices := child(manifest, "spec", "template", "spec", "domain", "devices")
	if spec.RunStrategy == "" {
		spec.RunStrategy = manifestRunStrategy(manifest)
	}
	spec.Identity.ManagedBy = domain.ManagedBy
	spec.CPU.Source = domain.SourceUnknown
	spec.Disks = slices.Clone(spec.Disks)
	for n := range spec.Disks {
		d := &spec.Disks[n]
		completeDisk(opts, spec.Name, d, hasNamed(devices["disks"], d.Name))
	}
	spec.Networks = slices.Clone(spec.Networks)
	if spec.Networks == nil && !saysNetworks(manifest) {
		spec.Networks = []domain.Network{{Name: DefaultNetwork}}
	}
	for n := range spec.Networks {
		if network := &spec.Networks[n]; network.Binding == "" && !hasNamed(devices["interfaces"], network.Name) {
			network.Binding = defaultBinding(network.Attachment)
		}
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
func completeDisk(opts Options, vmName string, disk *domain.Disk, inManifest bool) {
	disk.Claim = ClaimName(vmName, *disk)
	disk.Attached, disk.RawKind = domain.FactUnknown, ""
	if disk.SourceNamespace == opts.Namespace {
		disk.SourceNamespace = ""
	}
	if disk.CDROM {
		disk.ReadOnly = true // KubeVirt's default for CD-ROM drives, and all they can be
	}
	switch {
	case disk.Bus != "" || inManifest:
	case disk.CDROM:
		disk.Bus = "sata"
	default:
		disk.Bus = "virtio"
	}
}

func defaultBinding(attachment string) string {
	if attachment == domain.NetworkPod {
		return BindingMasquerade
	}
	return BindingBridge
}

// hasNamed says whether a list of a manifest has an element of that name.
func hasNamed(list any, name string) bool {
	elements, _ := list.([]any)
	for _, element := range elements {
		if o, ok := element.(object); ok && o["name"] == name {
			return true
		}
	}
	return false
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
