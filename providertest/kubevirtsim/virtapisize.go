package kubevirtsim

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"
)

// giveSize writes an instance type into a template, and answers the fields that the template has set itself: an instance
// type is never overruled (pkg/instancetype/apply).
func giveSize(template *kubevirtv1.VirtualMachineInstanceTemplateSpec, size *instancetypev1.VirtualMachineInstancetypeSpec,
	preference *instancetypev1.VirtualMachinePreferenceSpec,
) (taken []string) {
	if size == nil {
		return nil
	}
	spec := &template.Spec
	c := conflicts{path: field.NewPath("spec", "template", "spec")}
	c.note(size.NodeSelector != nil && spec.NodeSelector != nil, "nodeSelector")
	c.note(size.SchedulerName != "" && spec.SchedulerName != "", "schedulerName")
	c.noteCPU(size, &spec.Domain)
	c.noteMemory(size, &spec.Domain)
	c.noteDevices(size, &spec.Domain)
	for key, value := range size.Annotations {
		if own, ok := template.ObjectMeta.Annotations[key]; ok && own != value {
			c.fields = append(c.fields, "annotations."+key)
		}
	}
	if len(c.fields) > 0 {
		return c.fields
	}
	if size.NodeSelector != nil {
		spec.NodeSelector = maps.Clone(size.NodeSelector)
	}
	prefer(&spec.SchedulerName, size.SchedulerName)
	giveCPU(&spec.Domain, size, preference)
	giveMemory(&spec.Domain, size)
	giveDevices(&spec.Domain, size)
	annotate(template, size.Annotations)
	return nil
}

// conflicts are the fields that both set.
type conflicts struct {
	path   *field.Path
	fields []string
}

func (c *conflicts) note(taken bool, path ...string) {
	if taken {
		c.fields = append(c.fields, c.path.Child(path[0], path[1:]...).String())
	}
}

func (c *conflicts) noteCPU(size *instancetypev1.VirtualMachineInstancetypeSpec, domain *kubevirtv1.DomainSpec) {
	_, requested := domain.Resources.Requests[corev1.ResourceCPU]
	_, limited := domain.Resources.Limits[corev1.ResourceCPU]
	c.note(requested, "domain", "resources", "requests", "cpu")
	c.note(limited, "domain", "resources", "limits", "cpu")
	cpu := domain.CPU
	if cpu == nil {
		return
	}
	c.note(cpu.Sockets != 0, "domain", "cpu", "sockets")
	c.note(cpu.Cores != 0, "domain", "cpu", "cores")
	c.note(cpu.Threads != 0, "domain", "cpu", "threads")
	c.note(cpu.Model != "" && size.CPU.Model != nil, "domain", "cpu", "model")
	c.note(cpu.DedicatedCPUPlacement && size.CPU.DedicatedCPUPlacement != nil, "domain", "cpu", "dedicatedCPUPlacement")
	c.note(cpu.IsolateEmulatorThread && size.CPU.IsolateEmulatorThread != nil, "domain", "cpu", "isolateEmulatorThread")
	c.note(cpu.NUMA != nil && size.CPU.NUMA != nil, "domain", "cpu", "numa")
	c.note(cpu.Realtime != nil && size.CPU.Realtime != nil, "domain", "cpu", "realtime")
}

// noteMemory notes the first one only.
func (c *conflicts) noteMemory(size *instancetypev1.VirtualMachineInstancetypeSpec, domain *kubevirtv1.DomainSpec) {
	memory := domain.Memory
	if memory == nil {
		memory = &kubevirtv1.Memory{}
	}
	_, requested := domain.Resources.Requests[corev1.ResourceMemory]
	_, limited := domain.Resources.Limits[corev1.ResourceMemory]
	switch {
	case memory.Guest != nil:
		c.note(true, "domain", "memory", "guest")
	case memory.Hugepages != nil && size.Memory.Hugepages != nil:
		c.note(true, "domain", "memory", "hugepages")
	case memory.MaxGuest != nil && size.Memory.MaxGuest != nil:
		c.note(true, "domain", "memory", "maxGuest")
	case requested:
		c.note(true, "domain", "resources", "requests", "memory")
	default:
		c.note(limited, "domain", "resources", "limits", "memory")
	}
}

func (c *conflicts) noteDevices(size *instancetypev1.VirtualMachineInstancetypeSpec, domain *kubevirtv1.DomainSpec) {
	c.note(poolOf(size.IOThreads) != nil && poolOf(domain.IOThreads) != nil, "domain", "ioThreads", "supplementalPoolThreadCount")
	c.note(size.IOThreadsPolicy != nil && domain.IOThreadsPolicy != nil, "domain", "ioThreadsPolicy")
	c.note(size.LaunchSecurity != nil && domain.LaunchSecurity != nil, "domain", "launchSecurity")
	c.note(len(size.GPUs) > 0 && len(domain.Devices.GPUs) > 0, "domain", "devices", "gpus")
	c.note(len(size.HostDevices) > 0 && len(domain.Devices.HostDevices) > 0, "domain", "devices", "hostDevices")
}

func poolOf(threads *kubevirtv1.DiskIOThreads) *uint32 {
	if threads == nil {
		return nil
	}
	return threads.SupplementalPoolThreadCount
}

func giveCPU(domain *kubevirtv1.DomainSpec, size *instancetypev1.VirtualMachineInstancetypeSpec, preference *instancetypev1.VirtualMachinePreferenceSpec) {
	if domain.CPU == nil {
		domain.CPU = &kubevirtv1.CPU{}
	}
	cpu := domain.CPU
	given := func(flag *bool, fallback bool) bool {
		if flag == nil {
			return fallback
		}
		return *flag
	}
	if size.CPU.Model != nil {
		cpu.Model = *size.CPU.Model
	}
	cpu.DedicatedCPUPlacement = given(size.CPU.DedicatedCPUPlacement, cpu.DedicatedCPUPlacement)
	cpu.IsolateEmulatorThread = given(size.CPU.IsolateEmulatorThread, cpu.IsolateEmulatorThread)
	preferAny(&cpu.NUMA, size.CPU.NUMA)
	preferAny(&cpu.Realtime, size.CPU.Realtime)
	if size.CPU.MaxSockets != nil {
		cpu.MaxSockets = *size.CPU.MaxSockets
	}
	cpu.Sockets, cpu.Cores, cpu.Threads = topologyFor(size.CPU.Guest, preference)
}

// topologyFor spreads virtual CPUs as the preference likes it; by default each is a socket.
func topologyFor(cpus uint32, preference *instancetypev1.VirtualMachinePreferenceSpec) (sockets, cores, threads uint32) {
	if cpus == 1 {
		return 1, 1, 1
	}
	switch topologyOfPreference(preference) {
	case instancetypev1.DeprecatedPreferCores, instancetypev1.Cores:
		return 1, cpus, 1
	case instancetypev1.DeprecatedPreferThreads, instancetypev1.Threads:
		return 1, 1, cpus
	case instancetypev1.DeprecatedPreferSpread, instancetypev1.Spread:
		return spread(cpus, preference)
	case instancetypev1.DeprecatedPreferSockets, instancetypev1.DeprecatedPreferAny, instancetypev1.Sockets, instancetypev1.Any:
		return cpus, 1, 1
	default: // a topology that KubeVirt does not know gives one of everything
		return 1, 1, 1
	}
}

func spread(cpus uint32, preference *instancetypev1.VirtualMachinePreferenceSpec) (sockets, cores, threads uint32) {
	const perCore = 2
	ratio, across := spreadOf(preference)
	switch across {
	case instancetypev1.SpreadAcrossCoresThreads:
		return 1, cpus / ratio, ratio
	case instancetypev1.SpreadAcrossSocketsCoresThreads:
		return cpus / perCore / ratio, ratio, perCore
	default:
		return cpus / ratio, ratio, 1
	}
}

func giveMemory(domain *kubevirtv1.DomainSpec, size *instancetypev1.VirtualMachineInstancetypeSpec) {
	if domain.Memory == nil {
		domain.Memory = &kubevirtv1.Memory{}
	}
	guest := size.Memory.Guest.DeepCopy()
	domain.Memory.Guest = &guest
	if percent := size.Memory.OvercommitPercent; percent > 0 {
		if domain.Resources.Requests == nil {
			domain.Resources.Requests = corev1.ResourceList{}
		}
		const whole = 100
		requested := int64(float32(guest.Value()) * (1 - float32(percent)/whole))
		domain.Resources.Requests[corev1.ResourceMemory] = *resource.NewQuantity(requested, guest.Format)
	}
	if size.Memory.Hugepages != nil {
		domain.Memory.Hugepages = size.Memory.Hugepages.DeepCopy()
	}
	if size.Memory.MaxGuest != nil {
		domain.Memory.MaxGuest = new(size.Memory.MaxGuest.DeepCopy())
	}
}

func giveDevices(domain *kubevirtv1.DomainSpec, size *instancetypev1.VirtualMachineInstancetypeSpec) {
	if pool := poolOf(size.IOThreads); pool != nil {
		if domain.IOThreads == nil {
			domain.IOThreads = &kubevirtv1.DiskIOThreads{}
		}
		domain.IOThreads.SupplementalPoolThreadCount = new(*pool)
	}
	preferAny(&domain.IOThreadsPolicy, size.IOThreadsPolicy)
	preferAny(&domain.LaunchSecurity, size.LaunchSecurity)
	domain.Devices.GPUs = append(domain.Devices.GPUs, slices.Clone(size.GPUs)...)
	domain.Devices.HostDevices = append(domain.Devices.HostDevices, slices.Clone(size.HostDevices)...)
}

// annotate adds the annotations that a template does not have.
func annotate(template *kubevirtv1.VirtualMachineInstanceTemplateSpec, annotations map[string]string) {
	if template.ObjectMeta.Annotations == nil {
		template.ObjectMeta.Annotations = map[string]string{}
	}
	for key, value := range annotations {
		if _, ok := template.ObjectMeta.Annotations[key]; !ok {
			template.ObjectMeta.Annotations[key] = value
		}
	}
}
