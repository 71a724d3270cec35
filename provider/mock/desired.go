package mock

import (
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

// desired is what was asked of a VM, the run strategy aside. Once it is part of a record it is never changed, only
// replaced: readers and instances share it.
type desired struct {
	labels, annotations, guestLabels map[string]string
	// identity is read off the labels once: most calls are reads.
	identity domain.Identity

	cpu          domain.CPU
	memory       int64
	instanceType *domain.Matcher
	preference   *domain.Matcher
	disks        []domain.Disk
	networks     []domain.Network
	nodeSelector map[string]string
	tolerations  []domain.Toleration

	// maker is the manager that made the VM, owners those that own a field otherwise, by its path. We are "".
	maker  string
	owners map[string]string
}

// seal makes a desired ready to be part of a record, after its last change.
func (d *desired) seal(prefix string) *desired {
	d.identity = domain.IdentityFromLabels(prefix, d.labels)
	return d
}

// clone copies a desired so that the copy may be changed.
func (d *desired) clone() *desired {
	c := *d
	c.labels, c.annotations, c.guestLabels = maps.Clone(d.labels), maps.Clone(d.annotations), maps.Clone(d.guestLabels)
	c.instanceType, c.preference = cloneMatcher(d.instanceType), cloneMatcher(d.preference)
	c.disks, c.networks = slices.Clone(d.disks), slices.Clone(d.networks)
	c.nodeSelector, c.tolerations = maps.Clone(d.nodeSelector), cloneTolerations(d.tolerations)
	c.owners = maps.Clone(d.owners)
	return &c
}

func cloneMatcher(m *domain.Matcher) *domain.Matcher {
	if m == nil {
		return nil
	}
	return new(*m)
}

func cloneTolerations(in []domain.Toleration) []domain.Toleration {
	out := slices.Clone(in)
	for n, t := range out {
		if t.Seconds != nil {
			out[n].Seconds = new(*t.Seconds)
		}
	}
	return out
}

// desire reads a spec that is complete: it shares nothing with the caller any more.
func desire(prefix string, spec domain.VMSpec) *desired {
	manifest, _ := vmspec.ParseManifest(spec.Manifest)
	d := &desired{
		labels:       merged(texts(manifest, "metadata", "labels"), spec.Labels, spec.Identity.Labels(prefix)),
		annotations:  merged(texts(manifest, "metadata", "annotations"), spec.Annotations),
		guestLabels:  merged(texts(manifest, "spec", "template", "metadata", "labels"), spec.GuestLabels),
		nodeSelector: merged(texts(manifest, "spec", "template", "spec", "nodeSelector"), spec.NodeSelector),
		cpu:          spec.CPU,
		memory:       spec.MemoryBytes,
		instanceType: spec.InstanceType,
		preference:   spec.Preference,
		disks:        vmspec.Disks(spec),
		networks:     spec.Networks,
		tolerations:  spec.Tolerations,
	}
	if len(d.disks) == 0 {
		d.disks = nil
	}
	if len(d.networks) == 0 {
		d.networks = nil
	}
	return d
}

// merged lays maps over each other, the last one on top; nil when there is nothing in them. It may return the first one
// that has something.
func merged(all ...map[string]string) map[string]string {
	var out map[string]string
	for _, m := range all {
		if len(m) == 0 {
			continue
		}
		if out == nil {
			out = m
			continue
		}
		maps.Copy(out, m)
	}
	return out
}

// texts reads an object of strings out of a manifest.
func texts(manifest map[string]any, path ...string) map[string]string {
	for _, step := range path {
		manifest, _ = manifest[step].(map[string]any)
	}
	if len(manifest) == 0 {
		return nil
	}
	out := make(map[string]string, len(manifest))
	for k, v := range manifest {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// asked is the CPU and memory of the next start. Of a VM with an instance type only the instance type knows them.
func (d *desired) asked() (domain.CPU, domain.Memory) {
	if d.instanceType != nil {
		return domain.CPU{}, domain.Memory{}
	}
	cpu := d.cpu
	cpu.Source = domain.SourceSpec
	if cpu.Milli == 0 {
		cpu.Milli = max(cpu.VCPUs(), 1) * 1000
	}
	return cpu, memory(d.memory, domain.SourceSpec)
}

// size is what an instance type gives. An instance keeps that of its start, as KubeVirt keeps revisions of instance types.
type size struct {
	cpu    domain.CPU
	memory domain.Memory
}

func (c *site) sizeOf(namespace string, m *domain.Matcher) size {
	if m == nil {
		return size{}
	}
	t, ok := c.instanceTypes.match(namespace, m)
	if !ok {
		return size{}
	}
	return size{
		cpu:    domain.CPU{Milli: t.VCPUs * 1000, Sockets: int32(t.VCPUs), Cores: 1, Threads: 1, Source: domain.SourceInstance},
		memory: memory(t.MemoryBytes, domain.SourceInstance),
	}
}

// given is the CPU and memory of an instance that was booted with this, of the size of its instance type if it has one.
func (d *desired) given(typed size) (domain.CPU, domain.Memory) {
	if d.instanceType != nil {
		return typed.cpu, typed.memory
	}
	cpu, _ := d.asked()
	cpu.Sockets, cpu.Cores, cpu.Threads = max(cpu.Sockets, 1), max(cpu.Cores, 1), max(cpu.Threads, 1)
	if d.cpu.Sockets == 0 && d.cpu.Cores == 0 && d.cpu.Threads == 0 {
		cpu.Sockets = int32(max(d.cpu.VCPUs(), 1))
	}
	cpu.Source = domain.SourceInstance
	return cpu, memory(d.memory, domain.SourceInstance)
}

func memory(bytes int64, source domain.Source) domain.Memory {
	if bytes == 0 {
		return domain.Memory{}
	}
	return domain.Memory{Bytes: bytes, Source: source}
}
