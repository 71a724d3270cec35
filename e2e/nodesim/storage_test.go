package nodesim_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clonev1 "kubevirt.io/api/clone/v1beta1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	snapshotv1 "kubevirt.io/api/snapshot/v1beta1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// TestSnapshotRestoreClone goes through virt-controller's storage loops, which
// freeze the guest of a running machine for a snapshot.
func TestSnapshotRestoreClone(t *testing.T) {
	t.Parallel()
	namespace := running(t, nil)
	group := "kubevirt.io"
	source := corev1.TypedLocalObjectReference{APIGroup: &group, Kind: "VirtualMachine", Name: "vm"}

	snapshots := harness.Virt(t).SnapshotV1beta1().VirtualMachineSnapshots(namespace)
	_, err := snapshots.Create(t.Context(), &snapshotv1.VirtualMachineSnapshot{
		ObjectMeta: metav1.ObjectMeta{Name: "snap"},
		Spec:       snapshotv1.VirtualMachineSnapshotSpec{Source: source},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func() error {
		snapshot, err := snapshots.Get(t.Context(), "snap", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if snapshot.Status == nil || snapshot.Status.ReadyToUse == nil || !*snapshot.Status.ReadyToUse {
			return fmt.Errorf("snapshot %+v", snapshot.Status)
		}
		return nil
	})

	put(t, namespace, "virtualmachines", "stop")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusStopped)
	restores := harness.Virt(t).SnapshotV1beta1().VirtualMachineRestores(namespace)
	_, err = restores.Create(t.Context(), &snapshotv1.VirtualMachineRestore{
		ObjectMeta: metav1.ObjectMeta{Name: "restore"},
		Spec:       snapshotv1.VirtualMachineRestoreSpec{Target: source, VirtualMachineSnapshotName: "snap"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func() error {
		restore, err := restores.Get(t.Context(), "restore", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if restore.Status == nil || restore.Status.Complete == nil || !*restore.Status.Complete {
			return fmt.Errorf("restore %+v", restore.Status)
		}
		return nil
	})

	clones := harness.Virt(t).CloneV1beta1().VirtualMachineClones(namespace)
	_, err = clones.Create(t.Context(), &clonev1.VirtualMachineClone{
		ObjectMeta: metav1.ObjectMeta{Name: "clone"},
		Spec: clonev1.VirtualMachineCloneSpec{
			Source: &source,
			Target: &corev1.TypedLocalObjectReference{APIGroup: &group, Kind: "VirtualMachine", Name: "copy"},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func() error {
		clone, err := clones.Get(t.Context(), "clone", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return want(clone.Status.Phase, clonev1.Succeeded)
	})
	harness.WaitStatus(t, namespace, "copy", kubevirtv1.VirtualMachineStatusStopped)
}
