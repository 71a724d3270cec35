package nodesim_test

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
)

// TestNodeDown loses a node under a machine, which then runs on the other one.
// It must not run beside other tests, whose machines it would take away.
func TestNodeDown(t *testing.T) {
	namespace := running(t, nil)
	first := currentInstance(t, namespace)
	knob := func(value string) {
		t.Helper()
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%s}}}`, nodesim.KnobDown, value)
		if _, err := harness.Core(t).CoreV1().Nodes().Patch(t.Context(), first.Status.NodeName, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	knob(`"true"`)
	harness.Eventually(t, 60*time.Second, func() error {
		now, err := harness.Virt(t).KubevirtV1().VirtualMachineInstances(namespace).Get(t.Context(), "vm", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if now.UID == first.UID || now.Status.Phase != kubevirtv1.Running || now.Status.NodeName == first.Status.NodeName {
			return fmt.Errorf("instance %s is %s on %s", now.UID, now.Status.Phase, now.Status.NodeName)
		}
		return nil
	})
	knob("null")
	harness.Eventually(t, 30*time.Second, func() error {
		node, err := harness.Core(t).CoreV1().Nodes().Get(t.Context(), first.Status.NodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return want(node.Labels[kubevirtv1.NodeSchedulable], "true")
	})
}
