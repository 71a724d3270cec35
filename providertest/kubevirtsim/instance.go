package kubevirtsim

import (
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// bootInstance makes the object of an instance that has just been made: what virt-controller and the webhooks make of
// the VM's template (setupVMIFromVM of pkg/virt-controller/watch/vm/vm.go and pkg/defaults of KubeVirt v1.9.0). size is
// that of the VM's instance type, nil when it has none.
func bootInstance(vm *kubevirtv1.VirtualMachine, uid types.UID, size *instanceSize, at metav1.Time) *kubevirtv1.VirtualMachineInstance {
	template := vm.Spec.Template.DeepCopy()
	instance := &kubevirtv1.VirtualMachineInstance{
		TypeMeta: metav1.TypeMeta{APIVersion: kubevirtv1.GroupVersion.String(), Kind: kubevirtv1.VirtualMachineInstanceGroupVersionKind.Kind},
		ObjectMeta: metav1.ObjectMeta{
			Name: vm.Name, Namespace: vm.Namespace, UID: uid, CreationTimestamp: at, Generation: 1,
			Labels: template.ObjectMeta.Labels, Annotations: observedBy(template.ObjectMeta.Annotations),
			Finalizers:      []string{vmFinalizer, kubevirtv1.VirtualMachineInstanceFinalizer},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(vm, kubevirtv1.VirtualMachineGroupVersionKind)},
		},
		Spec: template.Spec,
	}
	instance.Annotations[kubevirtv1.VirtualMachineGenerationAnnotation] = strconv.FormatInt(vm.Generation, 10)
	if strategyOf(vm) == domain.RunStrategyWaitAsReceiver {
		instance.Annotations[kubevirtv1.CreateMigrationTarget] = "true"
	}
	completeInstance(&instance.Spec, size)
	instance.Status.RuntimeUser = launcherUser
	instance.Status.CurrentCPUTopology = topologyOf(instance.Spec.Domain.CPU)
	if guest := instance.Spec.Domain.Memory.Guest; guest != nil {
		instance.Status.Memory = &kubevirtv1.MemoryStatus{GuestAtBoot: guest, GuestCurrent: guest, GuestRequested: guest}
	}
	return instance
}

// launcherUser is qemu's number, under which guests run.
const launcherUser = 107

// completeInstance sets what a template leaves open.
func completeInstance(spec *kubevirtv1.VirtualMachineInstanceSpec, size *instanceSize) {
	d := &spec.Domain
	if d.CPU == nil {
		d.CPU = &kubevirtv1.CPU{}
	}
	if d.Memory == nil {
		d.Memory = &kubevirtv1.Memory{}
	}
	if size != nil {
		d.CPU.Sockets, d.CPU.Cores, d.CPU.Threads = size.vcpus, 1, 1
		d.Memory.Guest = new(size.memory.DeepCopy())
	}
	d.CPU.Sockets, d.CPU.Cores, d.CPU.Threads = max(d.CPU.Sockets, 1), max(d.CPU.Cores, 1), max(d.CPU.Threads, 1)
	if d.CPU.Model == "" {
		d.CPU.Model = kubevirtv1.CPUModeHostModel
	}
	if d.CPU.MaxSockets == 0 {
		d.CPU.MaxSockets = 4 * d.CPU.Sockets
	}
	if guest := d.Memory.Guest; guest == nil {
		if request, ok := d.Resources.Requests["memory"]; ok {
			d.Memory.Guest = new(request.DeepCopy())
		}
	} else if d.Memory.MaxGuest == nil {
		d.Memory.MaxGuest = resource.NewQuantity(4*guest.Value(), guest.Format)
		if whyNoMemoryHotplug(spec) != "" {
			d.Memory.MaxGuest = nil
		}
	}
	if d.Features == nil {
		d.Features = &kubevirtv1.Features{}
	}
	if d.Features.ACPI.Enabled == nil {
		d.Features.ACPI.Enabled = new(true)
	}
	if spec.EvictionStrategy == nil {
		spec.EvictionStrategy = new(kubevirtv1.EvictionStrategyNone)
	}
	if len(spec.Networks) == 0 && len(d.Devices.Interfaces) == 0 && (d.Devices.AutoattachPodInterface == nil || *d.Devices.AutoattachPodInterface) {
		spec.Networks = []kubevirtv1.Network{*kubevirtv1.DefaultPodNetwork()}
		d.Devices.Interfaces = []kubevirtv1.Interface{*kubevirtv1.DefaultBridgeNetworkInterface()}
	}
	setPullPolicies(spec.Volumes)
	completeProbe(spec.LivenessProbe)
	completeProbe(spec.ReadinessProbe)
}

// completeProbe sets the times of a probe.
func completeProbe(probe *kubevirtv1.Probe) {
	if probe == nil {
		return
	}
	const period, failures = 10, 3
	probe.TimeoutSeconds, probe.SuccessThreshold = max(probe.TimeoutSeconds, 1), max(probe.SuccessThreshold, 1)
	if probe.PeriodSeconds < 1 {
		probe.PeriodSeconds = period
	}
	if probe.FailureThreshold < 1 {
		probe.FailureThreshold = failures
	}
}

// setPullPolicies is setDefaultPullPoliciesOnContainerDisks: what has a tag or a digest is pulled once.
func setPullPolicies(volumes []kubevirtv1.Volume) {
	for n := range volumes {
		disk := volumes[n].ContainerDisk
		if disk == nil || disk.ImagePullPolicy != "" {
			continue
		}
		disk = disk.DeepCopy() // it may be the template's
		disk.ImagePullPolicy = corev1.PullIfNotPresent
		if strings.HasSuffix(disk.Image, ":latest") || !strings.ContainsAny(disk.Image, ":@") {
			disk.ImagePullPolicy = corev1.PullAlways
		}
		volumes[n].ContainerDisk = disk
	}
}

func topologyOf(cpu *kubevirtv1.CPU) *kubevirtv1.CPUTopology {
	return &kubevirtv1.CPUTopology{Sockets: cpu.Sockets, Cores: cpu.Cores, Threads: cpu.Threads}
}

// instanceSize is what an instance type gives.
type instanceSize struct {
	vcpus  uint32
	memory resource.Quantity
}

// showInstance brings the status of an instance in line with its machine.
func showInstance(instance *kubevirtv1.VirtualMachineInstance, m *vmsim.Machine, migrationUID types.UID) {
	i, now := m.Instance(), metav1.NewTime(m.Now())
	status := &instance.Status
	showPhase(status, i, now)
	conditions := instanceConditions(m, claimOf(instance))
	for _, c := range status.Conditions {
		if plugCondition(string(c.Type)) {
			conditions = append(conditions, yes(c.Type))
		}
	}
	status.Conditions = carryInstance(status.Conditions, conditions, now)
	status.Reason = i.Ended
	if i.Phase == vmsim.PhaseSucceeded || i.Phase == vmsim.PhaseFailed { // virt-controller is done with it
		instance.Finalizers = slices.DeleteFunc(instance.Finalizers, func(f string) bool { return f == vmFinalizer })
	}
	status.MigrationState = migrationState(m.Migration(), i.Serial, migrationUID)
	if i.Node != 0 {
		status.NodeName = nodeName(i.Node)
		setLabel(&instance.ObjectMeta, kubevirtv1.NodeNameLabel, status.NodeName)
	}
	if i.Started.IsZero() {
		return
	}
	status.Interfaces = interfacesOf(instance, i.Agent)
	status.VolumeStatus = volumesOf(instance)
	status.GuestOSInfo = kubevirtv1.VirtualMachineInstanceGuestOSInfo{}
	if i.Agent {
		status.GuestOSInfo = guestOS
	}
}

func showPhase(status *kubevirtv1.VirtualMachineInstanceStatus, i vmsim.Instance, now metav1.Time) {
	phase := kubevirtv1.VirtualMachineInstancePhase(i.Phase)
	if status.Phase == phase {
		return
	}
	status.Phase = phase
	status.PhaseTransitionTimestamps = append(status.PhaseTransitionTimestamps,
		kubevirtv1.VirtualMachineInstancePhaseTransitionTimestamp{Phase: phase, PhaseTransitionTimestamp: now})
}

func setLabel(meta *metav1.ObjectMeta, key, value string) {
	if meta.Labels == nil {
		meta.Labels = map[string]string{}
	}
	meta.Labels[key] = value
}

// claimOf is the place of the first claim that an instance names, for the words of a missing one.
func claimOf(instance *kubevirtv1.VirtualMachineInstance) string {
	for _, volume := range instance.Spec.Volumes {
		switch {
		case volume.PersistentVolumeClaim != nil:
			return instance.Namespace + "/" + volume.PersistentVolumeClaim.ClaimName
		case volume.DataVolume != nil:
			return instance.Namespace + "/" + volume.DataVolume.Name
		}
	}
	return instance.Namespace + "/" + instance.Name
}

// guestOS is what the agent of every guest tells.
var guestOS = kubevirtv1.VirtualMachineInstanceGuestOSInfo{
	Name: "Fedora Linux", PrettyName: "Fedora Linux 42 (Cloud Edition)", Version: "42 (Cloud Edition)", VersionID: "42",
	ID: "fedora", KernelRelease: "6.14.0-63.fc42.x86_64", KernelVersion: "#1 SMP PREEMPT_DYNAMIC", Machine: "x86_64",
}

// interfacesOf reports every network interface of the spec; addresses are of 198.18.0.0/15, which is never routed.
func interfacesOf(instance *kubevirtv1.VirtualMachineInstance, agent bool) []kubevirtv1.VirtualMachineInstanceNetworkInterface {
	var out []kubevirtv1.VirtualMachineInstanceNetworkInterface
	for n, wanted := range instance.Spec.Domain.Devices.Interfaces {
		h := fnv.New32a()
		_, _ = h.Write([]byte(instance.UID)) // a hash takes everything
		sum := h.Sum32() + uint32(n)
		ip := netip.AddrFrom4([4]byte{198, 19, byte(sum >> 8), byte(sum)}).String()
		status := kubevirtv1.VirtualMachineInstanceNetworkInterface{
			Name: wanted.Name, InterfaceName: "eth" + strconv.Itoa(n), PodInterfaceName: "eth" + strconv.Itoa(n),
			QueueCount: 1, LinkState: "up", InfoSource: "domain", IP: ip, IPs: []string{ip}, MAC: wanted.MacAddress,
		}
		if status.MAC == "" {
			status.MAC = macOf(sum)
		}
		if agent {
			status.InfoSource = "domain, guest-agent"
		}
		out = append(out, status)
	}
	return out
}

func macOf(sum uint32) string {
	const digits = "0123456789abcdef"
	out := []byte("02:00:00:00:00:00")
	for i := range 4 {
		b := byte(sum >> (8 * i))
		out[6+3*i], out[7+3*i] = digits[b>>4], digits[b&15]
	}
	return string(out)
}

func volumesOf(instance *kubevirtv1.VirtualMachineInstance) []kubevirtv1.VolumeStatus {
	var out []kubevirtv1.VolumeStatus
	for n, volume := range instance.Spec.Volumes {
		out = append(out, kubevirtv1.VolumeStatus{Name: volume.Name, Target: "vd" + string(rune('a'+n%26))})
	}
	return out
}

// migrationState is what an instance says of its latest migration; nil when it has had none, or none with a target yet.
func migrationState(g vmsim.Migration, instance uint64, uid types.UID) *kubevirtv1.VirtualMachineInstanceMigrationState {
	if g.Serial == 0 || g.Instance != instance || g.Target == 0 {
		return nil
	}
	state := &kubevirtv1.VirtualMachineInstanceMigrationState{
		MigrationUID: uid, SourceNode: nodeName(g.Source), TargetNode: nodeName(g.Target),
		Completed: g.Over(), Failed: g.Phase == vmsim.MigrationPhaseFailed, FailureReason: g.Reason,
	}
	if !g.Started.IsZero() {
		state.StartTimestamp, state.Mode = new(metav1.NewTime(g.Started)), kubevirtv1.MigrationPreCopy
	}
	if !g.Ended.IsZero() {
		state.EndTimestamp = new(metav1.NewTime(g.Ended))
	}
	switch {
	case g.Canceled && g.Over():
		state.AbortStatus = kubevirtv1.MigrationAbortSucceeded
	case g.Canceled:
		state.AbortStatus, state.AbortRequested = kubevirtv1.MigrationAbortInProgress, true
	}
	return state
}

func nodeName(n int) string { return "node-" + strconv.Itoa(n) }
