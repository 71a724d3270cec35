package setup

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// VM is one machine of a site.
type VM struct {
	*Site
	Name string
	// UID is that of the VM when it was made.
	UID string
}

// Get reads the VM; the test fails at once if that is not possible.
func (v *VM) Get(tb testing.TB) *domain.VM {
	tb.Helper()
	vm, err := v.GetVM(tb.Context(), Cluster, v.Namespace, v.Name)
	if err != nil {
		tb.Fatalf("get %s: %v", v.Name, err)
	}
	return vm
}

// Wait waits for a condition and returns the VM as it was then.
func (v *VM) Wait(tb testing.TB, what string, until func(*domain.VM) bool) *domain.VM {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	vm, err := provider.WaitVM(ctx, v, Cluster, v.Namespace, v.Name, until, WaitOptions)
	if err != nil {
		now, _ := v.GetVM(tb.Context(), Cluster, v.Namespace, v.Name)
		tb.Fatalf("wait until %s is %s: %v; it is %+v", v.Name, what, err, now)
	}
	return vm
}

// WaitOptions poll faster than one would on a shared cluster.
var WaitOptions = provider.WaitOptions{Interval: pollPeriod, MaxInterval: 4 * pollPeriod}

// WaitStatus waits for one status.
func (v *VM) WaitStatus(tb testing.TB, status domain.VMStatus) *domain.VM {
	tb.Helper()
	return v.Wait(tb, string(status), provider.In(status))
}

// WaitRunning waits until the instance runs and the controller has said so.
func (v *VM) WaitRunning(tb testing.TB) *domain.VM {
	tb.Helper()
	return v.Wait(tb, "running", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusRunning && vm.RawStatus == "Running"
	})
}

// WaitStopped waits until the VM is off and its instance is gone.
func (v *VM) WaitStopped(tb testing.TB) *domain.VM {
	tb.Helper()
	return v.Wait(tb, "stopped", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusStopped && vm.Instance == domain.InstanceNone && vm.RawStatus == "Stopped" && !vm.ChangeQueued
	})
}

// WaitGone waits until the VM does not exist.
func (v *VM) WaitGone(tb testing.TB) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	if err := provider.WaitVMGone(ctx, v, Cluster, v.Namespace, v.Name, WaitOptions); err != nil {
		tb.Fatalf("wait until %s is gone: %v", v.Name, err)
	}
}

// Raw returns the VM as the server sends it.
func (v *VM) Raw(tb testing.TB) []byte {
	tb.Helper()
	body, err := harness.Virt(tb).KubevirtV1().RESTClient().Get().Namespace(v.Namespace).Resource("virtualmachines").
		Name(v.Name).Do(tb.Context()).Raw()
	if err != nil {
		tb.Fatalf("read %s: %v", v.Name, err)
	}
	return body
}

// Object returns the VM as KubeVirt's type.
func (v *VM) Object(tb testing.TB) *kubevirtv1.VirtualMachine {
	tb.Helper()
	object, err := harness.Virt(tb).KubevirtV1().VirtualMachines(v.Namespace).Get(tb.Context(), v.Name, metav1.GetOptions{})
	if err != nil {
		tb.Fatalf("read %s: %v", v.Name, err)
	}
	return object
}

// Instance returns the instance as KubeVirt's type, or nil.
func (v *VM) Instance(tb testing.TB) *kubevirtv1.VirtualMachineInstance {
	tb.Helper()
	instance, err := harness.Virt(tb).KubevirtV1().VirtualMachineInstances(v.Namespace).Get(tb.Context(), v.Name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return instance
}

// rawInstance returns what the server says of the instance, be it that there is none.
func (v *VM) rawInstance(tb testing.TB) []byte {
	tb.Helper()
	instance := v.Instance(tb)
	if instance == nil {
		return []byte("none")
	}
	return []byte(string(instance.UID) + "@" + instance.ResourceVersion)
}

// Annotate sets or removes annotations, those of the simulation say, as somebody who is not the provider. An empty value removes.
func (v *VM) Annotate(tb testing.TB, key, value string) {
	tb.Helper()
	text := fmt.Sprintf("%q", value)
	if value == "" {
		text = "null"
	}
	v.Patch(tb, "annotator", types.MergePatchType, fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, key, text))
}

// Patch changes the VM as another field manager.
func (v *VM) Patch(tb testing.TB, manager string, kind types.PatchType, body string) {
	tb.Helper()
	_, err := harness.Virt(tb).KubevirtV1().VirtualMachines(v.Namespace).Patch(tb.Context(), v.Name, kind, []byte(body),
		metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		tb.Fatalf("patch %s: %v", v.Name, err)
	}
}

// Settled waits until neither the VM nor its instance has been written for a while, so that whatever a test finds
// changed afterwards is its own doing. Controllers write a machine's status several times after each change.
func (v *VM) Settled(tb testing.TB) {
	tb.Helper()
	const enough = 20 // looks in a row
	var last []byte
	same := 0
	harness.Eventually(tb, patience, func() error {
		now := append(v.Raw(tb), v.rawInstance(tb)...)
		if !bytes.Equal(now, last) {
			last, same = now, 0
		}
		if same++; same < enough {
			return fmt.Errorf("%s is still being written", v.Name)
		}
		return nil
	})
}

// Revisions are those of a VM and its instance.
type Revisions struct{ VM, Instance string }

// Revisions reads them past the provider.
func (v *VM) Revisions(tb testing.TB) Revisions {
	tb.Helper()
	return Revisions{VM: v.Object(tb).ResourceVersion, Instance: string(v.rawInstance(tb))}
}
