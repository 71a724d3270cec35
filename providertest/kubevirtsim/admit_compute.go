package kubevirtsim

import (
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// checkMemory is about requests, limits, huge pages and the guest's memory, which must fit together.
func (v version) checkMemory(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	request, limit := domain.Resources.Requests.Memory(), domain.Resources.Limits.Memory()
	requests, limits := at.Child("resources", "requests", "memory"), at.Child("resources", "limits", "memory")
	switch least := resource.MustParse("1M"); {
	case request.Sign() < 0:
		f.invalid(requests, "%s '%s': must be greater than or equal to 0.", requests, request)
	case request.Sign() > 0 && request.Cmp(least) < 0:
		f.invalid(requests, "%s '%s': must be greater than or equal to 1M.", requests, request)
	}
	if limit.Sign() < 0 {
		f.invalid(limits, "%s '%s': must be greater than or equal to 0.", limits, limit)
	}
	if limit.Sign() > 0 && request.Cmp(*limit) > 0 {
		f.invalid(requests, "%s '%s' is greater than %s '%s'", requests, request, limits, limit)
	}
	checkHugepages(f, at, domain)
	if memory := domain.Memory; !v.liveUpdates() && memory != nil && memory.Guest != nil && limit.Value() != 0 && limit.Value() < memory.Guest.Value() {
		guest := at.Child("memory", "guest")
		f.invalid(guest, "%s '%s' must be equal to or less than the memory limit %s '%s'", guest, memory.Guest, limits, limit)
	}
}

func checkHugepages(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	if domain.Memory == nil || domain.Memory.Hugepages == nil {
		return
	}
	text, size := domain.Memory.Hugepages.PageSize, at.Child("memory", "hugepages", "pageSize")
	page, err := resource.ParseQuantity(text)
	if err != nil || page.Value() == 0 {
		f.invalid(size, "%s '%s': %s", size, text, resource.ErrFormatWrong)
		return
	}
	memory := domain.Resources.Requests.Memory().Value()
	if memory == 0 && domain.Memory.Guest != nil {
		memory = domain.Memory.Guest.Value()
	}
	if memory == 0 {
		memory = domain.Resources.Limits.Memory().Value()
	}
	requests := at.Child("resources", "requests", "memory")
	switch {
	case memory != 0 && memory < page.Value():
		f.invalid(requests, "%s '%s' must be equal to or larger than page size %s '%s'", requests, domain.Resources.Requests.Memory(), size, text)
	case memory%page.Value() != 0:
		f.invalid(requests, "%s '%s' is not a multiple of the page size %s '%s'", requests, domain.Resources.Requests.Memory(), size, text)
	}
}

// whyNoMemoryHotplug says why a guest's memory cannot grow to its maxGuest; empty when it can
// (ValidateLiveUpdateMemory of pkg/liveupdate/memory).
func whyNoMemoryHotplug(spec *kubevirtv1.VirtualMachineInstanceSpec) string {
	cpu, memory := spec.Domain.CPU, spec.Domain.Memory
	block := resource.MustParse("2Mi")
	if memory.Hugepages != nil && memory.Hugepages.PageSize == "1Gi" {
		block = resource.MustParse("1Gi")
	}
	least := resource.MustParse("1Gi")
	switch {
	case cpu != nil && cpu.Realtime != nil:
		return "Memory hotplug is not compatible with realtime VMs"
	case cpu != nil && cpu.NUMA != nil && cpu.NUMA.GuestMappingPassthrough != nil:
		return "Memory hotplug is not compatible with guest mapping passthrough"
	case spec.Domain.LaunchSecurity != nil:
		return "Memory hotplug is not compatible with encrypted VMs"
	case memory.Guest == nil:
		return "Guest memory must be configured when memory hotplug is enabled"
	case memory.Guest.Cmp(*memory.MaxGuest) > 0:
		return "Guest memory is greater than the configured maxGuest memory"
	case memory.Guest.Value()%block.Value() != 0:
		return "Guest memory must be " + block.String() + " aligned"
	case memory.MaxGuest.Value()%block.Value() != 0:
		return "MaxGuest must be " + block.String() + " aligned"
	case spec.Architecture != defaultArchitecture:
		return "Memory hotplug is only available for x86_64 VMs"
	case memory.Guest.Cmp(least) < 0:
		return "Memory hotplug is only available for VMs with at least 1Gi of guest memory"
	}
	return ""
}

func checkMachine(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	machine := spec.Domain.Machine
	if machine == nil || machine.Type == "" {
		return
	}
	_, patterns := machineOf(spec.Architecture)
	allowed := slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := filepath.Match(pattern, machine.Type)
		return ok && err == nil
	})
	if kind := at.Child("machine", "type"); !allowed {
		f.invalid(kind, "%s is not supported: %s (allowed values: %v)", kind, machine.Type, patterns)
	}
}

func checkCPUResources(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	request, limit := domain.Resources.Requests.Cpu(), domain.Resources.Limits.Cpu()
	requests, limits := at.Child("resources", "requests", "cpu"), at.Child("resources", "limits", "cpu")
	if request.Sign() < 0 {
		f.invalid(requests, "%s '%s': must be greater than or equal to 0.", requests, request)
	}
	if limit.Sign() < 0 {
		f.invalid(limits, "%s '%s': must be greater than or equal to 0.", limits, limit)
	}
	if limit.Sign() > 0 && request.MilliValue() > limit.MilliValue() {
		f.invalid(requests, "%s '%s' is greater than %s '%s'", requests, request, limits, limit)
	}
}

// vcpusOf multiplies what is set of a topology.
func vcpusOf(cpu *kubevirtv1.CPU) int64 {
	count := cpu.Cores
	for _, n := range []uint32{cpu.Sockets, cpu.Threads} {
		switch {
		case count == 0:
			count = n
		case n != 0:
			count *= n
		}
	}
	return int64(count)
}

// checkDedicatedCPU is about CPUs of a guest's own, which must be whole ones of a known number.
func checkDedicatedCPU(f *findings, instance *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	at, cpu := instance.Child("domain"), spec.Domain.CPU
	if cpu == nil || !cpu.DedicatedCPUPlacement {
		return
	}
	resources, memory := spec.Domain.Resources, spec.Domain.Memory
	requests, limits := at.Child("resources", "requests"), at.Child("resources", "limits")
	if resources.Limits.Memory().IsZero() && resources.Requests.Memory().IsZero() &&
		(memory == nil || memory.Hugepages == nil && (memory.Guest == nil || memory.Guest.IsZero())) {
		f.invalid(limits.Child("memory"), "%s, %s, %s or %s should be provided", requests.Child("memory"), limits.Child("memory"),
			at.Child("memory", "hugepages"), at.Child("memory", "guest"))
	}
	for _, r := range []struct {
		at    *field.Path
		what  string
		value *resource.Quantity
	}{{requests.Child("cpu"), "requests", resources.Requests.Cpu()}, {limits.Child("cpu"), "limits", resources.Limits.Cpu()}} {
		if r.value.Value() > 0 && r.value.Value()*1000 != r.value.MilliValue() {
			f.invalid(r.at, "provided resources CPU %s must be an interger", r.what)
		}
	}
	if r, l := resources.Requests.Memory().Value(), resources.Limits.Memory().Value(); r > 0 && l > 0 && r != l {
		f.invalid(requests.Child("memory"), "%s must be equal to %s", requests.Child("memory"), limits.Child("memory"))
	}
	dedicated := at.Child("cpu", "dedicatedCpuPlacement")
	request, limit, vcpus := resources.Requests.Cpu().Value(), resources.Limits.Cpu().Value(), vcpusOf(cpu)
	if request == 0 && limit == 0 && vcpus == 0 {
		f.invalid(dedicated, "either %s or %s or %s must be provided when DedicatedCPUPlacement is true ",
			requests.Child("cpu"), limits.Child("cpu"), at.Child("cpu", "cores"))
	}
	if request > 0 && limit > 0 && request != limit {
		f.invalid(dedicated, "%s or %s must be equal when DedicatedCPUPlacement is true ", requests.Child("cpu"), limits.Child("cpu"))
	}
	if (request > 0 || limit > 0) && vcpus > 0 && request != vcpus && limit != vcpus {
		f.invalid(dedicated, "%s or %s must not be provided at the same time with %s when DedicatedCPUPlacement is true ",
			requests.Child("cpu"), limits.Child("cpu"), at.Child("cpu", "cores"))
	}
	if architecture := instance.Child("architecture"); cpu.Threads > 1 && spec.Architecture == "arm64" {
		f.invalid(architecture, "threads must not be greater than 1 at %s (got %d) when %s is arm64", at.Child("cpu", "threads"), cpu.Threads, architecture)
	}
	if cpu.Threads > 2 {
		f.invalid(dedicated, "Not more than two threads must be provided at %s (got %d) when DedicatedCPUPlacement is true",
			at.Child("cpu", "threads"), cpu.Threads)
	}
}

func checkNUMA(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	cpu := domain.CPU
	if cpu == nil || cpu.NUMA == nil || cpu.NUMA.GuestMappingPassthrough == nil {
		return
	}
	numa := at.Child("cpu", "numa", "guestMappingPassthrough")
	if !cpu.DedicatedCPUPlacement {
		f.invalid(numa, "%s must be set to true when NUMA topology strategy is set in %s", at.Child("cpu", "dedicatedCpuPlacement"), numa)
	}
	if domain.Memory == nil || domain.Memory.Hugepages == nil {
		f.invalid(numa, "%s must be requested when NUMA topology strategy is set in %s", at.Child("memory", "hugepages"), numa)
	}
}

func checkCPU(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	cpu := domain.CPU
	if cpu == nil {
		return
	}
	if cpu.IsolateEmulatorThread && !cpu.DedicatedCPUPlacement {
		f.invalid(at.Child("cpu", "isolateEmulatorThread"), "IsolateEmulatorThread should be only set in combination with DedicatedCPUPlacement")
	}
	for n, feature := range cpu.Features {
		if !slices.Contains([]string{"", "force", "require", "optional", "disable", "forbid"}, feature.Policy) {
			f.notSupported(at.Child("cpu", "features").Index(n).Child("policy"), "CPU feature %s uses policy %s that is not supported.",
				feature.Name, feature.Policy)
		}
	}
	if cpu.MaxSockets != 0 && cpu.Sockets > cpu.MaxSockets {
		f.invalid(at.Child("cpu", "sockets"), "Number of sockets in CPU topology is greater than the maximum sockets allowed")
	}
}

func checkRealtime(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	cpu := domain.CPU
	if cpu == nil || cpu.Realtime == nil {
		return
	}
	if dedicated := at.Child("cpu", "dedicatedCpuPlacement"); !cpu.DedicatedCPUPlacement {
		f.required(dedicated, "%s must be set to true when %s is used", dedicated, at.Child("cpu", "realtime"))
	}
	if numa := at.Child("cpu", "numa", "guestMappingPassthrough"); cpu.NUMA == nil || cpu.NUMA.GuestMappingPassthrough == nil {
		f.required(numa, "%s must be defined when %s is used", numa, at.Child("cpu", "realtime"))
	}
}

func checkACPI(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	if spec.Domain.Firmware == nil || spec.Domain.Firmware.ACPI == nil {
		return
	}
	acpi := spec.Domain.Firmware.ACPI
	if acpi.SlicNameRef == "" && acpi.MsdmNameRef == "" {
		f.invalid(at, "ACPI was set but no SLIC nor MSDM volume reference was set")
		return
	}
	for _, ref := range []struct{ field, name string }{{"slicNameRef", acpi.SlicNameRef}, {"msdmNameRef", acpi.MsdmNameRef}} {
		n := slices.IndexFunc(spec.Volumes, func(v kubevirtv1.Volume) bool { return v.Name == ref.name })
		switch {
		case ref.name == "":
		case n < 0:
			f.invalid(at.Child(ref.field), "%s does not have a matching Volume.", at)
		case spec.Volumes[n].Secret == nil:
			f.invalid(at.Child(ref.field), "%s refers to Volume of unsupported type.", at)
		}
	}
}

func checkFirmware(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	firmware := domain.Firmware
	if firmware == nil {
		return
	}
	boot := firmware.Bootloader
	if path := at.Child("firmware", "bootloader"); boot != nil && boot.EFI != nil && boot.BIOS != nil {
		f.invalid(path, "%s has both EFI and BIOS configured, but they are mutually exclusive.", path)
	}
	checkKernelBoot(f, at.Child("firmware", "kernelBoot"), firmware.KernelBoot)
	if boot == nil || boot.EFI == nil || boot.EFI.SecureBoot != nil && !*boot.EFI.SecureBoot || domain.LaunchSecurity != nil && domain.LaunchSecurity.TDX != nil {
		return
	}
	features := domain.Features
	if features == nil || features.SMM == nil || features.SMM.Enabled != nil && !*features.SMM.Enabled {
		f.invalid(at, "%s has EFI SecureBoot enabled. SecureBoot requires SMM, which is currently disabled.", at)
	}
}

func checkKernelBoot(f *findings, at *field.Path, boot *kubevirtv1.KernelBoot) {
	if boot == nil {
		return
	}
	container := boot.Container
	if container == nil {
		if boot.KernelArgs != "" {
			f.invalid(at.Child("kernelArgs"), "kernel arguments cannot be provided without an external kernel")
		}
		return
	}
	at = at.Child("container")
	if container.Image == "" {
		f.required(at.Child("image"), "%s must be defined with an image", at)
	}
	if container.InitrdPath == "" && container.KernelPath == "" {
		f.required(at, "%s must be defined with at least one of the following: kernelPath, initrdPath", at)
	}
	checkPath(f, at.Child("kernelPath"), container.KernelPath)
	checkPath(f, at.Child("initrdPath"), container.InitrdPath)
}
