package mapper

import (
	"net/netip"
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func viewNetworks(in []kubevirtv1.Network) []networkView {
	out := make([]networkView, len(in))
	for n := range in {
		network := &in[n]
		out[n].name = network.Name
		switch {
		case network.Multus != nil:
			out[n].attachment = network.Multus.NetworkName
		case network.ResourceClaim != nil:
			// Alpha in 1.9 and no attachment definition; but it must not read as the pod network.
			out[n].attachment = "resourceClaim:" + network.ResourceClaim.ClaimName
		}
	}
	return out
}

func viewInterfaces(in []kubevirtv1.Interface) []interfaceView {
	out := make([]interfaceView, len(in))
	for n := range in {
		iface := &in[n]
		out[n] = interfaceView{iface.Name, binding(iface), iface.Model, iface.MacAddress}
	}
	return out
}

// binding names how an interface is bound: a plugin by its own name, the built-in ones by their JSON name.
func binding(iface *kubevirtv1.Interface) string {
	switch {
	case iface.Binding != nil:
		return iface.Binding.Name
	case iface.Masquerade != nil:
		return "masquerade"
	case iface.Bridge != nil:
		return "bridge"
	case iface.SRIOV != nil:
		return "sriov"
	case iface.PasstBinding != nil:
		return "passtBinding"
	case iface.DeprecatedPasst != nil:
		return "passt"
	case iface.DeprecatedMacvtap != nil:
		return "macvtap"
	case iface.DeprecatedSlirp != nil:
		return "slirp"
	}
	return ""
}

// viewGuestInterfaces reads what the instance reports of its interfaces. All of it may come from the guest.
func viewGuestInterfaces(in []kubevirtv1.VirtualMachineInstanceNetworkInterface) []domain.Interface {
	if len(in) == 0 {
		return nil
	}
	out := make([]domain.Interface, len(in))
	for n := range in {
		iface := &in[n]
		out[n] = domain.Interface{
			Network:   iface.Name,
			Device:    iface.InterfaceName,
			MAC:       iface.MAC,
			IPs:       addresses(iface.IP, iface.IPs),
			Sources:   sources(iface.InfoSource),
			LinkState: iface.LinkState,
		}
	}
	return out
}

// addresses returns the reported addresses in canonical form, without those that are none. The single field is the
// first of the list wherever there is a list.
func addresses(first string, all []string) []string {
	if len(all) == 0 {
		if ip := address(first); ip != "" {
			return []string{ip}
		}
		return nil
	}
	var out []string
	for _, s := range all {
		if ip := address(s); ip != "" {
			if out == nil {
				out = make([]string, 0, len(all))
			}
			out = append(out, ip)
		}
	}
	return out
}

// address is the canonical text of an IP address: no zone, which is a name of the guest's, no IPv4 in IPv6, and no
// prefix length, which old guest agents reported. Empty when s is no address.
func address(s string) string {
	s, _, _ = strings.Cut(s, "/")
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	var room [64]byte
	if text := addr.Unmap().WithZone("").AppendTo(room[:0]); string(text) != s {
		return string(text)
	}
	return s // the usual case costs nothing
}

// sources splits the origins of what is known of an interface, "domain, guest-agent".
func sources(s string) []string {
	if s == "" {
		return nil
	}
	out := make([]string, 0, 1+strings.Count(s, ","))
	for part := range strings.SplitSeq(s, ",") {
		if part = text(strings.TrimSpace(part)); part != "" {
			out = append(out, part)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
