package nodesim_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// TestPropagation deletes a machine in each of the three ways.
func TestPropagation(t *testing.T) {
	t.Parallel()
	cases := map[metav1.DeletionPropagation]struct {
		why      string
		keepsOwn bool // what the machine owns stays
	}{
		metav1.DeletePropagationBackground: {why: "dependents go afterwards"},
		metav1.DeletePropagationForeground: {why: "dependents go first, and the finalizer with them"},
		metav1.DeletePropagationOrphan:     {why: "dependents stay", keepsOwn: true},
	}
	for policy, c := range cases {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			t.Log(c.why)
			namespace := harness.Namespace(t)
			machine := harness.Machine(namespace, "vm", nil)
			halted := kubevirtv1.RunStrategyHalted
			machine.Spec.RunStrategy = &halted
			own(t, harness.Create(t, machine))
			if err := harness.Virt(t).KubevirtV1().VirtualMachines(namespace).Delete(t.Context(), "vm", metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
				t.Fatal(err)
			}
			waitGone(t, func() error {
				_, err := harness.Virt(t).KubevirtV1().VirtualMachines(namespace).Get(t.Context(), "vm", metav1.GetOptions{})
				return err
			})
			owned := func() error {
				_, err := harness.Core(t).CoreV1().ConfigMaps(namespace).Get(t.Context(), "owned", metav1.GetOptions{})
				return err
			}
			if !c.keepsOwn {
				waitGone(t, owned)
			} else if err := owned(); err != nil {
				t.Errorf("the orphan: %v", err)
			}
		})
	}
}

// TestForegroundOfRunning also has an instance and a pod to wait for.
func TestForegroundOfRunning(t *testing.T) {
	t.Parallel()
	namespace := running(t, nil)
	foreground := metav1.DeletePropagationForeground
	machines := harness.Virt(t).KubevirtV1().VirtualMachines(namespace)
	if err := machines.Delete(t.Context(), "vm", metav1.DeleteOptions{PropagationPolicy: &foreground}); err != nil {
		t.Fatal(err)
	}
	waitGone(t, func() error {
		_, err := machines.Get(t.Context(), "vm", metav1.GetOptions{})
		return err
	})
	harness.Eventually(t, 60*time.Second, func() error {
		pods, err := harness.Core(t).CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
		if err == nil && len(pods.Items) > 0 {
			err = fmt.Errorf("%d pods left", len(pods.Items))
		}
		return err
	})
}

// TestNamespaceGoes deletes a namespace with a running machine in it.
func TestNamespaceGoes(t *testing.T) {
	t.Parallel()
	client := harness.Core(t).CoreV1().Namespaces()
	namespace, err := client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	harness.Create(t, harness.Machine(namespace.Name, "vm", nil))
	harness.WaitStatus(t, namespace.Name, "vm", kubevirtv1.VirtualMachineStatusRunning)
	if err := client.Delete(t.Context(), namespace.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	waitGone(t, func() error {
		_, err := client.Get(t.Context(), namespace.Name, metav1.GetOptions{})
		return err
	})
}

// own gives the machine a dependent that blocks its foreground deletion.
func own(t *testing.T, machine *kubevirtv1.VirtualMachine) {
	t.Helper()
	owner := *metav1.NewControllerRef(machine, kubevirtv1.VirtualMachineGroupVersionKind)
	_, err := harness.Core(t).CoreV1().ConfigMaps(machine.Namespace).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "owned", OwnerReferences: []metav1.OwnerReference{owner}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func waitGone(t *testing.T, get func() error) {
	t.Helper()
	harness.Eventually(t, 60*time.Second, func() error {
		if err := get(); !apierrors.IsNotFound(err) {
			return fmt.Errorf("get answers %v", err)
		}
		return nil
	})
}
