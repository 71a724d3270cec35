package mapper

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// viewGuest reduces the part that VM templates and instances have in common.
func viewGuest(spec *kubevirtv1.VirtualMachineInstanceSpec) guestView {
	d := &spec.Domain
	v := guestView{
		cpu:          viewCPU(d.CPU, &d.Resources),
		memory:       viewMemory(d.Memory, &d.Resources),
		volumes:      viewVolumes(spec.Volumes),
		devices:      viewDevices(d.Devices.Disks),
		networks:     viewNetworks(spec.Networks),
		interfaces:   viewInterfaces(d.Devices.Interfaces),
		nodeSelector: pairsOf(spec.NodeSelector, nil),
		tolerations:  viewTolerations(spec.Tolerations),
		probeForbids: spec.LivenessProbe != nil && spec.LivenessProbe.GuestAgentPing == nil,
	}
	if attach := d.Devices.AutoattachPodInterface; attach != nil {
		v.noPodNetwork = !*attach
	}
	if d.Features != nil && d.Features.ACPI.Enabled != nil {
		v.acpiForbidden = !*d.Features.ACPI.Enabled
	}
	return v
}

func viewCPU(cpu *kubevirtv1.CPU, resources *kubevirtv1.ResourceRequirements) cpuView {
	v := cpuView{
		requests: milliOf(resources.Requests),
		limits:   milliOf(resources.Limits),
	}
	if cpu != nil {
		v.sockets, v.cores, v.threads = cpu.Sockets, cpu.Cores, cpu.Threads
	}
	return v
}

func viewMemory(memory *kubevirtv1.Memory, resources *kubevirtv1.ResourceRequirements) memoryView {
	v := memoryView{
		requests: quantity(resources.Requests, corev1.ResourceMemory),
		limits:   quantity(resources.Limits, corev1.ResourceMemory),
	}
	if memory == nil {
		return v
	}
	if memory.Guest != nil {
		v.guest = max(memory.Guest.Value(), 0)
	}
	if memory.Hugepages != nil {
		if size, err := resource.ParseQuantity(memory.Hugepages.PageSize); err == nil {
			v.hugepage = max(size.Value(), 0)
		}
	}
	return v
}

func viewTolerations(in []corev1.Toleration) []domain.Toleration {
	if len(in) == 0 {
		return nil
	}
	out := make([]domain.Toleration, len(in))
	for n := range in {
		t := &in[n]
		out[n] = domain.Toleration{Key: t.Key, Operator: string(t.Operator), Value: t.Value, Effect: string(t.Effect)}
		if t.TolerationSeconds != nil {
			out[n].Seconds = new(*t.TolerationSeconds)
		}
	}
	return out
}

// milliOf is the CPU of a resource list in thousandths.
func milliOf(list corev1.ResourceList) int64 {
	q, ok := list[corev1.ResourceCPU]
	if !ok {
		return 0
	}
	if q.Value() > math.MaxInt64/1000 { // MilliValue would overflow
		return math.MaxInt64
	}
	return max(q.MilliValue(), 0)
}

// bytesOf is the storage of a resource list.
func bytesOf(list corev1.ResourceList) int64 { return quantity(list, corev1.ResourceStorage) }

// quantity is a whole number of a resource list, rounded up; zero when it is missing or negative.
func quantity(list corev1.ResourceList, name corev1.ResourceName) int64 {
	q, ok := list[name]
	if !ok {
		return 0
	}
	return max(q.Value(), 0)
}
