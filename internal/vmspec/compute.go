package vmspec

import (
	"math"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// compute checks CPU, memory and instance type. An instance type gives all of CPU and memory: KubeVirt refuses a VM
// that has an own value beside it (pkg/instancetype/apply), and one that has memory from nowhere
// (vmi-create-admitter.go, "no memory requested").
func (c *checker) compute(spec domain.VMSpec, manifest object) {
	c.matcher("instanceType", spec.InstanceType)
	c.matcher("preference", spec.Preference)
	c.cpu(spec.CPU)
	if spec.MemoryBytes < 0 {
		c.add("memoryBytes", domain.FieldOutOfRange, "negative")
	}
	guest := domainOf(manifest)
	typed := spec.InstanceType != nil
	if typed || child(child(manifest, "spec"), "instancetype") != nil {
		c.besideInstanceType(spec, guest, typed)
		return
	}
	if spec.MemoryBytes == 0 && !saysMemory(guest) {
		c.add("memoryBytes", domain.FieldRequired, "or an instance type")
	}
}

func (c *checker) matcher(field string, m *domain.Matcher) {
	if m != nil {
		c.report(names.Object(field+".name", m.Name))
	}
}

func (c *checker) cpu(cpu domain.CPU) {
	if cpu.Milli < 0 {
		c.add("cpu.milli", domain.FieldOutOfRange, "negative")
	}
	vcpus := int64(1)
	for _, f := range []struct {
		field string
		n     int32
	}{{"cpu.sockets", cpu.Sockets}, {"cpu.cores", cpu.Cores}, {"cpu.threads", cpu.Threads}} {
		if f.n < 0 {
			c.add(f.field, domain.FieldOutOfRange, "negative")
			return
		}
		if vcpus *= int64(max(f.n, 1)); vcpus > math.MaxInt32 {
			c.add("cpu", domain.FieldOutOfRange, "more processors than can be counted")
			return
		}
	}
}

func (c *checker) besideInstanceType(spec domain.VMSpec, guest object, typed bool) {
	const detail = "with the instance type"
	if hasCPU(spec.CPU) {
		c.add("cpu", domain.FieldContradicts, detail)
	}
	if spec.MemoryBytes != 0 {
		c.add("memoryBytes", domain.FieldContradicts, detail)
	}
	if !typed {
		return // the manifest contradicts itself: its author's matter, the server says so
	}
	const path = "manifest.spec.template.spec.domain."
	for _, key := range []string{"sockets", "cores", "threads"} {
		if child(guest, "cpu")[key] != nil {
			c.add(path+"cpu."+key, domain.FieldContradicts, detail)
		}
	}
	if child(guest, "memory")["guest"] != nil {
		c.add(path+"memory.guest", domain.FieldContradicts, detail)
	}
	for _, kind := range []string{"requests", "limits"} {
		for _, key := range []string{"cpu", "memory"} {
			if child(child(guest, "resources"), kind)[key] != nil {
				c.add(path+"resources."+kind+"."+key, domain.FieldContradicts, detail)
			}
		}
	}
}

// hasCPU says whether a spec asks for a CPU; its Source is of reads only.
func hasCPU(cpu domain.CPU) bool {
	cpu.Source = domain.SourceUnknown
	return cpu != domain.CPU{}
}

func saysMemory(guest object) bool {
	resources := child(guest, "resources")
	return child(guest, "memory") != nil ||
		child(resources, "requests")["memory"] != nil || child(resources, "limits")["memory"] != nil
}
