package setup

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Claim makes a persistent volume claim, which the simulated nodes bind.
func Claim(tb testing.TB, namespace, name string) {
	tb.Helper()
	_, err := harness.Core(tb).CoreV1().PersistentVolumeClaims(namespace).Create(tb.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}, metav1.CreateOptions{})
	Must(tb, "make claim "+name, err)
}

// Hotplug attaches a claim to a running VM by virt-api, as virtctl does, past the provider.
func (v *VM) Hotplug(tb testing.TB, name string) {
	tb.Helper()
	err := harness.Virt(tb).KubevirtV1().VirtualMachines(v.Namespace).AddVolume(tb.Context(), v.Name, &kubevirtv1.AddVolumeOptions{
		Name: name,
		Disk: &kubevirtv1.Disk{DiskDevice: kubevirtv1.DiskDevice{Disk: &kubevirtv1.DiskTarget{Bus: kubevirtv1.DiskBusSCSI}}},
		VolumeSource: &kubevirtv1.HotplugVolumeSource{PersistentVolumeClaim: &kubevirtv1.PersistentVolumeClaimVolumeSource{
			PersistentVolumeClaimVolumeSource: corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
			Hotpluggable:                      true,
		}},
	})
	Must(tb, "hotplug "+name, err)
}

// waitDisks waits until the VM asks for exactly these disks, in any order, and the instance has them: all but waiting,
// which may have to wait for a restart.
func (v *VM) waitDisks(tb testing.TB, waiting string, names ...string) *domain.VM {
	tb.Helper()
	slices.Sort(names)
	return v.Wait(tb, "with disks attached", func(vm *domain.VM) bool {
		var there []string
		for _, disk := range vm.Disks {
			there = append(there, disk.Name)
			if disk.Attached == domain.FactNo && disk.Name != waiting {
				return false
			}
		}
		slices.Sort(there)
		return slices.Equal(there, names)
	})
}

// Mechanism is how a control plane plugs volumes into running VMs.
type Mechanism struct {
	// Manager is the field manager that writes a plugged volume into the VM, and owns the list of volumes then.
	Manager string
	// Declarative says that a disk which an edit of the VM adds is plugged in too; else it waits for a restart.
	Declarative bool
}

// CheckHotplug plugs a volume into a VM and then edits the VM through the provider in every way that could lose it:
// the list of volumes has one owner, which the hotplug takes over.
func CheckHotplug(t *testing.T, mechanism Mechanism) {
	site := New(t, harness.Namespace(t))
	for _, name := range []string{"hot", "extra", "second"} {
		Claim(t, site.Namespace, name)
	}
	spec := Spec("vm", domain.RunStrategyAlways)
	vm := site.Running(t, spec)
	vm.Hotplug(t, "hot")
	waiting := "extra"
	if mechanism.Declarative {
		waiting = ""
	}
	before := vm.waitDisks(t, "", "root", "hot")
	vm.Settled(t)
	if owners := vm.ownersOfVolumes(t); !slices.Contains(owners, mechanism.Manager) {
		t.Errorf("owners of the list of volumes: %v; want %s among them", owners, mechanism.Manager)
	}
	update := func(what string, change domain.VMChange, disks ...string) {
		t.Helper()
		_, applied, err := site.UpdateVM(t.Context(), Cluster, site.Namespace, "vm", change, provider.UpdateOptions{})
		Must(t, what, err)
		if mechanism.Declarative { // the other marks nothing, and the disk comes or goes with a restart
			Diff(t, what+": applied", domain.AppliedLive, applied)
		}
		after := vm.waitDisks(t, waiting, disks...)
		Diff(t, what+": instance", before.InstanceID, after.InstanceID)
		Diff(t, what+": status", domain.StatusRunning, after.Status)
	}
	disk := func(name string) []domain.Disk {
		return []domain.Disk{{Name: name, Kind: domain.DiskClaim, Claim: name, Bus: "scsi", Hotpluggable: true}}
	}
	update("a label after the hotplug", domain.VMChange{Labels: map[string]*string{"a": new("1")}}, "root", "hot")
	update("a disk after the hotplug", domain.VMChange{SetDisks: disk("extra")}, "root", "hot", "extra")
	vm.Settled(t)

	site.Requests.BeforeWrite(func() {
		vm.Hotplug(t, "second")
		vm.Wait(t, "asked for the second volume", func(vm *domain.VM) bool {
			return slices.ContainsFunc(vm.Disks, func(disk domain.Disk) bool { return disk.Name == "second" })
		})
	})
	update("a disk removed while another is plugged in", domain.VMChange{RemoveDisks: []string{"extra"}}, "root", "hot", "second")
	vm.Settled(t)

	spec.Labels = map[string]string{"b": "2"}
	after, err := site.ApplyVM(t.Context(), Cluster, site.Namespace, spec, provider.ApplyOptions{})
	Must(t, "apply", err)
	Diff(t, "label of the apply", "2", after.Labels["b"])
	vm.waitDisks(t, waiting, "root", "hot", "second")
	spec.Disks = append(spec.Disks, disk("extra")...)
	_, err = site.ApplyVM(t.Context(), Cluster, site.Namespace, spec, provider.ApplyOptions{})
	Must(t, "apply with one more disk", err)
	vm.waitDisks(t, waiting, "root", "hot", "second", "extra")
	spec.Disks = spec.Disks[:1]
	_, err = site.ApplyVM(t.Context(), Cluster, site.Namespace, spec, provider.ApplyOptions{})
	Must(t, "apply with one disk less", err)
	vm.waitDisks(t, waiting, "root", "hot", "second")

	remaining := []string{"root", "second"}
	if !mechanism.Declarative {
		remaining = append(remaining, "hot") // the instance has it until it is restarted, and the VM is read with it
	}
	update("a hot-plugged disk removed by name", domain.VMChange{RemoveDisks: []string{"hot"}}, remaining...)
	var asked []string
	for _, volume := range vm.Object(t).Spec.Template.Spec.Volumes {
		asked = append(asked, volume.Name)
	}
	Diff(t, "volumes that the VM asks for in the end", []string{"root", "second"}, asked)
}

// ownersOfVolumes are the field managers that own the list of volumes.
func (v *VM) ownersOfVolumes(tb testing.TB) []string {
	tb.Helper()
	var owners []string
	for _, entry := range v.Object(tb).ManagedFields {
		if entry.FieldsV1 != nil && hasPath(tb, entry.FieldsV1.Raw, "f:spec", "f:template", "f:spec", "f:volumes") {
			owners = append(owners, entry.Manager)
		}
	}
	return owners
}
