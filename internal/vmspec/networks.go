package vmspec

import (
	"net"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// Bindings of a network that KubeVirt has built in; any other word is the name of a binding plugin.
const (
	BindingMasquerade = "masquerade"
	BindingBridge     = "bridge"
	BindingSRIOV      = "sriov"
)

// networks checks the interfaces: pkg/network/admitter.
func (c *checker) networks(networks []domain.Network) {
	seen := map[string]bool{}
	pod := false
	for n, network := range networks {
		field := func(name string) string { return at("networks", n, name) }
		c.networkName(field("name"), network.Name, seen)
		if network.Attachment == domain.NetworkPod {
			if pod {
				c.add(field("attachment"), domain.FieldDuplicate, "a VM has one interface on the pod network")
			}
			pod = true
		}
		c.network(field, network)
	}
}

func (c *checker) networkName(field, name string, seen map[string]bool) {
	switch {
	case name == "":
		c.add(field, domain.FieldRequired, "")
	case strings.ContainsFunc(name, func(r rune) bool { return r != '-' && r != '_' && !isAlphanumeric(r) }):
		c.add(field, domain.FieldInvalid, "letters, digits, dashes and underscores")
	case seen[name]:
		c.add(field, domain.FieldDuplicate, "")
	}
	seen[name] = true
}

func (c *checker) network(field func(string) string, network domain.Network) {
	if network.Attachment != domain.NetworkPod {
		namespace, name, ok := strings.Cut(network.Attachment, "/")
		if !ok {
			name = namespace
		}
		if ok && !names.IsLabel(namespace) || !names.IsSubdomain(name) {
			c.add(field("attachment"), domain.FieldInvalid, "NAME or NAMESPACE/NAME")
		}
	}
	switch {
	case network.Binding == BindingMasquerade && network.Attachment != domain.NetworkPod:
		c.add(field("binding"), domain.FieldContradicts, "masquerade is for the pod network only")
	case network.Binding == BindingSRIOV && network.Attachment == domain.NetworkPod:
		c.add(field("binding"), domain.FieldContradicts, "sriov is for secondary networks only")
	}
	c.oneOf(field("model"), network.Model, "virtio", "e1000", "e1000e", "igb", "ne2k_pci", "pcnet", "rtl8139")
	if network.MAC != "" {
		if mac, err := net.ParseMAC(network.MAC); err != nil || len(mac) != 6 {
			c.add(field("mac"), domain.FieldInvalid, "")
		}
	}
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
