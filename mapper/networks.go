package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

// defaultNetwork is the name KubeVirt gives to the network of a VM that names none.
const defaultNetwork = "default"

// networks joins networks with the interfaces of the same name. A VM that says nothing gets an interface on the pod
// network when it starts, with the binding the cluster is configured for, unless autoattachPodInterface is false.
func networks(guest *guestView) []domain.Network {
	if len(guest.networks) == 0 {
		if len(guest.interfaces) > 0 || guest.noPodNetwork {
			return nil
		}
		return []domain.Network{{Name: defaultNetwork, Attachment: domain.NetworkPod}}
	}
	out := make([]domain.Network, len(guest.networks))
	for n := range guest.networks {
		network := &guest.networks[n]
		out[n] = domain.Network{Name: network.name, Attachment: network.attachment}
		for k := range guest.interfaces {
			if iface := &guest.interfaces[k]; iface.name == network.name {
				out[n].Binding, out[n].Model, out[n].MAC = iface.binding, iface.model, iface.mac
				break
			}
		}
	}
	return out
}
