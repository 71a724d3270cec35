package kubevirtsim

import (
	"net"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// checkNetworks is pkg/network/admitter of KubeVirt v1.9.0, without networks that are claimed as devices.
func (v version) checkNetworks(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	interfaces, ifaces := at.Child("domain", "devices", "interfaces"), spec.Domain.Devices.Interfaces
	checkPodNetwork(f, at, spec.Networks)
	checkNetworkSources(f, at.Child("networks"), spec.Networks)
	checkInterfaceStates(f, interfaces, spec)
	for n, iface := range ifaces {
		v.checkBinding(f, interfaces.Index(n), iface, networkOf(spec, iface.Name))
	}
	seen := map[string]bool{}
	for n, network := range spec.Networks {
		if seen[network.Name] {
			f.duplicate(at.Child("networks").Index(n).Child("name"), "Network with name %q already exists, every network must have a unique name", network.Name)
		}
		seen[network.Name] = true
	}
	for n, network := range spec.Networks {
		if name := at.Child("networks").Index(n).Child("name"); !slices.ContainsFunc(ifaces, func(i kubevirtv1.Interface) bool { return i.Name == network.Name }) {
			f.required(name, "%s '%s' not found.", name, network.Name)
		}
	}
	taken := map[string]bool{}
	for n, iface := range ifaces {
		if taken[iface.Name] {
			f.duplicate(interfaces.Index(n).Child("name"), "Only one interface can be connected to one specific network")
		}
		taken[iface.Name] = true
	}
	for n, iface := range ifaces {
		if name := interfaces.Index(n).Child("name"); !seen[iface.Name] {
			f.invalid(name, "%s '%s' not found.", name, iface.Name)
		}
	}
	for n, iface := range ifaces {
		v.checkInterface(f, interfaces.Index(n), iface, networkOf(spec, iface.Name))
	}
}

// networkOf is the last network of a name, as KubeVirt's index by name has it.
func networkOf(spec *kubevirtv1.VirtualMachineInstanceSpec, name string) kubevirtv1.Network {
	for _, network := range slices.Backward(spec.Networks) {
		if network.Name == name {
			return network
		}
	}
	return kubevirtv1.Network{}
}

func checkPodNetwork(f *findings, at *field.Path, networks []kubevirtv1.Network) {
	pods, defaults := 0, 0
	for _, network := range networks {
		if network.Pod != nil {
			pods++
		}
		if network.Multus != nil && network.Multus.Default {
			defaults++
		}
	}
	if pods > 1 {
		f.duplicate(at.Child("interfaces"), "more than one interface is connected to a pod network in %s", at.Child("interfaces"))
	}
	if defaults > 1 {
		f.invalid(at.Child("networks"), "Multus CNI should only have one default network")
	}
	if pods > 0 && defaults > 0 {
		f.invalid(at.Child("networks"), "Pod network cannot be defined when Multus default network is defined")
	}
}

func checkNetworkSources(f *findings, at *field.Path, networks []kubevirtv1.Network) {
	for n, network := range networks {
		sources := 0
		for _, set := range []bool{network.Pod != nil, network.Multus != nil, network.ResourceClaim != nil} {
			if set {
				sources++
			}
		}
		switch {
		case sources == 0:
			f.required(at.Index(n), "should have a network type")
		case sources > 1:
			f.required(at.Index(n), "should have only one network type")
		}
	}
	for n, network := range networks {
		if network.Multus != nil && network.Multus.NetworkName == "" {
			f.required(at.Index(n), "CNI delegating plugin must have a networkName")
			return // the first is told alone
		}
	}
}

func checkInterfaceStates(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	known := []kubevirtv1.InterfaceState{"", kubevirtv1.InterfaceStateAbsent, kubevirtv1.InterfaceStateLinkDown, kubevirtv1.InterfaceStateLinkUp}
	main := slices.IndexFunc(spec.Networks, func(n kubevirtv1.Network) bool { return n.Pod != nil || n.Multus != nil && n.Multus.Default })
	for n, iface := range spec.Domain.Devices.Interfaces {
		state, absent := at.Index(n).Child("state"), iface.State == kubevirtv1.InterfaceStateAbsent
		if !slices.Contains(known, iface.State) {
			f.invalid(state, "logical %s interface state value is unsupported: %s", iface.Name, iface.State)
		}
		if iface.SRIOV != nil && (iface.State == kubevirtv1.InterfaceStateLinkDown || iface.State == kubevirtv1.InterfaceStateLinkUp) {
			f.invalid(state, "%q interface's state %q is not supported for SR-IOV NICs", iface.Name, iface.State)
		}
		if absent && iface.Bridge == nil {
			f.invalid(state, "%q interface's state %q is supported only for bridge binding", iface.Name, iface.State)
		}
		if absent && main >= 0 && spec.Networks[main].Name == iface.Name {
			f.invalid(state, "%q interface's state %q is not supported on default networks", iface.Name, iface.State)
		}
	}
}

// reservedMAC is the address of the bridge inside the pod.
const reservedMAC = "02:00:00:00:00:00"

func (v version) checkBinding(f *findings, at *field.Path, iface kubevirtv1.Interface, network kubevirtv1.Network) {
	bindings := 0
	for _, set := range []bool{iface.Bridge != nil, iface.Masquerade != nil, iface.SRIOV != nil, iface.PasstBinding != nil, iface.Binding != nil} {
		if set {
			bindings++
		}
	}
	if bindings != 1 {
		f.invalid(at, "logical %s interface must have exactly one binding method or binding plugin", iface.Name)
	}
	if iface.Masquerade != nil && network.Pod == nil {
		f.invalid(at.Child("name"), "Masquerade interface only implemented with pod network")
	}
	if iface.Masquerade != nil && iface.MacAddress == reservedMAC {
		f.invalid(at.Child("macAddress"), "The requested MAC address is reserved for the in-pod bridge. Please choose another one.")
	}
	if iface.PasstBinding != nil && !v.gate("PasstBinding") {
		f.invalid(at.Child("name"), "PasstBinding feature gate is not enabled")
	}
	if iface.PasstBinding != nil && network.Pod == nil {
		f.invalid(at.Child("name"), "PasstBinding interface only implemented with pod network")
	}
}

var (
	interfaceName = regexp.MustCompile(`^[A-Za-z0-9-_]+$`)
	pciAddress    = regexp.MustCompile(`^[\da-fA-F]{4}:[\da-fA-F]{2}:[\da-fA-F]{2}\.[0-7]$`)
)

func (v version) checkInterface(f *findings, at *field.Path, iface kubevirtv1.Interface, network kubevirtv1.Network) {
	if !interfaceName.MatchString(iface.Name) {
		f.invalid(at.Child("name"), "Network interface name can only contain alphabetical characters, numbers, dashes (-) or underscores (_)")
	}
	if !slices.Contains([]string{"", "e1000", "e1000e", "igb", "ne2k_pci", "pcnet", "rtl8139", "virtio"}, iface.Model) {
		f.notSupported(at.Child("model"), "interface %s uses model %s that is not supported.", at.Child("name"), iface.Model)
	}
	checkMAC(f, at, iface.MacAddress)
	if iface.PciAddress != "" && !pciAddress.MatchString(iface.PciAddress) {
		f.invalid(at.Child("pciAddress"), "interface %s has malformed PCI address (%s).", at.Child("name"), iface.PciAddress)
	}
	if network.Pod != nil {
		checkPorts(f, at.Child("ports"), iface.Ports)
	}
	if iface.PortRanges != nil && !v.gate("PortRangesSpec") {
		f.invalid(at.Child("name"), "portRanges is specified on interface but the PortRangesSpec feature gate is not enabled")
	}
}

func checkMAC(f *findings, at *field.Path, text string) {
	if text == "" {
		return
	}
	const size = 6
	mac, err := net.ParseMAC(text)
	switch {
	case err != nil:
		f.invalid(at.Child("macAddress"), "interface %s has malformed MAC address (%s).", at.Child("name"), text)
	case len(mac) > size:
		f.invalid(at.Child("macAddress"), "interface %s has too long MAC address (%s).", at.Child("name"), text)
	}
}

func checkPorts(f *findings, at *field.Path, ports []kubevirtv1.Port) {
	names := map[string]bool{}
	for n, port := range ports {
		if port.Name == "" {
			continue
		}
		if names[port.Name] {
			f.duplicate(at.Index(n).Child("name"), "Duplicate name of the port: %s", port.Name)
		}
		if len(validation.IsValidPortName(port.Name)) > 0 {
			f.invalid(at.Index(n).Child("name"), "Invalid name of the port: %s", port.Name)
		}
		names[port.Name] = true
	}
	const last = 65535
	for n, port := range ports {
		if port.Port == 0 {
			f.required(at.Index(n).Child("port"), "Port field is mandatory.")
		}
		if port.Port < 0 || port.Port > last {
			f.invalid(at.Index(n).Child("port"), "Port field must be in range 0 < x < 65536.")
		}
		if !slices.Contains([]string{"", "TCP", "UDP"}, port.Protocol) {
			f.invalid(at.Index(n).Child("protocol"), "Unknown protocol, only TCP or UDP allowed")
		}
	}
}
