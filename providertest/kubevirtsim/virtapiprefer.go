package kubevirtsim

import (
	"reflect"

	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"
)

// prefer sets a field that is not set, and preferAny one that is a pointer.
func prefer[T comparable](field *T, preferred T) {
	var unset T
	if *field == unset {
		*field = preferred
	}
}

func preferAny[T any](field **T, preferred *T) {
	if *field == nil && preferred != nil {
		*field = new(*preferred)
	}
}

// givePreferences writes a preference into what a template leaves open (pkg/instancetype/preference/apply).
func givePreferences(template *kubevirtv1.VirtualMachineInstanceTemplateSpec, preference *instancetypev1.VirtualMachinePreferenceSpec) {
	if preference == nil {
		return
	}
	spec := &template.Spec
	preferCPUFeatures(&spec.Domain, preference.CPU)
	preferDevices(spec, preference.Devices)
	preferFeatures(&spec.Domain, preference.Features)
	preferFirmware(&spec.Domain, preference.Firmware)
	if preference.Machine != nil && preference.Machine.PreferredMachineType != "" {
		if spec.Domain.Machine == nil {
			spec.Domain.Machine = &kubevirtv1.Machine{}
		}
		prefer(&spec.Domain.Machine.Type, preference.Machine.PreferredMachineType)
	}
	preferClock(&spec.Domain, preference.Clock)
	if preference.PreferredSubdomain != nil {
		prefer(&spec.Subdomain, *preference.PreferredSubdomain)
	}
	preferAny(&spec.TerminationGracePeriodSeconds, preference.PreferredTerminationGracePeriodSeconds)
	if preference.PreferredArchitecture != nil {
		prefer(&spec.Architecture, *preference.PreferredArchitecture)
	}
	annotate(template, preference.Annotations)
	preferAny(&spec.Domain.LaunchSecurity, preference.PreferredLaunchSecurity)
}

func preferCPUFeatures(domain *kubevirtv1.DomainSpec, cpu *instancetypev1.CPUPreferences) {
	if cpu == nil || len(cpu.PreferredCPUFeatures) == 0 {
		return
	}
	if domain.CPU == nil {
		domain.CPU = &kubevirtv1.CPU{}
	}
	own := map[string]bool{}
	for _, f := range domain.CPU.Features {
		own[f.Name] = true
	}
	for _, f := range cpu.PreferredCPUFeatures {
		if !own[f.Name] {
			domain.CPU.Features = append(domain.CPU.Features, f)
		}
	}
}

func preferDevices(spec *kubevirtv1.VirtualMachineInstanceSpec, preferred *instancetypev1.DevicePreferences) {
	if preferred == nil {
		return
	}
	devices := &spec.Domain.Devices
	preferAny(&devices.UseVirtioTransitional, preferred.PreferredUseVirtioTransitional)
	preferAny(&devices.BlockMultiQueue, preferred.PreferredBlockMultiQueue)
	preferAny(&devices.NetworkInterfaceMultiQueue, preferred.PreferredNetworkInterfaceMultiQueue)
	if preferred.PreferredDisableHotplug != nil { // no pointer: what the template says is overruled
		devices.DisableHotplug = *preferred.PreferredDisableHotplug
	}
	if devices.Sound != nil {
		prefer(&devices.Sound.Model, preferred.PreferredSoundModel)
	}
	preferAny(&devices.Rng, preferred.PreferredRng)
	preferAny(&devices.TPM, preferred.PreferredTPM)
	preferAny(&devices.AutoattachGraphicsDevice, preferred.PreferredAutoattachGraphicsDevice)
	preferAny(&devices.AutoattachMemBalloon, preferred.PreferredAutoattachMemBalloon)
	preferAny(&devices.AutoattachPodInterface, preferred.PreferredAutoattachPodInterface)
	preferAny(&devices.AutoattachSerialConsole, preferred.PreferredAutoattachSerialConsole)
	preferAny(&devices.AutoattachInputDevice, preferred.PreferredAutoattachInputDevice)
	if preferred.PreferredVideoType != nil {
		if devices.Video == nil {
			devices.Video = &kubevirtv1.VideoDevice{}
		}
		prefer(&devices.Video.Type, *preferred.PreferredVideoType)
	}
	for i := range devices.Disks {
		preferDisk(&devices.Disks[i], preferred)
	}
	for i := range devices.Interfaces {
		preferInterface(spec, &devices.Interfaces[i], preferred)
	}
	for i := range devices.Inputs {
		prefer(&devices.Inputs[i].Bus, preferred.PreferredInputBus)
		prefer(&devices.Inputs[i].Type, preferred.PreferredInputType)
	}
	preferPanicDevices(devices, preferred)
}

func preferPanicDevices(devices *kubevirtv1.Devices, preferred *instancetypev1.DevicePreferences) {
	if preferred.PreferredPanicDeviceModel == nil {
		return
	}
	if len(devices.PanicDevices) == 0 {
		devices.PanicDevices = []kubevirtv1.PanicDevice{{}}
	}
	for i := range devices.PanicDevices {
		preferAny(&devices.PanicDevices[i].Model, preferred.PreferredPanicDeviceModel)
	}
}

// preferDisk makes a disk of one that says not what it is.
func preferDisk(disk *kubevirtv1.Disk, preferred *instancetypev1.DevicePreferences) {
	if disk.Disk == nil && disk.CDRom == nil && disk.LUN == nil {
		disk.Disk = &kubevirtv1.DiskTarget{}
	}
	switch {
	case disk.Disk != nil:
		prefer(&disk.Disk.Bus, preferred.PreferredDiskBus)
		preferAny(&disk.BlockSize, preferred.PreferredDiskBlockSize)
		prefer(&disk.Cache, preferred.PreferredDiskCache)
		prefer(&disk.IO, preferred.PreferredDiskIO)
		if disk.Disk.Bus == kubevirtv1.DiskBusVirtio {
			preferAny(&disk.DedicatedIOThread, preferred.PreferredDiskDedicatedIoThread)
		}
	case disk.CDRom != nil:
		prefer(&disk.CDRom.Bus, preferred.PreferredCdromBus)
	default:
		prefer(&disk.LUN.Bus, preferred.PreferredLunBus)
	}
}

func preferInterface(spec *kubevirtv1.VirtualMachineInstanceSpec, nic *kubevirtv1.Interface, preferred *instancetypev1.DevicePreferences) {
	prefer(&nic.Model, preferred.PreferredInterfaceModel)
	bound := nic.Binding != nil || !reflect.ValueOf(nic.InterfaceBindingMethod).IsZero()
	for _, network := range spec.Networks {
		if network.Name == nic.Name && network.Pod != nil && !bound {
			preferAny(&nic.Masquerade, preferred.PreferredInterfaceMasquerade)
		}
	}
}

func preferFeatures(domain *kubevirtv1.DomainSpec, preferred *instancetypev1.FeaturePreferences) {
	if preferred == nil {
		return
	}
	if domain.Features == nil {
		domain.Features = &kubevirtv1.Features{}
	}
	features := domain.Features
	if preferred.PreferredAcpi != nil { // no pointer: what the template says is overruled
		features.ACPI = *preferred.PreferredAcpi
	}
	preferAny(&features.APIC, preferred.PreferredApic)
	preferAny(&features.KVM, preferred.PreferredKvm)
	preferAny(&features.Pvspinlock, preferred.PreferredPvspinlock)
	preferAny(&features.SMM, preferred.PreferredSmm)
	if preferred.PreferredHyperv == nil {
		return
	}
	if features.Hyperv == nil {
		features.Hyperv = &kubevirtv1.FeatureHyperv{}
	}
	own, wanted := reflect.ValueOf(features.Hyperv).Elem(), reflect.ValueOf(preferred.PreferredHyperv).Elem()
	for i := range own.NumField() {
		if own.Field(i).IsZero() {
			own.Field(i).Set(wanted.Field(i))
		}
	}
}

func preferFirmware(domain *kubevirtv1.DomainSpec, preferred *instancetypev1.FirmwarePreferences) {
	if preferred == nil {
		return
	}
	if domain.Firmware == nil {
		domain.Firmware = &kubevirtv1.Firmware{}
	}
	if domain.Firmware.Bootloader == nil {
		domain.Firmware.Bootloader = &kubevirtv1.Bootloader{}
	}
	isTrue := func(flag *bool) bool { return flag != nil && *flag }
	loader := domain.Firmware.Bootloader
	if isTrue(preferred.PreferredUseBios) && loader.BIOS == nil && loader.EFI == nil {
		loader.BIOS = &kubevirtv1.BIOS{}
	}
	if loader.BIOS != nil {
		preferAny(&loader.BIOS.UseSerial, preferred.PreferredUseBiosSerial)
	}
	switch free := loader.EFI == nil && loader.BIOS == nil; {
	case free && preferred.PreferredEfi != nil:
		loader.EFI = preferred.PreferredEfi.DeepCopy()
		return
	case free && isTrue(preferred.DeprecatedPreferredUseEfi):
		loader.EFI = &kubevirtv1.EFI{}
	}
	if loader.EFI != nil {
		preferAny(&loader.EFI.SecureBoot, preferred.DeprecatedPreferredUseSecureBoot)
	}
}

// preferClock takes an offset or a timer as a whole, or not at all.
func preferClock(domain *kubevirtv1.DomainSpec, preferred *instancetypev1.ClockPreferences) {
	if preferred == nil {
		return
	}
	if domain.Clock == nil {
		domain.Clock = &kubevirtv1.Clock{}
	}
	if preferred.PreferredClockOffset != nil && domain.Clock.UTC == nil && domain.Clock.Timezone == nil {
		domain.Clock.ClockOffset = *preferred.PreferredClockOffset
	}
	preferAny(&domain.Clock.Timer, preferred.PreferredTimer)
}
