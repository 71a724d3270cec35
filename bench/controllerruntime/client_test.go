package controllerruntime

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// TestClientReads: typed objects, their metadata alone, labels and pages.
func TestClientReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newSite(t, kubevirtsim.Options{}), t.Context()
		for n := range 7 {
			noError(t, "create", s.Create(ctx, newVM(fmt.Sprint("vm-", n), map[string]string{"odd": fmt.Sprint(n%2 == 1)})))
		}
		settle()
		var vm kubevirtv1.VirtualMachine
		noError(t, "get", s.Get(ctx, client.ObjectKey{Namespace: "default", Name: "vm-3"}, &vm))
		if vm.Status.PrintableStatus != kubevirtv1.VirtualMachineStatusRunning {
			t.Errorf("the VM is %s", vm.Status.PrintableStatus)
		}

		var names, pages []string
		list := kubevirtv1.VirtualMachineList{}
		for next := ""; ; next = list.Continue {
			noError(t, "list", s.List(ctx, &list, client.InNamespace("default"), client.MatchingLabels{"odd": "false"}, client.Limit(3), client.Continue(next)))
			pages = append(pages, fmt.Sprint(len(list.Items)))
			for _, vm := range list.Items {
				names = append(names, vm.Name)
			}
			if list.Continue == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"3", "1"}, pages); diff != "" {
			t.Errorf("sizes of pages (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"vm-0", "vm-2", "vm-4", "vm-6"}, names); diff != "" {
			t.Errorf("VMs (-want +got):\n%s", diff)
		}

		metadata := metav1.PartialObjectMetadataList{}
		metadata.SetGroupVersionKind(kubevirtv1.VirtualMachineGroupVersionKind.GroupVersion().WithKind("VirtualMachineList"))
		noError(t, "list of metadata", s.List(ctx, &metadata, client.MatchingLabels{"odd": "true"}))
		if len(metadata.Items) != 3 || metadata.Items[0].Name != "vm-1" {
			t.Errorf("metadata of %d VMs", len(metadata.Items))
		}
	})
}

// TestClientWrites: updates that are too late, patches of all kinds, applies, deletion by labels.
func TestClientWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newSite(t, kubevirtsim.Options{}), t.Context()
		vm := newVM("vm", map[string]string{"app": "web"})
		noError(t, "dry create", s.Create(ctx, vm.DeepCopy(), client.DryRunAll))
		noError(t, "create", s.Create(ctx, vm))
		stale := vm.DeepCopy()
		settle()
		noError(t, "get", s.Get(ctx, client.ObjectKeyFromObject(vm), vm))
		vm.Labels["by"] = "update"
		noError(t, "update", s.Update(ctx, vm))
		if err := s.Update(ctx, stale.DeepCopy()); !apierrors.IsConflict(err) {
			t.Errorf("an update that is too late: %v", err)
		}

		late := stale.DeepCopy()
		late.Labels["by"] = "lock"
		if err := s.Patch(ctx, late, client.MergeFromWithOptions(stale, client.MergeFromWithOptimisticLock{})); !apierrors.IsConflict(err) {
			t.Errorf("a patch with a lock that is too late: %v", err)
		}
		late = stale.DeepCopy()
		late.Annotations = map[string]string{"by": "merge"}
		noError(t, "patch", s.Patch(ctx, late, client.MergeFrom(stale)))
		if late.Labels["by"] != "update" || late.Annotations["by"] != "merge" {
			t.Errorf("after the patch: %v, %v", late.Labels, late.Annotations)
		}
		noError(t, "get", s.Get(ctx, client.ObjectKeyFromObject(vm), vm))
		base := vm.DeepCopy()
		vm.Spec.RunStrategy = new(kubevirtv1.RunStrategyHalted)
		noError(t, "patch with a lock", s.Patch(ctx, vm, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})))

		applies(t, s)
		deletes(t, s)
	})
}

func applies(t *testing.T, s *site) {
	ctx := t.Context()
	config := func(tier string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
			"metadata": map[string]any{"namespace": "default", "name": "vm", "labels": map[string]any{"tier": tier}},
		}}
	}
	noError(t, "apply", s.Apply(ctx, client.ApplyConfigurationFromUnstructured(config("a")), client.FieldOwner("one")))
	err := s.Apply(ctx, client.ApplyConfigurationFromUnstructured(config("b")), client.FieldOwner("two"))
	if diff := cmp.Diff([]string{"FieldManagerConflict .metadata.labels.tier"}, causes(err)); diff != "" || !apierrors.IsConflict(err) {
		t.Errorf("an apply to what is another's: %v (-want +got):\n%s", err, diff)
	}
	noError(t, "forced apply", s.Apply(ctx, client.ApplyConfigurationFromUnstructured(config("b")), client.FieldOwner("two"), client.ForceOwnership))
	if err := s.Apply(ctx, client.ApplyConfigurationFromUnstructured(config("a")), client.FieldOwner("one")); !apierrors.IsConflict(err) {
		t.Errorf("an apply of who has lost it: %v", err)
	}
	var vm kubevirtv1.VirtualMachine
	noError(t, "get", s.Get(ctx, client.ObjectKey{Namespace: "default", Name: "vm"}, &vm))
	if vm.Labels["tier"] != "b" || vm.Labels["app"] != "web" {
		t.Errorf("after the applies: %v", vm.Labels)
	}
}

func deletes(t *testing.T, s *site) {
	ctx := t.Context()
	other := newVM("other", nil)
	noError(t, "create", s.Create(ctx, other))
	if err := s.Delete(ctx, other, client.Preconditions{UID: new(newVM("x", nil).UID)}); !apierrors.IsConflict(err) {
		t.Errorf("a deletion of another of the name: %v", err)
	}
	noError(t, "delete all of a label", s.DeleteAllOf(ctx, &kubevirtv1.VirtualMachine{}, client.InNamespace("default"), client.MatchingLabels{"app": "web"}))
	settle()
	var left kubevirtv1.VirtualMachineList
	noError(t, "list", s.List(ctx, &left))
	if len(left.Items) != 1 || left.Items[0].Name != "other" {
		t.Errorf("%d VMs are left", len(left.Items))
	}
}

// TestClientErrors: refusals arrive with their reasons and causes.
func TestClientErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := newSite(t, kubevirtsim.Options{}), t.Context()
		if err := s.Get(ctx, client.ObjectKey{Namespace: "default", Name: "missing"}, &kubevirtv1.VirtualMachine{}); !apierrors.IsNotFound(err) {
			t.Errorf("a VM that is not there: %v", err)
		}
		noError(t, "create", s.Create(ctx, newVM("vm", nil)))
		if err := s.Create(ctx, newVM("vm", nil)); !apierrors.IsAlreadyExists(err) {
			t.Errorf("a second one of the name: %v", err)
		}
		elsewhere := newVM("vm", nil)
		elsewhere.Namespace = "missing"
		if err := s.Create(ctx, elsewhere); !apierrors.IsNotFound(err) {
			t.Errorf("in a namespace that is not there: %v", err)
		}
		wrong := newVM("wrong", nil)
		wrong.Spec.Running = new(true)
		err := s.Create(ctx, wrong)
		if diff := cmp.Diff([]string{"FieldValueInvalid spec.running"}, causes(err)); diff != "" || !apierrors.IsInvalid(err) {
			t.Errorf("a VM that says twice whether it runs: %v (-want +got):\n%s", err, diff)
		}
		s.SetFaults(kubevirtsim.Fault{Do: kubevirtsim.Answer, Status: 429, RetryAfter: "1", Count: 1})
		noError(t, "a server that is busy once", s.Get(ctx, client.ObjectKey{Namespace: "default", Name: "vm"}, &kubevirtv1.VirtualMachine{}))
	})
}

// causes are the types and fields of what a refusal says.
func causes(err error) []string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var told []string
	for _, cause := range status.Status().Details.Causes {
		told = append(told, fmt.Sprint(cause.Type, " ", cause.Field))
	}
	return told
}
