package mapper

import (
	"math"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// readGuest reads the specification of an instance as viewGuest does of the object.
func readGuest(c *cursor, v *guestView) {
	for name := range c.fields {
		switch name {
		case "domain":
			readDomain(c, v)
		case "volumes":
			v.volumes = readList(c, v.volumes, readVolume)
		case "networks":
			v.networks = readList(c, v.networks, readNetwork)
		case "nodeSelector":
			v.nodeSelector = c.pairs(v.nodeSelector[:0], nil)
		case "tolerations":
			v.tolerations = readList(c, v.tolerations, readToleration)
		case "livenessProbe":
			v.probeForbids = c.probe()
		}
	}
}

func readDomain(c *cursor, v *guestView) {
	for name := range c.fields {
		switch name {
		case "cpu":
			v.cpu.topology(c)
		case "memory":
			readMemory(c, &v.memory)
		case "resources":
			readResources(c, v)
		case "devices":
			readDevices(c, v)
		case "features":
			for name := range c.fields {
				if name == "acpi" {
					v.acpiForbidden = c.off("enabled")
				}
			}
		}
	}
}

// off says whether a switch in an object is explicitly off.
func (c *cursor) off(field string) bool {
	off := false
	for name := range c.fields {
		if name == field {
			value, set := c.bool()
			off = set && !value
		}
	}
	return off
}

func (v *cpuView) topology(c *cursor) {
	for name := range c.fields {
		switch name {
		case "sockets":
			v.sockets = c.uint32()
		case "cores":
			v.cores = c.uint32()
		case "threads":
			v.threads = c.uint32()
		}
	}
}

func readMemory(c *cursor, v *memoryView) {
	for name := range c.fields {
		switch name {
		case "guest":
			v.guest = c.bytes()
		case "hugepages":
			if size, err := resource.ParseQuantity(c.named("pageSize")); err == nil {
				v.hugepage = max(size.Value(), 0)
			}
		}
	}
}

func readResources(c *cursor, v *guestView) {
	for name := range c.fields {
		switch name {
		case "requests":
			v.cpu.requests, v.memory.requests = c.compute()
		case "limits":
			v.cpu.limits, v.memory.limits = c.compute()
		}
	}
}

// compute reads the CPU and memory of a resource list.
func (c *cursor) compute() (milli, bytes int64) {
	for name := range c.fields {
		switch name {
		case "cpu":
			milli = c.milli()
		case "memory":
			bytes = c.bytes()
		}
	}
	return milli, bytes
}

func readDevices(c *cursor, v *guestView) {
	for name := range c.fields {
		switch name {
		case "disks":
			v.devices = readList(c, v.devices, readDevice)
		case "interfaces":
			v.interfaces = readList(c, v.interfaces, readInterface)
		case "autoattachPodInterface":
			attach, set := c.bool()
			v.noPodNetwork = set && !attach
		}
	}
}

// deviceKinds are the kinds of disk, the one that counts first.
var deviceKinds = []string{"cdrom", "disk", "lun"}

func readDevice(c *cursor, d *deviceView) {
	best := len(deviceKinds)
	for name := range c.fields {
		switch name {
		case "name":
			d.name = c.str()
		case "bootOrder":
			d.bootOrder = int32(min(c.uint(64), math.MaxInt32))
		default:
			rank := slices.Index(deviceKinds, name)
			if rank < 0 || !c.object() {
				continue
			}
			bus, readOnly, set := c.target()
			if rank < best {
				best = rank
				d.bus, d.cdrom, d.readOnly = bus, name == "cdrom", readOnly
				if d.cdrom && !set {
					d.readOnly = true
				}
			}
		}
	}
}

func (c *cursor) target() (bus string, readOnly, set bool) {
	for name := range c.fields {
		switch name {
		case "bus":
			bus = c.str()
		case "readonly":
			readOnly, set = c.bool()
		}
	}
	return bus, readOnly, set
}

func readNetwork(c *cursor, v *networkView) {
	multus := false
	for name := range c.fields {
		switch name {
		case "name":
			v.name = c.str()
		case "multus":
			if c.object() {
				multus = true
				v.attachment = c.named("networkName")
			}
		case "resourceClaim":
			if c.object() {
				if claim := c.named("claimName"); !multus {
					v.attachment = "resourceClaim:" + claim
				}
			}
		}
	}
}

// bindingNames are the built-in ways to bind an interface, the one that counts first.
var bindingNames = []string{"masquerade", "bridge", "sriov", "passtBinding", "passt", "macvtap", "slirp"}

func readInterface(c *cursor, v *interfaceView) {
	best := len(bindingNames)
	for name := range c.fields {
		switch name {
		case "name":
			v.name = c.str()
		case "model":
			v.model = c.str()
		case "macAddress":
			v.mac = c.str()
		case "binding": // a plugin comes before all
			if c.object() {
				best = -1
				v.binding = c.named("name")
			}
		default:
			if rank := slices.Index(bindingNames, name); rank >= 0 && c.object() && rank < best {
				best, v.binding = rank, bindingNames[rank]
			}
		}
	}
}

func readToleration(c *cursor, t *domain.Toleration) {
	for name := range c.fields {
		switch name {
		case "key":
			t.Key = c.str()
		case "operator":
			t.Operator = c.str()
		case "value":
			t.Value = c.str()
		case "effect":
			t.Effect = c.str()
		case "tolerationSeconds":
			if n, set := c.int(); set {
				t.Seconds = &n
			}
		}
	}
}

// probe says whether a liveness probe forbids a pause: any but the guest agent's ping.
func (c *cursor) probe() bool {
	if !c.object() {
		return false
	}
	forbids := true
	for name := range c.fields {
		if name == "guestAgentPing" {
			forbids = !c.object()
		}
	}
	return forbids
}
