package mapper

import (
	"math"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// computeAsked is the CPU and memory of the next start. Of a VM with an instance type only the instance type knows
// them; the VM object has neither (KubeVirt refuses both together).
func computeAsked(v *vmView) (domain.CPU, domain.Memory) {
	if v.instanceType != nil {
		return domain.CPU{}, domain.Memory{}
	}
	return cpu(v.guest.cpu, domain.SourceSpec), memory(v.guest.memory, domain.SourceSpec)
}

// computeInstance is the CPU and memory of an instance. While a hot-plug is under way its status still tells the old
// numbers, which are the ones it has; its specification tells the new ones.
func computeInstance(v *vmView, i *instanceView) (domain.CPU, domain.Memory) {
	asked := i.guest.cpu
	if asked == (cpuView{}) && v.instanceType == nil {
		asked = v.guest.cpu
	}
	if t := i.topology; t != nil {
		asked.sockets, asked.cores, asked.threads = t.sockets, t.cores, t.threads
	}
	c := cpu(asked, domain.SourceInstance)
	if c.Sockets != 0 || c.Cores != 0 || c.Threads != 0 {
		// An instance says {cores: 1} and means 1 x 1 x 1.
		c.Sockets, c.Cores, c.Threads = max(c.Sockets, 1), max(c.Cores, 1), max(c.Threads, 1)
	}
	m := memory(i.guest.memory, domain.SourceInstance)
	if i.memory > 0 {
		m = domain.Memory{Bytes: i.memory, Source: domain.SourceInstance}
	}
	return c, m
}

// cpu follows SetDefaultGuestCPUTopology (pkg/defaults/defaults.go, v1.9.0): without a topology there are as many
// sockets as the limit has processors, else as the request has, rounded up, else one.
func cpu(v cpuView, source domain.Source) domain.CPU {
	c := domain.CPU{
		Sockets: clamp(v.sockets),
		Cores:   clamp(v.cores),
		Threads: clamp(v.threads),
		Source:  source,
	}
	if v.sockets == 0 && v.cores == 0 && v.threads == 0 && v.limits > 0 {
		c.Sockets, c.Cores, c.Threads = clamp(ceil(v.limits)), 1, 1
	}
	switch {
	case v.requests > 0:
		c.Milli = v.requests
	case v.limits > 0: // KubeVirt requests what it limits to
		c.Milli = v.limits
	default:
		c.Milli = milli(c)
	}
	return c
}

// memory follows setGuestMemory (pkg/defaults/defaults.go, v1.9.0).
func memory(v memoryView, source domain.Source) domain.Memory {
	for _, bytes := range [...]int64{v.guest, v.requests, v.limits, v.hugepage} {
		if bytes > 0 {
			return domain.Memory{Bytes: bytes, Source: source}
		}
	}
	return domain.Memory{}
}

// milli is a whole topology in thousandths, as far as it can be counted.
func milli(c domain.CPU) int64 {
	n := int64(1000)
	for _, factor := range [...]int32{c.Sockets, c.Cores, c.Threads} {
		f := int64(max(factor, 1))
		if n > math.MaxInt64/f {
			return math.MaxInt64
		}
		n *= f
	}
	return n
}

func ceil(milli int64) uint32 {
	return uint32(min(milli/1000+min(milli%1000, 1), math.MaxInt32))
}

func clamp(n uint32) int32 { return int32(min(n, math.MaxInt32)) }
