package kubevirt_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// TestDryRun asks for each verb in a state that allows it, and nothing may change. Verbs without a dry run send nothing.
func TestDryRun(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	on := site.Running(t, setup.Spec("vm-on", domain.RunStrategyAlways))
	off := site.Stopped(t, setup.Spec("vm-off", domain.RunStrategyHalted))
	manual := site.Stopped(t, setup.Spec("vm-manual", domain.RunStrategyManual))
	held := site.Running(t, setup.Spec("vm-paused", domain.RunStrategyAlways))
	setup.Must(t, "pause", do(t.Context(), held, "pause"))
	held.WaitStatus(t, domain.StatusPaused)
	held.Settled(t)

	states := map[string][]*setup.VM{
		"start": {off, manual}, "stop": {on, held}, "restart": {on}, "pause": {on}, "unpause": {held},
		"migrate": {on}, "soft reboot": {on}, "reset": {on},
	}
	for _, v := range powerVerbs {
		for _, vm := range states[v.name] {
			before := vm.Revisions(t)
			site.Requests.Sent()
			err := v.call(t.Context(), site, vm.Name, vm.UID, true)
			if !v.dry {
				setup.Code(t, v.name, domain.CodeCapabilityUnsupported, err)
				setup.Diff(t, v.name+": requests", []string(nil), site.Requests.Sent())
				continue
			}
			setup.Code(t, v.name+" of "+vm.Name, "", err)
			vm.Settled(t)
			setup.Diff(t, v.name+" of "+vm.Name+": revisions", before, vm.Revisions(t))
		}
	}
	none, err := site.ListMigrations(t.Context(), setup.Cluster, site.Namespace, on.Name, provider.ListOptions{})
	setup.Must(t, "list migrations", err)
	setup.Diff(t, "migrations after a dry run", 0, len(none.Items))
}

// TestDryRunOfWrites: the answer shows what would be stored, and nothing is.
func TestDryRunOfWrites(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	made, err := site.CreateVM(t.Context(), setup.Cluster, site.Namespace, setup.Spec("new", domain.RunStrategyAlways), provider.CreateOptions{DryRun: true})
	setup.Must(t, "create", err)
	setup.Diff(t, "name in the answer", "new", made.Name)
	made, err = site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, setup.Spec("new", domain.RunStrategyAlways), provider.ApplyOptions{DryRun: true})
	setup.Must(t, "apply that would make it", err)
	setup.Diff(t, "name in the answer", "new", made.Name)
	verdict, err := site.ValidateVM(t.Context(), setup.Cluster, site.Namespace, setup.Spec("new", domain.RunStrategyAlways), provider.ValidateOptions{})
	setup.Must(t, "validate", err)
	setup.Diff(t, "verdict", domain.Validation{Valid: true}, verdict)
	_, err = site.GetVM(t.Context(), setup.Cluster, site.Namespace, "new")
	setup.Code(t, "get", domain.CodeVMNotFound, err)

	spec := setup.Spec("vm", domain.RunStrategyAlways)
	vm := site.Running(t, spec)
	before := vm.Revisions(t)
	unchanged := func(what string) {
		t.Helper()
		vm.Settled(t)
		setup.Diff(t, what+": revisions", before, vm.Revisions(t))
	}
	shown, _, err := site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "vm", label("a", "1"), provider.UpdateOptions{DryRun: true})
	setup.Must(t, "update", err)
	setup.Diff(t, "label in the answer of the update", "1", shown.Labels["a"])
	unchanged("update")
	spec.Labels = map[string]string{"a": "2"}
	shown, err = site.ApplyVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.ApplyOptions{DryRun: true})
	setup.Must(t, "apply", err)
	setup.Diff(t, "label in the answer of the apply", "2", shown.Labels["a"])
	unchanged("apply")
	setup.Must(t, "delete", site.DeleteVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.DeleteOptions{DryRun: true}))
	unchanged("delete")
	_, err = site.CreateVM(t.Context(), setup.Cluster, site.Namespace, spec, provider.CreateOptions{DryRun: true})
	setup.Code(t, "create of a name that is taken", domain.CodeVMAlreadyExists, err)
	unchanged("create")
}
