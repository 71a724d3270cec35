package nodesim_test

import (
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
)

// TestMigrationHeld stops a migration in the middle, looks, lets it go, and
// migrates back, for which the first node must be free again.
func TestMigrationHeld(t *testing.T) {
	t.Parallel()
	namespace := running(t, map[string]string{})
	turn(t, namespace, nodesim.KnobHoldMigration, "true")
	from := currentInstance(t, namespace).Status.NodeName
	migrate(t, namespace, "first")
	waitMigration(t, namespace, "first", kubevirtv1.MigrationRunning)
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusMigrating)
	if state := currentInstance(t, namespace).Status.MigrationState; state == nil || state.StartTimestamp == nil || state.EndTimestamp != nil {
		t.Errorf("state in the middle: %+v", state)
	}
	turn(t, namespace, nodesim.KnobHoldMigration, "")
	waitMigration(t, namespace, "first", kubevirtv1.MigrationSucceeded)
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
	to := currentInstance(t, namespace)
	if to.Status.NodeName == from || !to.Status.MigrationState.Completed || to.Status.MigrationState.Failed {
		t.Errorf("from %s to %s, state %+v", from, to.Status.NodeName, to.Status.MigrationState)
	}
	migrate(t, namespace, "second")
	waitMigration(t, namespace, "second", kubevirtv1.MigrationSucceeded)
	if node := currentInstance(t, namespace).Status.NodeName; node != from {
		t.Errorf("second migration went to %s, want %s", node, from)
	}
}

func TestMigrationCancelled(t *testing.T) {
	t.Parallel()
	namespace := running(t, map[string]string{nodesim.KnobHoldMigration: "true"})
	from := currentInstance(t, namespace).Status.NodeName
	migrate(t, namespace, "m")
	waitMigration(t, namespace, "m", kubevirtv1.MigrationRunning)
	if err := migrations(t, namespace).Delete(t.Context(), "m", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func() error {
		if _, err := migrations(t, namespace).Get(t.Context(), "m", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("get answers %v", err)
		}
		return nil
	})
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
	instance := currentInstance(t, namespace)
	if state := instance.Status.MigrationState; instance.Status.NodeName != from || state.AbortStatus != kubevirtv1.MigrationAbortSucceeded {
		t.Errorf("on %s, state %+v; want %s and an abort", instance.Status.NodeName, state, from)
	}
}

func TestMigrationFails(t *testing.T) {
	t.Parallel()
	namespace := running(t, map[string]string{nodesim.KnobFailMigration: "true"})
	migrate(t, namespace, "m")
	waitMigration(t, namespace, "m", kubevirtv1.MigrationFailed)
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
}

// TestMigrationWithoutTarget stays before the start, as on a full cluster.
func TestMigrationWithoutTarget(t *testing.T) {
	t.Parallel()
	namespace := running(t, map[string]string{nodesim.KnobBlockTarget: "true"})
	migrate(t, namespace, "m")
	waitMigration(t, namespace, "m", kubevirtv1.MigrationScheduling)
	turn(t, namespace, nodesim.KnobBlockTarget, "false") // the template's still wins on the instance
	if err := migrations(t, namespace).Delete(t.Context(), "m", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
}

// TestMemoryIsPlugged adds memory to a running machine: virt-controller starts
// a migration for it, and the guest has it afterwards.
func TestMemoryIsPlugged(t *testing.T) {
	t.Parallel()
	namespace := harness.Namespace(t)
	machine := harness.Machine(namespace, "vm", nil)
	memory, limit := resource.MustParse("1Gi"), resource.MustParse("4Gi")
	machine.Spec.Template.Spec.Domain.Memory = &kubevirtv1.Memory{Guest: &memory, MaxGuest: &limit}
	harness.Create(t, machine)
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
	patch := []byte(`{"spec":{"template":{"spec":{"domain":{"memory":{"guest":"2Gi"}}}}}}`)
	if _, err := harness.Virt(t).KubevirtV1().VirtualMachines(namespace).Patch(t.Context(), "vm", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, 60*time.Second, func() error {
		instance, err := harness.Virt(t).KubevirtV1().VirtualMachineInstances(namespace).Get(t.Context(), "vm", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return want(instance.Status.Memory.GuestCurrent.String(), "2Gi")
	})
}

// running creates the machine "vm" in a fresh namespace and waits for it.
func running(t *testing.T, knobs map[string]string) string {
	t.Helper()
	namespace := harness.Namespace(t)
	harness.Create(t, harness.Machine(namespace, "vm", knobs))
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
	return namespace
}
