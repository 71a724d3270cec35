package mapper

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// walk has first what the accessors of an [InstanceRecord] read, in their order.
func (v *instanceView) walk(c *coder) {
	v.walkHead(c)
	c.text(&v.owner)
	c.text(&v.node)
	v.walkMeta(c)
	c.text(&v.phase)
	c.text(&v.reason)
	c.time(&v.phaseSince)
	c.time(&v.runningSince)
	list(c, &v.conditions, (*conditionView).walk)
	list(c, &v.interfaces, walkInterface)
	c.text(&v.guestOS.Name)
	c.text(&v.guestOS.Version)
	c.text(&v.guestOS.Kernel)
	optional(c, &v.migration, walkMigration)
	optional(c, &v.topology, (*cpuView).walk)
	c.int(&v.memory)
	list(c, &v.volumes, (*volumeStatusView).walk)
	v.guest.walk(c)
}

// walkInterface has addresses and sources that are clean: see addresses and sources.
func walkInterface(i *domain.Interface, c *coder) {
	c.text(&i.Network)
	c.text(&i.Device)
	c.text(&i.MAC)
	c.strs(&i.IPs)
	c.strs(&i.Sources)
	c.text(&i.LinkState)
}

func walkMigration(s *domain.MigrationState, c *coder) {
	c.text(&s.UID)
	c.text(&s.SourceNode)
	c.text(&s.TargetNode)
	c.time(&s.StartedAt)
	c.time(&s.EndedAt)
	c.flags(&s.Completed, &s.Failed)
	c.message(&s.FailureReason)
	c.text(&s.AbortStatus)
	c.text(&s.Mode)
}

func (s *volumeStatusView) walk(c *coder) {
	c.text(&s.name)
	c.text(&s.phase)
	c.text(&s.reason)
	c.message(&s.message)
	c.int(&s.bytes)
	c.flags(&s.hotplug)
}

// reduce leaves out what the join does not read of an instance, nearly all of its specification: the VM's is the one
// that is shown. What is left of it are volumes and disks that the status does not list, or lists as plugged in.
func (v *instanceView) reduce() {
	v.conditions = reduceConditions(v.conditions)
	listed := func(name string) bool {
		s := v.volume(name)
		return s != nil && !s.hotplug
	}
	g := &v.guest
	g.volumes = slices.DeleteFunc(g.volumes, func(v volumeView) bool { return listed(v.name) })
	g.devices = slices.DeleteFunc(g.devices, func(d deviceView) bool { return listed(d.name) })
	g.networks, g.interfaces, g.nodeSelector = emptied(g.networks), emptied(g.interfaces), emptied(g.nodeSelector)
	g.tolerations, g.noPodNetwork = nil, false
	for n := range v.volumes {
		if s := &v.volumes[n]; !s.failing() {
			s.reason, s.message = "", ""
		}
	}
}
