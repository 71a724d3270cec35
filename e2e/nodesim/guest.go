package nodesim

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// Reasons of the Paused condition.
const (
	pausedByUser  = "PausedByUser"
	pausedIOError = "PausedIOError"
)

// setHardware fills in what virt-handler knows of a machine that has just
// booted. What the webhooks or virt-controller have written stays.
func setHardware(instance *kubevirtv1.VirtualMachineInstance) {
	status, domain := &instance.Status, &instance.Spec.Domain
	// A migration waits for ever without the context; "none" is what a node
	// without SELinux reports.
	status.SelinuxContext = "none"
	status.MigrationMethod = kubevirtv1.LiveMigration
	status.Machine = &kubevirtv1.Machine{Type: currentMachineType}
	if domain.Machine != nil && domain.Machine.Type != "" && domain.Machine.Type != "q35" {
		status.Machine.Type = domain.Machine.Type
	}
	if status.CurrentCPUTopology == nil {
		status.CurrentCPUTopology = topology(domain.CPU)
	}
	if guest := guestMemory(domain); guest != nil {
		if status.Memory == nil {
			status.Memory = &kubevirtv1.MemoryStatus{}
		}
		for _, field := range []**resource.Quantity{
			&status.Memory.GuestAtBoot, &status.Memory.GuestCurrent, &status.Memory.GuestRequested,
		} {
			if *field == nil {
				copied := guest.DeepCopy()
				*field = &copied
			}
		}
	}
}

func topology(cpu *kubevirtv1.CPU) *kubevirtv1.CPUTopology {
	if cpu == nil {
		return &kubevirtv1.CPUTopology{Cores: 1, Sockets: 1, Threads: 1}
	}
	return &kubevirtv1.CPUTopology{Cores: cpu.Cores, Sockets: cpu.Sockets, Threads: cpu.Threads}
}

func guestMemory(domain *kubevirtv1.DomainSpec) *resource.Quantity {
	if domain.Memory != nil && domain.Memory.Guest != nil {
		return domain.Memory.Guest
	}
	if request, ok := domain.Resources.Requests[corev1.ResourceMemory]; ok {
		return &request
	}
	return nil
}

// setGuest brings what may change while the guest runs in line with the knobs.
func setGuest(instance *kubevirtv1.VirtualMachineInstance, knobs knobs) {
	setInterfaces(instance, !knobs.on(KnobNoAddress), !knobs.on(KnobNoAgent))
	migratable := kubevirtv1.VirtualMachineInstanceCondition{
		Type: kubevirtv1.VirtualMachineInstanceIsMigratable, Status: corev1.ConditionTrue,
	}
	if knobs.on(KnobNotMigratable) {
		migratable.Status = corev1.ConditionFalse
		migratable.Reason = kubevirtv1.VirtualMachineInstanceReasonDisksNotMigratable
		migratable.Message = "cannot migrate VMI: told so by a knob"
	}
	setCondition(instance, migratable)
	setCondition(instance, kubevirtv1.VirtualMachineInstanceCondition{
		Type: kubevirtv1.VirtualMachineInstanceIsStorageLiveMigratable, Status: migratable.Status, Reason: migratable.Reason, Message: migratable.Message,
	})
	if knobs.on(KnobNoAgent) {
		removeCondition(instance, kubevirtv1.VirtualMachineInstanceAgentConnected)
		instance.Status.GuestOSInfo = kubevirtv1.VirtualMachineInstanceGuestOSInfo{}
	} else {
		setCondition(instance, kubevirtv1.VirtualMachineInstanceCondition{
			Type: kubevirtv1.VirtualMachineInstanceAgentConnected, Status: corev1.ConditionTrue,
		})
		instance.Status.GuestOSInfo = guestOS
	}
	switch reason := conditionReason(instance, kubevirtv1.VirtualMachineInstancePaused); {
	case knobs.on(KnobIOError) && reason != pausedIOError:
		setPaused(instance, pausedIOError)
	case !knobs.on(KnobIOError) && reason == pausedIOError:
		removeCondition(instance, kubevirtv1.VirtualMachineInstancePaused)
	}
}

// guestOS is what the agent of every guest tells.
var guestOS = kubevirtv1.VirtualMachineInstanceGuestOSInfo{
	Name: "Fedora Linux", PrettyName: "Fedora Linux 42 (Cloud Edition)", Version: "42 (Cloud Edition)", VersionID: "42",
	ID: "fedora", KernelRelease: "6.14.0-63.fc42.x86_64", KernelVersion: "#1 SMP PREEMPT_DYNAMIC", Machine: "x86_64",
}

func setPaused(instance *kubevirtv1.VirtualMachineInstance, reason string) {
	message := "VMI was paused by user"
	if reason == pausedIOError {
		message = "VMI was paused, low-level IO error detected"
	}
	setCondition(instance, kubevirtv1.VirtualMachineInstanceCondition{
		Type: kubevirtv1.VirtualMachineInstancePaused, Status: corev1.ConditionTrue, Reason: reason, Message: message,
	})
}

// setInterfaces reports every network interface of the spec, keeping what
// virt-controller has written about it.
func setInterfaces(instance *kubevirtv1.VirtualMachineInstance, address, agent bool) {
	for n, wanted := range instance.Spec.Domain.Devices.Interfaces {
		status := interfaceNamed(instance, wanted.Name)
		if status.MAC = wanted.MacAddress; status.MAC == "" {
			status.MAC = hardwareAddress(instance.UID, n)
		}
		status.InterfaceName, status.QueueCount, status.LinkState = "eth"+strconv.Itoa(n), 1, "up"
		if wanted.State == kubevirtv1.InterfaceStateLinkDown {
			status.LinkState = "down"
		}
		status.InfoSource = "domain"
		if agent {
			status.InfoSource = "domain, guest-agent"
		}
		if !address {
			status.IP, status.IPs = "", nil
		} else if status.IP == "" {
			status.IP = unroutable(19, instance.UID, n)
			status.IPs = []string{status.IP}
		}
	}
}

func interfaceNamed(instance *kubevirtv1.VirtualMachineInstance, name string) *kubevirtv1.VirtualMachineInstanceNetworkInterface {
	for n := range instance.Status.Interfaces {
		if instance.Status.Interfaces[n].Name == name {
			return &instance.Status.Interfaces[n]
		}
	}
	instance.Status.Interfaces = append(instance.Status.Interfaces, kubevirtv1.VirtualMachineInstanceNetworkInterface{Name: name})
	return &instance.Status.Interfaces[len(instance.Status.Interfaces)-1]
}
