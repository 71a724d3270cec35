package setup

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// InstanceType makes an instance type, of the cluster with provider.ClusterScope; it goes with the test.
func InstanceType(tb testing.TB, namespace, name string, cpus uint32, memory int64) {
	tb.Helper()
	api := harness.Virt(tb).InstancetypeV1beta1()
	meta := metav1.ObjectMeta{Name: name, Labels: map[string]string{"setup.test/made": "yes"}}
	spec := instancetypev1.VirtualMachineInstancetypeSpec{
		CPU:    instancetypev1.CPUInstancetype{Guest: cpus},
		Memory: instancetypev1.MemoryInstancetype{Guest: *resource.NewQuantity(memory, resource.BinarySI)},
	}
	if namespace != provider.ClusterScope {
		_, err := api.VirtualMachineInstancetypes(namespace).Create(tb.Context(),
			&instancetypev1.VirtualMachineInstancetype{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
		Must(tb, "make instance type "+name, err)
		return
	}
	_, err := api.VirtualMachineClusterInstancetypes().Create(tb.Context(),
		&instancetypev1.VirtualMachineClusterInstancetype{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	Must(tb, "make cluster instance type "+name, err)
	tb.Cleanup(func() {
		_ = api.VirtualMachineClusterInstancetypes().Delete(ended(tb), name, metav1.DeleteOptions{})
	})
}

// Preference makes a preference that asks for a disk bus and a CPU topology, as InstanceType does.
func Preference(tb testing.TB, namespace, name string) {
	tb.Helper()
	api := harness.Virt(tb).InstancetypeV1beta1()
	meta := metav1.ObjectMeta{Name: name, Labels: map[string]string{"setup.test/made": "yes"}}
	topology := instancetypev1.Cores
	spec := instancetypev1.VirtualMachinePreferenceSpec{
		CPU:     &instancetypev1.CPUPreferences{PreferredCPUTopology: &topology},
		Devices: &instancetypev1.DevicePreferences{PreferredDiskBus: "scsi", PreferredInterfaceModel: "e1000e"},
	}
	if namespace != provider.ClusterScope {
		_, err := api.VirtualMachinePreferences(namespace).Create(tb.Context(),
			&instancetypev1.VirtualMachinePreference{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
		Must(tb, "make preference "+name, err)
		return
	}
	_, err := api.VirtualMachineClusterPreferences().Create(tb.Context(),
		&instancetypev1.VirtualMachineClusterPreference{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	Must(tb, "make cluster preference "+name, err)
	tb.Cleanup(func() {
		_ = api.VirtualMachineClusterPreferences().Delete(ended(tb), name, metav1.DeleteOptions{})
	})
}
