package mapper

import "github.com/kv-shepherd/shepherd-go/domain"

func (v *guestView) walk(c *coder) {
	c.flags(&v.noPodNetwork, &v.probeForbids, &v.acpiForbidden)
	v.cpu.walk(c)
	v.memory.walk(c)
	list(c, &v.volumes, (*volumeView).walk)
	list(c, &v.devices, (*deviceView).walk)
	list(c, &v.networks, (*networkView).walk)
	list(c, &v.interfaces, (*interfaceView).walk)
	c.pairs(&v.nodeSelector)
	list(c, &v.tolerations, walkToleration)
}

func (v *cpuView) walk(c *coder) {
	c.uint32(&v.sockets)
	c.uint32(&v.cores)
	c.uint32(&v.threads)
	c.int(&v.requests)
	c.int(&v.limits)
}

func (v *memoryView) walk(c *coder) {
	c.int(&v.guest)
	c.int(&v.requests)
	c.int(&v.limits)
	c.int(&v.hugepage)
}

func (v *volumeView) walk(c *coder) {
	kind := string(v.kind)
	c.text(&v.name)
	c.str(&kind)
	c.str(&v.rawKind)
	c.message(&v.image)
	c.text(&v.claim)
	c.int(&v.bytes)
	c.flags(&v.hotpluggable)
	v.kind = domain.DiskKind(kind)
}

func (v *deviceView) walk(c *coder) {
	order := uint32(v.bootOrder)
	c.text(&v.name)
	c.text(&v.bus)
	c.flags(&v.cdrom, &v.readOnly)
	c.uint32(&order)
	v.bootOrder = int32(order)
}

func (v *networkView) walk(c *coder) {
	c.text(&v.name)
	c.text(&v.attachment)
}

func (v *interfaceView) walk(c *coder) {
	c.text(&v.name)
	c.text(&v.binding)
	c.text(&v.model)
	c.text(&v.mac)
}

func walkToleration(t *domain.Toleration, c *coder) {
	c.text(&t.Key)
	c.text(&t.Operator)
	c.text(&t.Value)
	c.text(&t.Effect)
	optional(c, &t.Seconds, func(n *int64, c *coder) { c.int(n) })
}
