package mapper

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

// bindings are the keys of an interface of which it has exactly one.
var bindings = []string{"bridge", "masquerade", "sriov", "passtBinding", "passt", "macvtap", "slirp", "binding"}

// buildNetworks writes networks and their interfaces. None at all must be said by autoattachPodInterface, or KubeVirt
// adds one on the pod network.
func buildNetworks(guest object, networks []domain.Network) {
	if networks == nil {
		return // the manifest decides
	}
	devices := jsontree.Make(guest, "domain", "devices")
	if len(networks) == 0 {
		delete(guest, "networks")
		delete(devices, "interfaces")
		devices["autoattachPodInterface"] = false
		return
	}
	for n := range networks {
		buildNetwork(named(guest, "networks", networks[n].Name, "name"), &networks[n])
		buildInterface(named(devices, "interfaces", networks[n].Name, "name"), &networks[n])
	}
}

func buildNetwork(network object, n *domain.Network) {
	if n.Attachment == domain.NetworkPod {
		onlySource(network, "pod")
		return
	}
	onlySource(network, "multus")["networkName"] = n.Attachment
}

func buildInterface(iface object, n *domain.Network) {
	switch n.Binding {
	case "": // the manifest has one
	case vmspec.BindingMasquerade, vmspec.BindingBridge, vmspec.BindingSRIOV, "passtBinding":
		only(iface, n.Binding, bindings...)
	default:
		only(iface, "binding", bindings...)["name"] = n.Binding
	}
	setText(iface, "model", n.Model)
	setText(iface, "macAddress", n.MAC)
}
