package kubevirtsim

import (
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// applyLive gives a running instance what it takes of a changed VM, and finds out what has to wait for the next start:
// syncRestartRequired and the live updates of pkg/virt-controller/watch/vm/vm.go, KubeVirt v1.9.0, with the rollout
// strategy LiveUpdate, which is the default since 1.6.
func (c *controller) applyLive(g *guest, vm *kubevirtv1.VirtualMachine, instance *kubevirtv1.VirtualMachineInstance) {
	if g.template == nil || vm.Spec.Template == nil {
		return
	}
	want := vm.Spec.Template.Spec.DeepCopy()
	have := g.template
	instance.Spec.NodeSelector, instance.Spec.Affinity = mergedSelector(want.NodeSelector), want.Affinity
	instance.Spec.Tolerations = want.Tolerations
	have.NodeSelector, have.Affinity, have.Tolerations = want.NodeSelector, want.Affinity, want.Tolerations
	c.applyVolumes(have, want, instance)
	if c.sim.version.liveUpdates() {
		c.plugCompute(g, have, want, instance)
	}
	g.restartRequired = ""
	if !sameTemplate(have, want) {
		g.restartRequired = "a non-live-updatable field was changed in the template spec"
	}
}

// mergedSelector is never an empty map, which would not survive the wire.
func mergedSelector(selector map[string]string) map[string]string {
	if len(selector) == 0 {
		return nil
	}
	return selector
}

// applyVolumes plugs volumes in and out whose claim says that it is hot-pluggable.
func (c *controller) applyVolumes(have, want *kubevirtv1.VirtualMachineInstanceSpec, instance *kubevirtv1.VirtualMachineInstance) {
	if reflect.DeepEqual(fixedVolumes(have.Volumes), fixedVolumes(want.Volumes)) && reflect.DeepEqual(
		fixedDisks(have), fixedDisks(want)) {
		have.Volumes, have.Domain.Devices.Disks = want.Volumes, want.Domain.Devices.Disks
		if !c.sim.version.declarativeHotplug() {
			return // the instance has what was asked for by requests, until it ends
		}
		instance.Spec.Volumes, instance.Spec.Domain.Devices.Disks = slices.Clone(want.Volumes), slices.Clone(want.Domain.Devices.Disks)
		setPullPolicies(instance.Spec.Volumes)
	}
}

func hotpluggable(v kubevirtv1.Volume) bool {
	return v.DataVolume != nil && v.DataVolume.Hotpluggable || v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.Hotpluggable
}

func fixedVolumes(volumes []kubevirtv1.Volume) []kubevirtv1.Volume {
	return slices.DeleteFunc(slices.Clone(volumes), hotpluggable)
}

// fixedDisks are the disks of volumes that are not hot-pluggable.
func fixedDisks(spec *kubevirtv1.VirtualMachineInstanceSpec) []kubevirtv1.Disk {
	return slices.DeleteFunc(slices.Clone(spec.Domain.Devices.Disks), func(d kubevirtv1.Disk) bool {
		return slices.ContainsFunc(spec.Volumes, func(v kubevirtv1.Volume) bool { return v.Name == d.Name && hotpluggable(v) })
	})
}

// plugCompute asks the instance for more sockets and memory, which it gets by a live migration; until then a condition
// says so. What is asked for beyond its limits waits for a restart.
func (c *controller) plugCompute(g *guest, have, want *kubevirtv1.VirtualMachineInstanceSpec, instance *kubevirtv1.VirtualMachineInstance) {
	if instance.Status.Phase != kubevirtv1.Running {
		return
	}
	if moreMemory(have, want, instance) {
		instance.Spec.Domain.Memory.Guest = new(want.Domain.Memory.Guest.DeepCopy())
		instance.Status.Memory.GuestRequested = new(want.Domain.Memory.Guest.DeepCopy())
		have.Domain.Memory = want.Domain.Memory
		setCondition(instance, kubevirtv1.VirtualMachineInstanceMemoryChange)
	}
	if moreSockets(have, want, instance) {
		instance.Spec.Domain.CPU.Sockets = want.Domain.CPU.Sockets
		have.Domain.CPU = want.Domain.CPU
		setCondition(instance, kubevirtv1.VirtualMachineInstanceVCPUChange)
	}
	if done := g.machine.Migration(); done.Serial != 0 && done.Over() && !done.Ended.IsZero() && instance.Status.MigrationState != nil {
		c.plugged(instance, done.Reason == "")
	}
}

// plugged ends what a migration that has succeeded was for.
func (c *controller) plugged(instance *kubevirtv1.VirtualMachineInstance, succeeded bool) {
	if !succeeded {
		return
	}
	if memory := instance.Status.Memory; memory != nil && memory.GuestRequested != nil && hasCondition(instance, kubevirtv1.VirtualMachineInstanceMemoryChange) {
		memory.GuestCurrent = new(memory.GuestRequested.DeepCopy())
	}
	instance.Status.CurrentCPUTopology = topologyOf(instance.Spec.Domain.CPU)
	instance.Status.Conditions = slices.DeleteFunc(instance.Status.Conditions, func(c kubevirtv1.VirtualMachineInstanceCondition) bool {
		return plugCondition(string(c.Type))
	})
}

// plugCondition names the conditions of a hotplug under way.
func plugCondition(kind string) bool {
	return kind == string(kubevirtv1.VirtualMachineInstanceMemoryChange) || kind == string(kubevirtv1.VirtualMachineInstanceVCPUChange)
}

func hasCondition(instance *kubevirtv1.VirtualMachineInstance, kind kubevirtv1.VirtualMachineInstanceConditionType) bool {
	return slices.ContainsFunc(instance.Status.Conditions, func(c kubevirtv1.VirtualMachineInstanceCondition) bool { return c.Type == kind })
}

func setCondition(instance *kubevirtv1.VirtualMachineInstance, kind kubevirtv1.VirtualMachineInstanceConditionType) {
	if !hasCondition(instance, kind) {
		instance.Status.Conditions = append(instance.Status.Conditions, kubevirtv1.VirtualMachineInstanceCondition{Type: kind, Status: corev1.ConditionTrue})
	}
}

func moreMemory(have, want *kubevirtv1.VirtualMachineInstanceSpec, instance *kubevirtv1.VirtualMachineInstance) bool {
	h, w, max := have.Domain.Memory, want.Domain.Memory, instance.Spec.Domain.Memory
	return h != nil && w != nil && h.Guest != nil && w.Guest != nil && max != nil && max.MaxGuest != nil && instance.Status.Memory != nil &&
		w.Guest.Cmp(*h.Guest) > 0 && w.Guest.Cmp(*max.MaxGuest) <= 0
}

func moreSockets(have, want *kubevirtv1.VirtualMachineInstanceSpec, instance *kubevirtv1.VirtualMachineInstance) bool {
	w, max := want.Domain.CPU, instance.Spec.Domain.CPU
	if w == nil || max == nil || w.Sockets > max.MaxSockets {
		return false
	}
	h := have.Domain.CPU
	if h == nil {
		h = &kubevirtv1.CPU{}
	}
	same := *w
	same.Sockets = h.Sockets
	return reflect.DeepEqual(*h, same) && w.Sockets > max.Sockets
}

// sameTemplate says whether an instance of one is an instance of the other.
func sameTemplate(have, want *kubevirtv1.VirtualMachineInstanceSpec) bool {
	return reflect.DeepEqual(have, want)
}
