package mapper

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// walk has first what the accessors of an [InstanceRecord] read, in their order.
func (i *instanceView) walk(c *coder) {
	i.walkHead(c)
	c.text(&i.owner)
	c.text(&i.node)
	i.walkMeta(c)
	c.text(&i.phase)
	c.text(&i.reason)
	c.time(&i.phaseSince)
	c.time(&i.runningSince)
	list(c, &i.conditions, (*conditionView).walk)
	list(c, &i.interfaces, walkInterface)
	c.text(&i.guestOS.Name)
	c.text(&i.guestOS.Version)
	c.text(&i.guestOS.Kernel)
	optional(c, &i.migration, walkMigration)
	optional(c, &i.topology, (*cpuView).walk)
	c.int(&i.memory)
	list(c, &i.volumes, (*volumeStatusView).walk)
	i.guest.walk(c)
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
func (i *instanceView) reduce() {
	i.conditions = reduceConditions(i.conditions)
	listed := func(name string) bool {
		s := i.volume(name)
		return s != nil && !s.hotplug
	}
	g := &i.guest
	g.volumes = slices.DeleteFunc(g.volumes, func(volume volumeView) bool { return listed(volume.name) })
	g.devices = slices.DeleteFunc(g.devices, func(d deviceView) bool { return listed(d.name) })
	g.networks, g.interfaces, g.nodeSelector = emptied(g.networks), emptied(g.interfaces), emptied(g.nodeSelector)
	g.tolerations, g.noPodNetwork = nil, false
	for n := range i.volumes {
		if s := &i.volumes[n]; !s.failing() {
			s.reason, s.message = "", ""
		}
	}
}
