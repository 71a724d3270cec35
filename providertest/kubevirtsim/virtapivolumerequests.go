package kubevirtsim

import (
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// serveVolumeRequests does what the feature gate HotplugVolumes leaves to virt-controller: it brings the requests of the
// VM's status into its template, and into a running instance, and takes them off the status (handleVolumeRequests and
// trimDoneVolumeRequests of pkg/virt-controller/watch/vm/vm.go, KubeVirt v1.9.0). An instance that does not run yet holds
// all of it up, since its own addvolume would be refused.
func (c *controller) serveVolumeRequests(g *guest, vm *kubevirtv1.VirtualMachine) {
	requests := vm.Status.VolumeRequests
	i := g.machine.Instance()
	if len(requests) == 0 || vm.Spec.Template == nil || g.instance != 0 && !i.Deleting && i.Phase != vmsim.PhaseRunning {
		return
	}
	changed := vm.Spec.Template.Spec.DeepCopy()
	for n := range requests {
		applyVolumeRequest(changed, &requests[n])
	}
	if c.setVolumes(g.ref(vm), managerController, []string{"spec", "template", "spec"}, changed) != nil {
		return
	}
	if g.instance != 0 && !i.Deleting {
		c.plugRequested(vm, requests)
	}
	vm.Spec.Template.Spec.Volumes, vm.Spec.Template.Spec.Domain.Devices.Disks = changed.Volumes, changed.Domain.Devices.Disks
	vm.Status.VolumeRequests = slices.DeleteFunc(slices.Clone(requests), func(r kubevirtv1.VirtualMachineVolumeRequest) bool {
		return hasVolume(changed, nameOfRequest(&r)) == (r.AddVolumeOptions != nil)
	})
}

// plugRequested has the instance follow: virt-controller asks virt-api for that.
func (c *controller) plugRequested(vm *kubevirtv1.VirtualMachine, requests []kubevirtv1.VirtualMachineVolumeRequest) {
	ref := rest.Ref{Resource: instances, Namespace: vm.Namespace, Name: vm.Name}
	u, err := c.api.Get(ref)
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if err != nil || into(u, vmi) != nil {
		return
	}
	for n := range requests {
		applyVolumeRequest(&vmi.Spec, &requests[n])
	}
	_ = c.setVolumes(ref, managerAPI, []string{"spec"}, &vmi.Spec)
}

// setVolumes writes the volumes and disks of a template or an instance.
func (c *controller) setVolumes(ref rest.Ref, manager string, at []string, spec *kubevirtv1.VirtualMachineInstanceSpec) error {
	wanted := &unstructured.Unstructured{}
	if err := from(wanted, map[string]any{"volumes": spec.Volumes, "disks": spec.Domain.Devices.Disks}); err != nil {
		return err
	}
	return c.update(ref, manager, "", func(u *unstructured.Unstructured) error {
		if err := unstructured.SetNestedField(u.Object, wanted.Object["volumes"], append(slices.Clone(at), "volumes")...); err != nil {
			return err
		}
		return unstructured.SetNestedField(u.Object, wanted.Object["disks"], append(slices.Clone(at), "domain", "devices", "disks")...)
	})
}

// errRequested says that a status holds requests that its writer does not know of.
var errRequested = errors.New("the requests of the VM have changed")

// sameRequests compares what virt-api leaves in a status for virt-controller.
func sameRequests(a, b *kubevirtv1.VirtualMachineStatus) bool {
	return equality.Semantic.DeepEqual(a.StateChangeRequests, b.StateChangeRequests) && equality.Semantic.DeepEqual(a.VolumeRequests, b.VolumeRequests)
}
