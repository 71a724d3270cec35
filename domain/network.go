package domain

import "net/netip"

// NetworkPod is the value of Network.Attachment for the cluster's own pod network.
const NetworkPod = ""

// Network is a network interface as it was asked for.
type Network struct {
	// Name is unique in the VM; updates go by it.
	Name string `json:"name"`
	// Attachment is NetworkPod, or the NetworkAttachmentDefinition ("name" or "namespace/name") of a secondary network.
	Attachment string `json:"attachment,omitempty"`
	// Binding is masquerade, bridge, sriov, or the name of a binding plugin. Empty on a spec: masquerade on the pod
	// network, bridge elsewhere.
	Binding string `json:"binding,omitempty"`
	// Model is the device model; empty is virtio.
	Model string `json:"model,omitempty"`
	// MAC is given only when it is to be fixed.
	MAC string `json:"mac,omitempty"`
}

// Interface is a network interface that a running instance has.
type Interface struct {
	// Network is the name of the [Network] it belongs to; empty for devices that only the guest knows.
	Network string `json:"network,omitempty"`
	// Device is the guest's name for it.
	Device string `json:"device,omitempty"`
	MAC    string `json:"mac,omitempty"`
	// IPs are in the order reported, each in canonical text form.
	IPs []string `json:"ips,omitempty"`
	// Sources say who reported it: domain, guest-agent, multus-status.
	Sources   []string `json:"sources,omitempty"`
	LinkState string   `json:"linkState,omitempty"`
}

// PrimaryIP picks the one address that stands for the VM: of the interface on the pod network, else of the first
// network asked for, the first address that is neither loopback nor link-local. IPv4 and IPv6 are taken in the order
// reported. It is empty when that interface has none: an address of another network is never shown instead, since
// interfaces are reported in no promised order (KubeVirt's VMI.status.interfaces) and the answer would flap.
func PrimaryIP(networks []Network, interfaces []Interface) string {
	if len(networks) == 0 {
		return ""
	}
	primary := networks[0].Name
	for _, network := range networks {
		if network.Attachment == NetworkPod {
			primary = network.Name
			break
		}
	}
	for _, iface := range interfaces {
		if iface.Network != primary {
			continue
		}
		for _, ip := range iface.IPs {
			if addr, err := netip.ParseAddr(ip); err == nil && !addr.IsLoopback() && !addr.IsLinkLocalUnicast() {
				return ip
			}
		}
	}
	return ""
}
