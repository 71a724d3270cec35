package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

// identityKeys are the label keys of an identity, joined once: [domain.IdentityFromLabels] joins them at every call.
type identityKeys struct {
	managedBy, system, service, instance, ticketID, createdBy, hostname, installation string
}

func newIdentityKeys(prefix string) identityKeys {
	return identityKeys{
		managedBy:    domain.LabelKey(prefix, "managed-by"),
		system:       domain.LabelKey(prefix, "system"),
		service:      domain.LabelKey(prefix, "service"),
		instance:     domain.LabelKey(prefix, "instance"),
		ticketID:     domain.LabelKey(prefix, "ticket-id"),
		createdBy:    domain.LabelKey(prefix, "created-by"),
		hostname:     domain.LabelKey(prefix, "hostname"),
		installation: domain.LabelKey(prefix, "installation"),
	}
}

func (k *identityKeys) of(labels map[string]string) (id domain.Identity) {
	for key, value := range labels {
		k.set(&id, key, value)
	}
	return id
}

// set takes one label.
func (k *identityKeys) set(id *domain.Identity, key, value string) {
	switch key {
	case k.managedBy:
		id.ManagedBy = value
	case k.system:
		id.System = value
	case k.service:
		id.Service = value
	case k.instance:
		id.Instance = value
	case k.ticketID:
		id.TicketID = value
	case k.createdBy:
		id.CreatedBy = value
	case k.hostname:
		id.Hostname = value
	case k.installation:
		id.Installation = value
	}
}
