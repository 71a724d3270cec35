package kubevirtsim

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// checkInstanceSpec is ValidateVirtualMachineInstanceSpec (vmi-create-admitter.go of KubeVirt v1.9.0), for templates and
// for instances. It leaves out what says nothing about a VM's life: affinity and spread constraints in detail, DNS,
// launch security, mediated and claimed devices.
func (v version) checkInstanceSpec(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	if spec.Hostname != "" {
		if faults := validation.IsDNS1123Label(spec.Hostname); len(faults) > 0 {
			f.invalid(at.Child("hostname"), "%s does not conform to the kubernetes DNS_LABEL rules : %s", at.Child("hostname"), strings.Join(faults, ", "))
		}
	}
	if spec.Subdomain != "" {
		if faults := validation.IsDNS1123Subdomain(spec.Subdomain); len(faults) > 0 {
			f.invalid(at.Child("subdomain"), "%s does not conform to the kubernetes DNS_SUBDOMAIN rules : %s", at.Child("subdomain"), strings.Join(faults, ", "))
		}
	}
	domain := at.Child("domain")
	v.checkMemory(f, domain, &spec.Domain)
	checkMachine(f, domain, spec)
	checkACPI(f, at.Child("acpi"), spec)
	checkCPUResources(f, domain, &spec.Domain)
	checkDedicatedCPU(f, at, spec)
	checkNUMA(f, domain, &spec.Domain)
	checkCPU(f, domain, &spec.Domain)
	checkStartStrategy(f, at, spec)
	checkRealtime(f, domain, &spec.Domain)
	v.checkNetworks(f, at, spec)
	v.checkDiskVolumes(f, at, spec)
	checkInputs(f, domain.Child("devices", "inputs"), spec.Domain.Devices.Inputs)
	checkIOThreads(f, domain, &spec.Domain)
	checkProbes(f, at, spec)
	checkDisks(f, domain.Child("devices", "disks"), spec.Domain.Devices.Disks)
	checkFirmware(f, domain, &spec.Domain)
	v.checkVolumes(f, at.Child("volumes"), spec.Volumes)
	checkContainerDisks(f, at.Child("volumes"), spec.Volumes)
	if spec.UtilityVolumes != nil {
		f.invalid(at.Child("utilityVolumes"), "cannot create VMI with utility volumes in spec, utility volumes can only be added via hotplug")
	}
	checkAccess(f, at.Child("accessCredentials"), spec)
	checkDNSPolicy(f, at, spec)
	if e := spec.EvictionStrategy; e != nil && !slices.Contains([]kubevirtv1.EvictionStrategy{kubevirtv1.EvictionStrategyNone,
		kubevirtv1.EvictionStrategyLiveMigrate, kubevirtv1.EvictionStrategyLiveMigrateIfPossible, kubevirtv1.EvictionStrategyExternal}, *e) {
		f.invalid(at.Child("evictionStrategy"), "%s is set with an unrecognized option: %s", at.Child("evictionStrategy"), *e)
	}
	v.checkGatedFields(f, at, spec)
}

// checkGatedFields refuses fields whose feature gate is not in effect.
func (v version) checkGatedFields(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	devices := &spec.Domain.Devices
	if devices.HostDevices != nil && !v.gate("HostDevices") {
		f.invalid(at.Child("HostDevices"), "Host Devices feature gate is not enabled in kubevirt-config")
	}
	if v.since(9) { // whoever gives no claim has to name a device, whatever gates there are
		for _, gpu := range devices.GPUs {
			if gpu.DeviceName == "" && gpu.ClaimRequest == nil {
				f.required(at.Child("domain", "devices", "gpus"), "vmi.spec.domain.devices.gpus contains GPUs without deviceName or claimRequest; "+
					"each GPU must specify either a deviceName or a claimRequest")
			}
		}
	}
	if sound := devices.Sound; sound != nil {
		if !slices.Contains([]string{"", "ich9", "ac97"}, sound.Model) {
			f.invalid(at.Child("Sound"), "Sound device type is not supported. Options: 'ich9' or 'ac97'")
		}
		if sound.Name == "" {
			f.invalid(at.Child("Sound"), "Sound device requires a name field.")
		}
	}
	if devices.AutoattachVSOCK != nil && *devices.AutoattachVSOCK && !v.gate("VSOCK") {
		f.invalid(at.Child("domain", "devices", "autoattachVSOCK"), "VSOCK feature gate is not enabled in kubevirt-config")
	}
	if slices.ContainsFunc(devices.Disks, func(d kubevirtv1.Disk) bool { return d.LUN != nil && d.LUN.Reservation }) && !v.gate("PersistentReservation") {
		f.invalid(at.Child("domain", "devices", "disks", "luns", "reservation"), "persistent reservation is not enabled in kubevirt config")
	}
	if devices.DownwardMetrics != nil && !v.gate("DownwardMetrics") {
		f.invalid(at.Child("domain", "devices", "downwardMetrics"),
			"downwardMetrics virtio serial is not allowed: DownwardMetrics feature gate is not enabled")
	}
	checkVirtioFS(f, at, spec, v.gate("EnableVirtioFsStorageVolumes"))
	if devices.Video != nil && devices.AutoattachGraphicsDevice != nil && !*devices.AutoattachGraphicsDevice {
		f.invalid(at.Child("video"), "Video configuration is not allowed when autoattachGraphicsDevice is set to false")
	}
	checkPanicDevices(f, at.Child("domain", "devices", "panicDevices"), spec)
	if spec.Domain.RebootPolicy != nil && !v.gate("RebootPolicy") {
		f.invalid(at.Child("domain", "rebootPolicy"), "RebootPolicy is specified but the RebootPolicy feature gate is not enabled")
	}
	if memory := spec.Domain.Memory; memory != nil && memory.ReservedOverhead != nil && !v.gate("ReservedOverheadMemlock") {
		f.invalid(at.Child("domain", "memory", "reservedOverhead"), "Reserved overhead memlock feature gate is not enabled in kubevirt-config")
	}
	checkServiceAccount(f, at.Child("serviceAccountName"), spec)
}

func checkVirtioFS(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec, enabled bool) {
	for _, fs := range spec.Domain.Devices.Filesystems {
		if !enabled && slices.ContainsFunc(spec.Volumes, func(v kubevirtv1.Volume) bool {
			return v.Name == fs.Name && (v.PersistentVolumeClaim != nil || v.DataVolume != nil)
		}) {
			f.invalid(at.Child("domain", "devices", "filesystems"), "virtiofs is not allowed: virtiofs feature gate is not enabled for PVC")
		}
	}
}

func checkPanicDevices(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	devices := spec.Domain.Devices.PanicDevices
	if len(devices) > 0 && spec.Architecture == "s390x" {
		f.invalid(at, "custom panic devices are not supported on %s architecture", spec.Architecture)
	}
	for n, device := range devices {
		if device.Model != nil && !slices.Contains([]kubevirtv1.PanicDeviceModel{kubevirtv1.Hyperv, kubevirtv1.Isa, kubevirtv1.Pvpanic}, *device.Model) {
			f.invalid(at.Index(n).Child("model"), "invalid PanicDeviceModel(%s)", *device.Model)
		}
	}
}

func checkServiceAccount(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	if spec.ServiceAccountName == "" {
		return
	}
	if faults := validation.IsDNS1123Subdomain(spec.ServiceAccountName); len(faults) > 0 {
		f.invalid(at, "%s is not a valid service account name: %s", at, strings.Join(faults, "; "))
	}
	for _, volume := range spec.Volumes {
		if volume.ServiceAccount != nil && volume.ServiceAccount.ServiceAccountName != spec.ServiceAccountName {
			f.invalid(at, "spec.serviceAccountName %q and serviceAccount volume %q must reference the same service account",
				spec.ServiceAccountName, volume.ServiceAccount.ServiceAccountName)
			return
		}
	}
}

func checkStartStrategy(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	start := at.Child("startStrategy")
	switch {
	case spec.StartStrategy == nil:
	case *spec.StartStrategy != kubevirtv1.StartStrategyPaused:
		f.invalid(start, "%s is set with an unrecognized option: %s", start, *spec.StartStrategy)
	case spec.LivenessProbe != nil:
		f.invalid(start, "either %s or %s should be provided.Pausing VMI with LivenessProbe is not supported", start, at.Child("livenessProbe"))
	}
}

func checkInputs(f *findings, at *field.Path, inputs []kubevirtv1.Input) {
	for n, input := range inputs {
		if !slices.Contains([]kubevirtv1.InputBus{"", kubevirtv1.InputBusUSB, kubevirtv1.InputBusVirtio}, input.Bus) {
			f.invalid(at.Index(n).Child("bus"), "Input device can have only virtio or usb bus.")
		}
		if input.Type != kubevirtv1.InputTypeTablet {
			f.invalid(at.Index(n).Child("type"), "Input device can have only tablet type.")
		}
	}
}

func checkIOThreads(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	policy := domain.IOThreadsPolicy
	if policy == nil {
		return
	}
	if !slices.Contains([]kubevirtv1.IOThreadsPolicy{kubevirtv1.IOThreadsPolicyShared, kubevirtv1.IOThreadsPolicyAuto,
		kubevirtv1.IOThreadsPolicySupplementalPool}, *policy) {
		f.invalid(at.Child("ioThreadsPolicy"), "Invalid IOThreadsPolicy (%s)", *policy)
	}
	threads := domain.IOThreads
	if *policy == kubevirtv1.IOThreadsPolicySupplementalPool &&
		(threads == nil || threads.SupplementalPoolThreadCount == nil || *threads.SupplementalPoolThreadCount < 1) {
		f.invalid(at.Child("ioThreads", "count"), "the number of iothreads needs to be set and positive for the dedicated policy")
	}
}

func checkProbes(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	probes := []struct {
		name  string
		probe *kubevirtv1.Probe
	}{{"readinessProbe", spec.ReadinessProbe}, {"livenessProbe", spec.LivenessProbe}}
	for _, p := range probes {
		if p.probe == nil {
			continue
		}
		at, handlers := at.Child(p.name), 0
		for _, set := range []bool{p.probe.HTTPGet != nil, p.probe.TCPSocket != nil, p.probe.Exec != nil, p.probe.GuestAgentPing != nil} {
			if set {
				handlers++
			}
		}
		switch {
		case handlers > 1:
			f.invalid(at, "%s must have exactly one probe type set", at)
		case handlers < 1:
			f.required(at, "either %s, %s or %s must be set if a %s is specified", at.Child("tcpSocket"), at.Child("exec"), at.Child("httpGet"), at)
		}
	}
	if slices.ContainsFunc(spec.Networks, func(n kubevirtv1.Network) bool { return n.Pod != nil }) {
		return
	}
	for _, p := range probes {
		if p.probe == nil {
			continue
		}
		if at := at.Child(p.name, "httpGet"); p.probe.HTTPGet != nil {
			f.invalid(at, "%s is only allowed if the Pod Network is attached", at)
		}
		if at := at.Child(p.name, "tcpSocket"); p.probe.TCPSocket != nil {
			f.invalid(at, "%s is only allowed if the Pod Network is attached", at)
		}
	}
}

func checkDNSPolicy(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	known := []corev1.DNSPolicy{corev1.DNSClusterFirstWithHostNet, corev1.DNSClusterFirst, corev1.DNSDefault, corev1.DNSNone, ""}
	if !slices.Contains(known, spec.DNSPolicy) {
		f.notSupported(at.Child("dnsPolicy"), "DNSPolicy: %s is not supported, valid values: %s", spec.DNSPolicy, known)
	}
	if spec.DNSPolicy != corev1.DNSNone {
		return
	}
	switch {
	case spec.DNSConfig == nil:
		f.required(at.Child("dnsConfig"), "must provide `dnsConfig` when `dnsPolicy` is %s", corev1.DNSNone)
	case len(spec.DNSConfig.Nameservers) == 0:
		f.required(field.NewPath("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is %s", corev1.DNSNone)
	}
}

// checkAccess wants one kind, one source and one way for each access credential.
func checkAccess(f *findings, at *field.Path, spec *kubevirtv1.VirtualMachineInstanceSpec) {
	has := func(kind func(kubevirtv1.Volume) bool) bool { return slices.ContainsFunc(spec.Volumes, kind) }
	for n, credential := range spec.AccessCredentials {
		at, kinds := at.Index(n), 0
		if key := credential.SSHPublicKey; key != nil {
			kinds++
			way, ways := key.PropagationMethod, 0
			if way.NoCloud != nil {
				if ways++; !has(func(v kubevirtv1.Volume) bool { return v.CloudInitNoCloud != nil }) {
					f.invalid(at.Child("sshPublicKey", "propagationMethod"),
						"%s requires a noCloud volume to exist when the noCloud propagationMethod is in use.", at)
				}
			}
			if way.ConfigDrive != nil {
				if ways++; !has(func(v kubevirtv1.Volume) bool { return v.CloudInitConfigDrive != nil }) {
					f.invalid(at.Child("sshPublicKey", "propagationMethod"),
						"%s requires a configDrive volume to exist when the configDrive propagationMethod is in use.", at)
				}
			}
			if way.QemuGuestAgent != nil {
				if ways++; len(way.QemuGuestAgent.Users) == 0 {
					f.invalid(at.Child("sshPublicKey", "propagationMethod", "qemuGuestAgent", "users"),
						"%s requires at least one user to be present in the users list", at)
				}
			}
			checkAccessWay(f, at, "sshPublicKey", key.Source.Secret != nil, ways)
		}
		if password := credential.UserPassword; password != nil {
			kinds++
			ways := 0
			if password.PropagationMethod.QemuGuestAgent != nil {
				ways++
			}
			checkAccessWay(f, at, "userPassword", password.Source.Secret != nil, ways)
		}
		if kinds != 1 {
			f.invalid(at, "%s must have exactly one access credential type set", at)
		}
	}
}

func checkAccessWay(f *findings, at *field.Path, kind string, source bool, ways int) {
	if !source {
		f.invalid(at.Child(kind, "source"), "%s must have exactly one source set", at)
	}
	if ways != 1 {
		f.invalid(at.Child(kind, "propagationMethod"), "%s must have exactly one propagationMethod set", at)
	}
}
