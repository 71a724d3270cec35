package controlplane_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// TestLifecycle takes one machine through everything the servers offer for power.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	namespace := harness.Namespace(t)
	apply(t, namespace, harness.Machine(namespace, "vm", nil))
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)

	subresource(t, namespace, "virtualmachineinstances", "vm", "pause")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusPaused)
	subresource(t, namespace, "virtualmachineinstances", "vm", "unpause")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
	subresource(t, namespace, "virtualmachineinstances", "vm", "softreboot")
	subresource(t, namespace, "virtualmachineinstances", "vm", "reset")

	from := instance(t, namespace, "vm").Status.NodeName
	subresource(t, namespace, "virtualmachines", "vm", "migrate")
	harness.Eventually(t, 60*time.Second, func() error {
		if node := instance(t, namespace, "vm").Status.NodeName; node == from {
			return fmt.Errorf("still on %s", node)
		}
		return nil
	})

	subresource(t, namespace, "virtualmachines", "vm", "stop")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusStopped)
	waitInstanceGone(t, namespace, "vm")
	subresource(t, namespace, "virtualmachines", "vm", "start")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)

	before := instance(t, namespace, "vm").UID
	subresource(t, namespace, "virtualmachines", "vm", "restart")
	harness.Eventually(t, 60*time.Second, func() error {
		now, err := harness.Virt(t).KubevirtV1().VirtualMachineInstances(namespace).Get(t.Context(), "vm", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if now.UID == before || now.Status.Phase != kubevirtv1.Running {
			return fmt.Errorf("instance %s is %s", now.UID, now.Status.Phase)
		}
		return nil
	})

	machines := harness.Virt(t).KubevirtV1().VirtualMachines(namespace)
	if err := machines.Delete(t.Context(), "vm", metav1.DeleteOptions{}); err != nil {
		t.Fatalf("delete: %v", err)
	}
	harness.Eventually(t, 60*time.Second, func() error {
		if _, err := machines.Get(t.Context(), "vm", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("get answers %v", err)
		}
		return nil
	})
}

// TestStrictCreate pins the trick by which an apply can be a creation: no
// object has revision 1, so an existing one conflicts.
func TestStrictCreate(t *testing.T) {
	t.Parallel()
	namespace := harness.Namespace(t)
	machine := harness.Machine(namespace, "vm", nil)
	machine.ResourceVersion = "1"
	if code, err := tryApply(t, namespace, machine); err != nil || code != 201 {
		t.Fatalf("apply to nothing answers %d, %v; want 201", code, err)
	}
	_, err := tryApply(t, namespace, machine)
	status, ok := err.(apierrors.APIStatus)
	if !apierrors.IsConflict(err) || !ok {
		t.Fatalf("apply to an existing machine answers %v; want a conflict", err)
	}
	if details := status.Status().Details; details != nil && len(details.Causes) > 0 {
		t.Errorf("the conflict has causes %v; want none, which tells it from a conflict of field managers", details.Causes)
	}
}

func apply(t *testing.T, namespace string, machine *kubevirtv1.VirtualMachine) {
	t.Helper()
	if _, err := tryApply(t, namespace, machine); err != nil {
		t.Fatalf("apply: %v", err)
	}
}

// tryApply applies a machine from the server's side and returns the HTTP status.
func tryApply(t *testing.T, namespace string, machine *kubevirtv1.VirtualMachine) (int, error) {
	t.Helper()
	body, err := json.Marshal(machine)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	var code int
	err = virtREST(t).Patch(types.ApplyPatchType).Namespace(namespace).Resource("virtualmachines").Name(machine.Name).
		Param("fieldManager", "e2e").Body(withoutStatus(t, body)).Do(t.Context()).StatusCode(&code).Error()
	return code, err
}

// withoutStatus drops what a Go type cannot leave out: applying it would claim
// the ownership of fields nobody meant.
func withoutStatus(t *testing.T, body []byte) []byte {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		t.Fatalf("decode: %v", err)
	}
	delete(object, "status")
	body, err := json.Marshal(object)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return body
}

func virtREST(t *testing.T) rest.Interface {
	t.Helper()
	return harness.Virt(t).KubevirtV1().RESTClient()
}

// subresource asks virt-api for an operation.
func subresource(t *testing.T, namespace, resource, name, verb string) {
	t.Helper()
	err := virtREST(t).Put().AbsPath("/apis/subresources.kubevirt.io/v1/namespaces", namespace, resource, name, verb).
		Body([]byte("{}")).Do(t.Context()).Error()
	if err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
}

func instance(t *testing.T, namespace, name string) *kubevirtv1.VirtualMachineInstance {
	t.Helper()
	found, err := harness.Virt(t).KubevirtV1().VirtualMachineInstances(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("read instance: %v", err)
	}
	return found
}

func waitInstanceGone(t *testing.T, namespace, name string) {
	t.Helper()
	harness.Eventually(t, 60*time.Second, func() error {
		_, err := harness.Virt(t).KubevirtV1().VirtualMachineInstances(namespace).Get(t.Context(), name, metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("get answers %v", err)
		}
		return nil
	})
}
