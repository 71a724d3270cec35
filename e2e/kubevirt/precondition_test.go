package kubevirt_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

const someUID = "00000000-0000-4000-8000-000000000000"

func TestDeletePreconditions(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Stopped(t, setup.Spec("vm", domain.RunStrategyHalted))
	old := vm.Get(t).Revision
	_, _, err := update(t, vm, label("a", "1"))
	setup.Must(t, "update", err)
	vm.Settled(t)
	before := string(vm.Raw(t))
	for name, c := range map[string]struct {
		opts provider.DeleteOptions
		code domain.Code
	}{
		"other uid":                    {provider.DeleteOptions{UID: someUID}, domain.CodeUIDConflict},
		"other uid, right revision":    {provider.DeleteOptions{UID: someUID, Revision: vm.Get(t).Revision}, domain.CodeUIDConflict},
		"stale revision":               {provider.DeleteOptions{Revision: old}, domain.CodeRevisionConflict},
		"stale revision, right uid":    {provider.DeleteOptions{Revision: old, UID: vm.UID}, domain.CodeRevisionConflict},
		"stale revision, dry run":      {provider.DeleteOptions{Revision: old, DryRun: true}, domain.CodeRevisionConflict},
		"both, right, in a dry run":    {provider.DeleteOptions{Revision: vm.Get(t).Revision, UID: vm.UID, DryRun: true}, ""},
		"other uid in a dry run":       {provider.DeleteOptions{UID: someUID, DryRun: true}, domain.CodeUIDConflict},
		"other uid and stale revision": {provider.DeleteOptions{UID: someUID, Revision: old}, domain.CodeUIDConflict},
	} {
		setup.Code(t, name, c.code, site.DeleteVM(t.Context(), setup.Cluster, site.Namespace, "vm", c.opts))
		setup.Diff(t, name+": the VM", before, string(vm.Raw(t)))
	}
	setup.Code(t, "right uid and revision", "", site.DeleteVM(t.Context(), setup.Cluster, site.Namespace, "vm",
		provider.DeleteOptions{UID: vm.UID, Revision: vm.Get(t).Revision}))
	vm.WaitGone(t)
}

func TestUpdatePreconditions(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Stopped(t, setup.Spec("vm", domain.RunStrategyHalted))
	old := vm.Get(t).Revision
	_, _, err := update(t, vm, label("a", "1"))
	setup.Must(t, "update", err)
	vm.Settled(t)
	before := string(vm.Raw(t))
	for name, c := range map[string]struct {
		opts provider.UpdateOptions
		code domain.Code
	}{
		"stale revision":        {provider.UpdateOptions{Revision: old}, domain.CodeRevisionConflict},
		"stale revision, force": {provider.UpdateOptions{Revision: old, Force: true}, domain.CodeRevisionConflict},
		"other uid":             {provider.UpdateOptions{UID: someUID}, domain.CodeUIDConflict},
		"other uid, force":      {provider.UpdateOptions{UID: someUID, Force: true}, domain.CodeUIDConflict},
	} {
		_, _, err := site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "vm", label("a", "2"), c.opts)
		setup.Code(t, name, c.code, err)
		setup.Diff(t, name+": the VM", before, string(vm.Raw(t)))
	}
	// The revision may also go stale between the read and the apply.
	opts := provider.UpdateOptions{Revision: vm.Get(t).Revision}
	site.Requests.BeforeWrite(func() { vm.Annotate(t, "somebody", "was here") })
	_, _, err = site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "vm", label("a", "2"), opts)
	setup.Code(t, "stale within the call", domain.CodeRevisionConflict, err)
	setup.Diff(t, "label", "1", vm.Get(t).Labels["a"])
	opts.Revision, opts.UID = vm.Get(t).Revision, vm.UID
	_, _, err = site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "vm", label("a", "2"), opts)
	setup.Code(t, "right uid and revision", "", err)
}

// TestUpdateOfAnother: an update never makes a VM, and never reaches one that took the name over meanwhile.
func TestUpdateOfAnother(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	remove := func(name string) {
		err := harness.Virt(t).KubevirtV1().VirtualMachines(site.Namespace).Delete(t.Context(), name, metav1.DeleteOptions{})
		setup.Must(t, "delete", err)
		(&setup.VM{Site: setup.New(t, site.Namespace), Name: name}).WaitGone(t)
	}
	writes := map[string]func(name, uid string) error{
		"update": func(name, uid string) error {
			_, _, err := site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, name, label("a", "1"), provider.UpdateOptions{UID: uid})
			return err
		},
		"update by name": func(name, _ string) error {
			_, _, err := site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, name, label("a", "1"), provider.UpdateOptions{Force: true})
			return err
		},
		"apply": func(name, uid string) error {
			_, err := site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, setup.Spec(name, domain.RunStrategyHalted), provider.ApplyOptions{UID: uid, Force: true})
			return err
		},
	}
	for what, write := range writes {
		gone := site.Stopped(t, setup.Spec("gone-"+slug(what), domain.RunStrategyHalted))
		site.Requests.BeforeWrite(func() { remove(gone.Name) })
		setup.Code(t, what+" of a VM deleted meanwhile", domain.CodeVMNotFound, write(gone.Name, gone.UID))
		_, err := site.GetVM(t.Context(), setup.Cluster, site.Namespace, gone.Name)
		setup.Code(t, what+": the VM deleted meanwhile", domain.CodeVMNotFound, err)
		setup.Code(t, what+" of a VM deleted before", domain.CodeVMNotFound, write(gone.Name, gone.UID))

		replaced := site.Stopped(t, setup.Spec("replaced-"+slug(what), domain.RunStrategyHalted))
		var successor *setup.VM
		var before string
		site.Requests.BeforeWrite(func() {
			remove(replaced.Name)
			successor = foreign(t, setup.New(t, site.Namespace), replaced.Name, nil)
			before = string(successor.Raw(t))
		})
		err = write(replaced.Name, replaced.UID)
		setup.Code(t, what+" of a VM replaced meanwhile", domain.CodeUIDConflict, err)
		setup.Diff(t, what+": the uid of the successor", successor.UID, setup.Error(err).Params[domain.ParamUID])
		setup.Diff(t, what+": the successor", before, string(successor.Raw(t)))
		if what != "update by name" {
			setup.Code(t, what+" of a VM replaced before", domain.CodeUIDConflict, write(replaced.Name, replaced.UID))
			setup.Diff(t, what+": the successor", before, string(successor.Raw(t)))
		}
	}
	_, _, err := site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "never", label("a", "1"), provider.UpdateOptions{Force: true})
	setup.Code(t, "update of a VM that never was", domain.CodeVMNotFound, err)
}
