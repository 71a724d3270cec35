package kubevirt_test

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// foreign makes a VM as another field manager, by server-side apply, and waits until the controller has looked at it.
func foreign(t *testing.T, site *setup.Site, name string, labels map[string]string) *setup.VM {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine",
		"metadata": map[string]any{"name": name, "labels": labels},
		"spec": map[string]any{
			"runStrategy": "Halted",
			"template": map[string]any{"spec": map[string]any{
				"domain": map[string]any{"devices": map[string]any{}, "memory": map[string]any{"guest": "64Mi"}},
			}},
		},
	})
	setup.Must(t, "encode", err)
	made, err := harness.Virt(t).KubevirtV1().VirtualMachines(site.Namespace).Patch(t.Context(), name, types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: "somebody"})
	setup.Must(t, "make a foreign VM", err)
	vm := &setup.VM{Site: site, Name: name, UID: string(made.UID)}
	vm.WaitStopped(t)
	vm.Settled(t)
	return vm
}

// TestCreateOverForeign: server-side apply has no "must not exist", so an apply meant as a create could take over
// somebody else's VM.
func TestCreateOverForeign(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := foreign(t, site, "vm", map[string]string{"theirs": "1"})
	before := string(vm.Raw(t))

	spec := setup.Spec("vm", domain.RunStrategyAlways)
	for name, opts := range map[string]provider.CreateOptions{
		"plain": {}, "with a key": {IdempotencyKey: "k-1"}, "dry run": {DryRun: true}, "dry run with a key": {DryRun: true, IdempotencyKey: "k-1"},
	} {
		_, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, opts)
		setup.Code(t, name, domain.CodeVMAlreadyExists, err)
		setup.Diff(t, name+": the uid of the VM in the way", vm.UID, setup.Error(err).Params[domain.ParamUID])
		setup.Diff(t, name+": the foreign VM", before, string(vm.Raw(t)))
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	spec := setup.Spec("vm", domain.RunStrategyHalted)
	opts := provider.CreateOptions{IdempotencyKey: "order-17"}
	first, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, opts)
	setup.Must(t, "create", err)
	vm := &setup.VM{Site: site, Name: "vm", UID: first.UID}
	// From now on the run strategy is virt-api's, and no longer what the spec says.
	setup.Must(t, "start", site.StartVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.StartOptions{}))
	vm.WaitRunning(t)
	vm.Settled(t)
	before := string(vm.Raw(t))

	again, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, opts)
	setup.Must(t, "create again", err)
	setup.Diff(t, "uid of the repeated create", first.UID, again.UID)
	setup.Diff(t, "status of the repeated create: the VM as it is now", domain.StatusRunning, again.Status)

	other := spec
	other.MemoryBytes *= 2
	_, err = site.CreateVM(t.Context(), setup.Cluster, site.Namespace, other, opts)
	setup.Code(t, "same key, other spec", domain.CodeIdempotencyConflict, err)
	_, err = site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.CreateOptions{IdempotencyKey: "order-18"})
	setup.Code(t, "other key", domain.CodeVMAlreadyExists, err)
	_, err = site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.CreateOptions{})
	setup.Code(t, "no key", domain.CodeVMAlreadyExists, err)
	setup.Diff(t, "the VM after all that", before, string(vm.Raw(t)))

	// The key outlives later changes: the VM is still the one that it made.
	_, _, err = site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "vm",
		domain.VMChange{Labels: map[string]*string{"later": new("1")}}, provider.UpdateOptions{})
	setup.Must(t, "update", err)
	again, err = site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, opts)
	setup.Must(t, "create after an update", err)
	setup.Diff(t, "uid after an update", first.UID, again.UID)
	_, err = site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, other, provider.ApplyOptions{})
	setup.Must(t, "apply", err)
	again, err = site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, opts)
	setup.Must(t, "create after an apply", err)
	setup.Diff(t, "uid after an apply", first.UID, again.UID)
}

func TestMissingNamespace(t *testing.T) {
	t.Parallel()
	site := setup.New(t, "no-such-namespace")
	spec := setup.Spec("vm", domain.RunStrategyHalted)
	_, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.CreateOptions{})
	setup.Code(t, "create", domain.CodeNamespaceNotFound, err)
	_, err = site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ApplyOptions{})
	setup.Code(t, "apply", domain.CodeNamespaceNotFound, err)
	verdict, err := site.ValidateVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ValidateOptions{})
	setup.Code(t, "validate", "", err)
	setup.Diff(t, "verdict", domain.Validation{Code: domain.CodeNamespaceNotFound}, verdict)
	_, err = site.GetVM(t.Context(), setup.Cluster, site.Namespace, "vm")
	setup.Code(t, "get", domain.CodeVMNotFound, err)
	page, err := site.ListVMs(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{})
	setup.Code(t, "list", "", err)
	if err == nil {
		setup.Diff(t, "items of a namespace that is not there", 0, len(page.Items))
	}
}
