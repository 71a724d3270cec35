package harness

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// Machine returns a small machine with a container disk and a network, of
// strategy Always. Annotations become the template's, where the simulation's
// knobs are.
func Machine(namespace, name string, annotations map[string]string) *kubevirtv1.VirtualMachine {
	strategy := kubevirtv1.RunStrategyAlways
	memory := resource.MustParse("128Mi")
	return &kubevirtv1.VirtualMachine{
		TypeMeta:   metav1.TypeMeta{APIVersion: kubevirtv1.GroupVersion.String(), Kind: "VirtualMachine"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: kubevirtv1.VirtualMachineSpec{
			RunStrategy: &strategy,
			Template: &kubevirtv1.VirtualMachineInstanceTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Annotations: annotations},
				Spec: kubevirtv1.VirtualMachineInstanceSpec{
					Domain: kubevirtv1.DomainSpec{
						Memory: &kubevirtv1.Memory{Guest: &memory},
						Devices: kubevirtv1.Devices{
							Disks: []kubevirtv1.Disk{{
								Name:       "root",
								DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: kubevirtv1.DiskBusVirtio}},
							}},
							Interfaces: []kubevirtv1.Interface{*kubevirtv1.DefaultMasqueradeNetworkInterface()},
						},
					},
					Networks: []kubevirtv1.Network{*kubevirtv1.DefaultPodNetwork()},
					Volumes: []kubevirtv1.Volume{{
						Name: "root",
						VolumeSource: kubevirtv1.VolumeSource{
							ContainerDisk: &kubevirtv1.ContainerDiskSource{Image: "registry.example/disk:1"},
						},
					}},
				},
			},
		},
	}
}

// Create creates a machine and returns it as the server does.
func Create(tb testing.TB, machine *kubevirtv1.VirtualMachine) *kubevirtv1.VirtualMachine {
	tb.Helper()
	created, err := Virt(tb).KubevirtV1().VirtualMachines(machine.Namespace).Create(tb.Context(), machine, metav1.CreateOptions{})
	if err != nil {
		tb.Fatalf("create machine %s: %v", machine.Name, err)
	}
	return created
}

// WaitStatus waits until a machine has the printable status, and returns it.
func WaitStatus(tb testing.TB, namespace, name string, want kubevirtv1.VirtualMachinePrintableStatus) *kubevirtv1.VirtualMachine {
	tb.Helper()
	var found *kubevirtv1.VirtualMachine
	Eventually(tb, 60*time.Second, func() error {
		machine, err := Virt(tb).KubevirtV1().VirtualMachines(namespace).Get(tb.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		found = machine
		if machine.Status.PrintableStatus != want {
			return fmt.Errorf("machine %s is %q, want %q", name, machine.Status.PrintableStatus, want)
		}
		return nil
	})
	return found
}
