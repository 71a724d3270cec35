package vmspec

import (
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

func (c *checker) metadata(opts Options, spec domain.VMSpec) {
	c.errs = append(c.errs, names.Labels("labels", spec.Labels)...)
	c.errs = append(c.errs, names.Annotations("annotations", spec.Annotations)...)
	c.bookkeeping(opts, slices.Sorted(maps.Keys(spec.Annotations)))
	c.errs = append(c.errs, names.Labels("guestLabels", spec.GuestLabels)...)
	c.identity(opts, spec)
}

// identity checks that the identity fits into labels, and that no label says otherwise.
func (c *checker) identity(opts Options, spec domain.VMSpec) {
	i := spec.Identity
	if i.ManagedBy != "" && i.ManagedBy != domain.ManagedBy {
		c.add("identity.managedBy", domain.FieldContradicts, "what is made here is managed by "+domain.ManagedBy)
	}
	i.ManagedBy = domain.ManagedBy
	for _, f := range []struct{ field, label, value string }{
		{"identity.managedBy", "managed-by", i.ManagedBy},
		{"identity.system", "system", i.System},
		{"identity.service", "service", i.Service},
		{"identity.instance", "instance", i.Instance},
		{"identity.ticketId", "ticket-id", i.TicketID},
		{"identity.createdBy", "created-by", i.CreatedBy},
		{"identity.hostname", "hostname", i.Hostname},
		{"identity.installation", "installation", i.Installation},
	} {
		c.report(names.LabelValue(f.field, f.value))
		key := domain.LabelKey(opts.LabelPrefix, f.label)
		if said, ok := spec.Labels[key]; ok && f.value != "" && said != f.value {
			c.add(names.Element("labels", key), domain.FieldContradicts, "with "+f.field)
		}
	}
}
