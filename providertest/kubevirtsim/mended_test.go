package kubevirtsim

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// TestWhatTheControllerLeaves holds a VM and its instance against what a real virt-controller was seen to leave on them.
func TestWhatTheControllerLeaves(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		w.create("Always", Knobs{IgnoresShutdown: true})
		time.Sleep(time.Second)
		vm, vmi := &kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}
		w.read(machinePath+"/vm", vm)
		w.read(instancePath+"/vm", vmi)
		const latest, stored = "kubevirt.io/latest-observed-api-version", "kubevirt.io/storage-observed-api-version"
		w.equal("seen by the controller", "annotations of the VM", "v1 v1", vm.Annotations[latest]+" "+vm.Annotations[stored])
		w.equal("seen by the controller", "annotations of the instance", "v1 v1", vmi.Annotations[latest]+" "+vmi.Annotations[stored])
		w.equal("made of the first generation", "annotation", "1", vmi.Annotations["kubevirt.io/vm-generation"])
		w.equal("the controller lets go first", "finalizers", "", cmp.Diff([]string{
			"kubevirt.io/virtualMachineControllerFinalize", "kubevirt.io/foregroundDeleteVirtualMachine"}, vmi.Finalizers))
		w.equal("the network that KubeVirt gives", "bridge", true, vmi.Spec.Domain.Devices.Interfaces[0].Bridge != nil)

		w.verb("stop", `{}`)
		time.Sleep(time.Second)
		vm = &kubevirtv1.VirtualMachine{}
		w.read(machinePath+"/vm", vm)
		w.equal("its template is the same", "observed generation", int64(2), vm.Status.ObservedGeneration)
		w.equal("its pod is going", "ready", false, vm.Status.Ready)
		w.equal("its pod is going", "reason", true, slices.ContainsFunc(vm.Status.Conditions, func(c kubevirtv1.VirtualMachineCondition) bool {
			return c.Type == kubevirtv1.VirtualMachineReady && c.Reason == kubevirtv1.PodTerminatingReason
		}))
		time.Sleep(time.Minute)
		vm = &kubevirtv1.VirtualMachine{}
		w.read(machinePath+"/vm", vm)
		w.equal("stopped", "status", kubevirtv1.VirtualMachineStatusStopped, vm.Status.PrintableStatus)
		w.equal("generations are kept", "observed", int64(2), vm.Status.ObservedGeneration)
	})
}

// TestInstanceDefaults: what the webhook for instances sets.
func TestInstanceDefaults(t *testing.T) {
	for image, want := range map[string]corev1.PullPolicy{
		"a": corev1.PullAlways, "a:latest": corev1.PullAlways, "a:1": corev1.PullIfNotPresent, "a@sha256:0": corev1.PullIfNotPresent,
	} {
		given := &kubevirtv1.ContainerDiskSource{Image: image}
		volumes := []kubevirtv1.Volume{{VolumeSource: kubevirtv1.VolumeSource{ContainerDisk: given}}}
		setPullPolicies(volumes)
		if got := volumes[0].ContainerDisk.ImagePullPolicy; got != want || given.ImagePullPolicy != "" {
			t.Errorf("%s: %q, want %q; given %q", image, got, want, given.ImagePullPolicy)
		}
	}
	probe := &kubevirtv1.Probe{FailureThreshold: 7}
	completeProbe(probe)
	if diff := cmp.Diff(&kubevirtv1.Probe{TimeoutSeconds: 1, PeriodSeconds: 10, SuccessThreshold: 1, FailureThreshold: 7}, probe); diff != "" {
		t.Errorf("probe (-want +got):\n%s", diff)
	}
}

// TestDevicesNeedNames: a GPU is of a device or of a claim.
func TestDevicesNeedNames(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		body := func(gpu string) string {
			return `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"g"},"spec":{"runStrategy":"Halted",` +
				`"template":{"spec":{"domain":{"devices":{"gpus":[` + gpu + `]}}}}}}`
		}
		w.equal("neither", "code", 422, w.do("POST", machinePath, body(`{"name":"g"}`), "Content-Type", "application/json").Code)
		w.equal("a device", "code", 201, w.do("POST", machinePath, body(`{"name":"g","deviceName":"x.io/y"}`), "Content-Type", "application/json").Code)
	})
}
