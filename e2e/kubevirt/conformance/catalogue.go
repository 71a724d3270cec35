package conformance

import (
	"context"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// makeInstanceType adds an instance type; one of the whole cluster, which has no namespace to go with, goes with the test.
func (h *hands) makeInstanceType(ctx context.Context, t domain.InstanceType) error {
	api := h.virt.InstancetypeV1beta1()
	meta := metav1.ObjectMeta{Name: t.Name, Labels: t.Labels, Annotations: t.Annotations}
	spec := instancetypev1.VirtualMachineInstancetypeSpec{
		CPU:    instancetypev1.CPUInstancetype{Guest: uint32(t.VCPUs)}, //nolint:gosec // small and positive
		Memory: instancetypev1.MemoryInstancetype{Guest: *resource.NewQuantity(t.MemoryBytes, resource.BinarySI)},
	}
	if t.Namespace != "" {
		_, err := api.VirtualMachineInstancetypes(namespaceOn(t.Cluster, t.Namespace)).
			Create(ctx, &instancetypev1.VirtualMachineInstancetype{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
		return err
	}
	_, err := api.VirtualMachineClusterInstancetypes().
		Create(ctx, &instancetypev1.VirtualMachineClusterInstancetype{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	h.tb.Cleanup(func() {
		_ = api.VirtualMachineClusterInstancetypes().Delete(context.WithoutCancel(ctx), t.Name, metav1.DeleteOptions{})
	})
	return err
}

// makePreference is makeInstanceType for a preference.
func (h *hands) makePreference(ctx context.Context, p domain.Preference) error {
	api := h.virt.InstancetypeV1beta1()
	meta := metav1.ObjectMeta{Name: p.Name, Labels: p.Labels, Annotations: p.Annotations}
	spec := instancetypev1.VirtualMachinePreferenceSpec{}
	if p.CPUTopology != "" {
		topology := instancetypev1.PreferredCPUTopology(p.CPUTopology)
		spec.CPU = &instancetypev1.CPUPreferences{PreferredCPUTopology: &topology}
	}
	if p.DiskBus != "" || p.InterfaceModel != "" {
		spec.Devices = &instancetypev1.DevicePreferences{PreferredInterfaceModel: p.InterfaceModel}
		spec.Devices.PreferredDiskBus = kubevirtv1.DiskBus(p.DiskBus)
	}
	if p.Namespace != "" {
		_, err := api.VirtualMachinePreferences(namespaceOn(p.Cluster, p.Namespace)).
			Create(ctx, &instancetypev1.VirtualMachinePreference{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
		return err
	}
	_, err := api.VirtualMachineClusterPreferences().
		Create(ctx, &instancetypev1.VirtualMachineClusterPreference{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	h.tb.Cleanup(func() {
		_ = api.VirtualMachineClusterPreferences().Delete(context.WithoutCancel(ctx), p.Name, metav1.DeleteOptions{})
	})
	return err
}
