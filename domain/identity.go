package domain

import (
	"maps"
	"slices"
)

// DefaultLabelPrefix is the prefix of the governance labels and annotations unless a host configures another.
const DefaultLabelPrefix = "kubevirt-shepherd.io"

// ManagedBy is the value of the managed-by label of everything this library creates.
const ManagedBy = "kubevirt-shepherd"

// Identity says to whom a VM belongs in the terms of the platform. It is stored as labels prefix/system and so on.
// On a VM that was read it is a claim: whoever may edit the VM may write these labels. Proof is the UID.
type Identity struct {
	ManagedBy    string `json:"managedBy,omitempty"`
	System       string `json:"system,omitempty"`
	Service      string `json:"service,omitempty"`
	Instance     string `json:"instance,omitempty"`
	TicketID     string `json:"ticketId,omitempty"`
	CreatedBy    string `json:"createdBy,omitempty"`
	Hostname     string `json:"hostname,omitempty"`
	Installation string `json:"installation,omitempty"`
}

// identityKeys maps the label names behind the prefix to the fields. One table serves both directions.
func (i *Identity) keys() map[string]*string {
	return map[string]*string{
		"managed-by":   &i.ManagedBy,
		"system":       &i.System,
		"service":      &i.Service,
		"instance":     &i.Instance,
		"ticket-id":    &i.TicketID,
		"created-by":   &i.CreatedBy,
		"hostname":     &i.Hostname,
		"installation": &i.Installation,
	}
}

// IdentityLabelKeys returns the label keys under a prefix, sorted; an empty prefix means [DefaultLabelPrefix].
func IdentityLabelKeys(prefix string) []string {
	keys := slices.Sorted(maps.Keys(new(Identity).keys()))
	for n, key := range keys {
		keys[n] = LabelKey(prefix, key)
	}
	return keys
}

// LabelKey joins prefix and name; an empty prefix means [DefaultLabelPrefix].
func LabelKey(prefix, name string) string {
	if prefix == "" {
		prefix = DefaultLabelPrefix
	}
	return prefix + "/" + name
}

// Labels returns the identity as labels, fields that are empty left out.
func (i Identity) Labels(prefix string) map[string]string {
	labels := map[string]string{}
	for name, value := range i.keys() {
		if *value != "" {
			labels[LabelKey(prefix, name)] = *value
		}
	}
	return labels
}

// IdentityFromLabels is the reverse of [Identity.Labels].
func IdentityFromLabels(prefix string, labels map[string]string) Identity {
	var i Identity
	for name, field := range i.keys() {
		*field = labels[LabelKey(prefix, name)]
	}
	return i
}
