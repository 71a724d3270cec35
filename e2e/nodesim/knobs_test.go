package nodesim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
)

// TestKnobs checks what the servers make of each knob of the template.
func TestKnobs(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		why   string
		knobs map[string]string
		check func(t *testing.T, namespace string)
	}{
		"unschedulable": {
			why:   "a pod without a node shows in the machine's status",
			knobs: map[string]string{nodesim.KnobUnschedulable: "true"},
			check: status(kubevirtv1.VirtualMachineStatusUnschedulable),
		},
		"image-pull": {
			why:   "the kubelet's reason is handed through",
			knobs: map[string]string{nodesim.KnobImagePull: "ImagePullBackOff"},
			check: status(kubevirtv1.VirtualMachineStatusImagePullBackOff),
		},
		"start-delay": {
			why:   "a guest that boots for ever is Starting",
			knobs: map[string]string{nodesim.KnobStartDelay: "1h"},
			check: func(t *testing.T, namespace string) {
				waitInstance(t, namespace, func(instance *kubevirtv1.VirtualMachineInstance) error {
					return want(instance.Status.Phase, kubevirtv1.Scheduled)
				})
				harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusStarting)
			},
		},
		"io-error": {
			why:   "a pause that nobody asked for has its own reason",
			knobs: map[string]string{nodesim.KnobIOError: "true"},
			check: func(t *testing.T, namespace string) {
				harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusPaused)
				waitInstance(t, namespace, hasCondition(kubevirtv1.VirtualMachineInstancePaused, corev1.ConditionTrue, "PausedIOError"))
			},
		},
		"not-migratable": {
			why:   "the condition says so",
			knobs: map[string]string{nodesim.KnobNotMigratable: "true"},
			check: func(t *testing.T, namespace string) {
				waitInstance(t, namespace, hasCondition(kubevirtv1.VirtualMachineInstanceIsMigratable, corev1.ConditionFalse,
					kubevirtv1.VirtualMachineInstanceReasonDisksNotMigratable))
			},
		},
		"no-agent": {
			why:   "without an agent nothing is known about the guest's system",
			knobs: map[string]string{nodesim.KnobNoAgent: "true"},
			check: func(t *testing.T, namespace string) {
				harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
				waitInstance(t, namespace, func(instance *kubevirtv1.VirtualMachineInstance) error {
					return want(instance.Status.GuestOSInfo.Name, "")
				})
			},
		},
		"no-address": {
			why:   "an interface without an address is still listed",
			knobs: map[string]string{nodesim.KnobNoAddress: "true"},
			check: func(t *testing.T, namespace string) {
				harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
				waitInstance(t, namespace, func(instance *kubevirtv1.VirtualMachineInstance) error {
					if len(instance.Status.Interfaces) != 1 {
						return fmt.Errorf("interfaces %+v", instance.Status.Interfaces)
					}
					return want(instance.Status.Interfaces[0].IP, "")
				})
			},
		},
		"crash": {
			why:   "a machine that always crashes ends in the loop",
			knobs: map[string]string{nodesim.KnobCrash: "true"},
			check: status(kubevirtv1.VirtualMachineStatusCrashLoopBackOff),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Log(c.why)
			namespace := harness.Namespace(t)
			harness.Create(t, harness.Machine(namespace, "vm", c.knobs))
			c.check(t, namespace)
		})
	}
}

// TestLiveKnobs turns knobs on a machine that runs.
func TestLiveKnobs(t *testing.T) {
	t.Parallel()
	namespace := harness.Namespace(t)
	harness.Create(t, harness.Machine(namespace, "vm", nil))
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)

	turn(t, namespace, nodesim.KnobIOError, "true")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusPaused)
	turn(t, namespace, nodesim.KnobIOError, "")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)

	// Always means that a guest that powers itself off is started again.
	first := currentInstance(t, namespace).UID
	turn(t, namespace, nodesim.KnobShutdown, "true")
	harness.Eventually(t, 60*time.Second, func() error {
		now, err := harness.Virt(t).KubevirtV1().VirtualMachineInstances(namespace).Get(t.Context(), "vm", metav1.GetOptions{})
		if err == nil && now.UID == first {
			err = fmt.Errorf("still the first instance, %s", now.Status.Phase)
		}
		return err
	})
	turn(t, namespace, nodesim.KnobShutdown, "")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
}

// TestGracePeriod has a guest that does not listen to the power button.
func TestGracePeriod(t *testing.T) {
	t.Parallel()
	namespace := harness.Namespace(t)
	machine := harness.Machine(namespace, "vm", map[string]string{nodesim.KnobStopDelay: "1h"})
	seconds := int64(1)
	machine.Spec.Template.Spec.TerminationGracePeriodSeconds = &seconds
	harness.Create(t, machine)
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusRunning)
	began := time.Now()
	put(t, namespace, "virtualmachines", "stop")
	harness.WaitStatus(t, namespace, "vm", kubevirtv1.VirtualMachineStatusStopped)
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("stopped after %s, before the grace period was over", took)
	}
}

func status(want kubevirtv1.VirtualMachinePrintableStatus) func(*testing.T, string) {
	return func(t *testing.T, namespace string) { harness.WaitStatus(t, namespace, "vm", want) }
}

func want[T comparable](got, want T) error {
	if got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}

func hasCondition(name kubevirtv1.VirtualMachineInstanceConditionType, status corev1.ConditionStatus, reason string) func(*kubevirtv1.VirtualMachineInstance) error {
	return func(instance *kubevirtv1.VirtualMachineInstance) error {
		for _, condition := range instance.Status.Conditions {
			if condition.Type == name && condition.Status == status && condition.Reason == reason {
				return nil
			}
		}
		return fmt.Errorf("conditions %+v", instance.Status.Conditions)
	}
}

func currentInstance(t *testing.T, namespace string) *kubevirtv1.VirtualMachineInstance {
	t.Helper()
	return waitInstance(t, namespace, func(*kubevirtv1.VirtualMachineInstance) error { return nil })
}

// waitInstance waits until the instance of machine "vm" is as the check wants it.
func waitInstance(t *testing.T, namespace string, check func(*kubevirtv1.VirtualMachineInstance) error) *kubevirtv1.VirtualMachineInstance {
	t.Helper()
	var found *kubevirtv1.VirtualMachineInstance
	harness.Eventually(t, 60*time.Second, func() error {
		instance, err := harness.Virt(t).KubevirtV1().VirtualMachineInstances(namespace).Get(t.Context(), "vm", metav1.GetOptions{})
		if err != nil {
			return err
		}
		found = instance
		return check(instance)
	})
	return found
}

// turn sets a knob on the machine "vm", or takes it away.
func turn(t *testing.T, namespace, knob, value string) {
	t.Helper()
	text := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, knob, value)
	if value == "" {
		text = strings.Replace(text, `""`, "null", 1)
	}
	_, err := harness.Virt(t).KubevirtV1().VirtualMachines(namespace).Patch(t.Context(), "vm", types.MergePatchType, []byte(text), metav1.PatchOptions{})
	if err != nil {
		t.Fatalf("turn %s: %v", knob, err)
	}
}

// put asks virt-api for an operation on "vm".
func put(t *testing.T, namespace, resource, verb string) {
	t.Helper()
	if err := tryPut(t, namespace, resource, verb, "{}"); err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
}

func tryPut(t *testing.T, namespace, resource, verb, body string) error {
	t.Helper()
	return harness.Virt(t).KubevirtV1().RESTClient().Put().
		AbsPath("/apis/subresources.kubevirt.io/v1/namespaces", namespace, resource, "vm", verb).
		Body([]byte(body)).Do(t.Context()).Error()
}
