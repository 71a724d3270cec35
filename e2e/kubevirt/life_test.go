package kubevirt_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// TestLife takes one VM from its creation to its end.
func TestLife(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	ctx, namespace := t.Context(), site.Namespace
	made, err := site.CreateVM(ctx, setup.Cluster, namespace, setup.Spec("vm", domain.RunStrategyHalted), provider.CreateOptions{})
	setup.Must(t, "create", err)
	if made.UID == "" || made.Revision == "" {
		t.Errorf("created with uid %q, revision %q; want both", made.UID, made.Revision)
	}
	// As the server stored it: the controller cannot have looked at it within the same write.
	setup.Diff(t, "status of a new VM", domain.StatusUnobserved, made.Status)
	vm := &setup.VM{Site: site, Name: "vm", UID: made.UID}
	vm.WaitStopped(t)

	setup.Must(t, "start", site.StartVM(ctx, setup.Cluster, namespace, "vm", provider.StartOptions{}))
	running := vm.WaitRunning(t)
	setup.Diff(t, "strategy after the start", domain.RunStrategyAlways, running.RunStrategy)
	setup.Diff(t, "instance", domain.InstanceLive, running.Instance)
	if running.InstanceID == "" || running.Node == "" || running.PrimaryIP == "" || running.StartedAt.IsZero() {
		t.Errorf("a running VM has instance %q on node %q with address %q since %s; want all four",
			running.InstanceID, running.Node, running.PrimaryIP, running.StartedAt)
	}

	setup.Must(t, "pause", site.PauseVM(ctx, setup.Cluster, namespace, "vm", provider.PauseOptions{}))
	paused := vm.WaitStatus(t, domain.StatusPaused)
	setup.Diff(t, "reason of the pause", domain.ReasonPausedByUser, paused.Reason)
	setup.Diff(t, "instance of the paused VM", running.InstanceID, paused.InstanceID)
	setup.Must(t, "unpause", site.UnpauseVM(ctx, setup.Cluster, namespace, "vm", provider.UnpauseOptions{}))
	setup.Diff(t, "instance after the pause", running.InstanceID, vm.WaitRunning(t).InstanceID)

	setup.Must(t, "restart", site.RestartVM(ctx, setup.Cluster, namespace, "vm", provider.RestartOptions{}))
	restarted := vm.Wait(t, "running again", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusRunning && vm.InstanceID != running.InstanceID
	})
	setup.Diff(t, "uid after the restart", made.UID, restarted.UID)

	setup.Must(t, "stop", site.StopVM(ctx, setup.Cluster, namespace, "vm", provider.StopOptions{}))
	stopped := vm.WaitStopped(t)
	setup.Diff(t, "strategy after the stop", domain.RunStrategyHalted, stopped.RunStrategy)
	setup.Diff(t, "instance after the stop", "", stopped.InstanceID)

	setup.Must(t, "delete", site.DeleteVM(ctx, setup.Cluster, namespace, "vm", provider.DeleteOptions{UID: made.UID}))
	vm.WaitGone(t)
	setup.Code(t, "delete again", domain.CodeVMNotFound,
		site.DeleteVM(ctx, setup.Cluster, namespace, "vm", provider.DeleteOptions{}))
}

// TestDeleting: a delete that takes its time is seen as such, and only another delete is taken meanwhile.
func TestDeleting(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	vm.Annotate(t, knobStopDelay, "3s")
	setup.Must(t, "delete", site.DeleteVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.DeleteOptions{}))
	setup.Diff(t, "status", domain.StatusDeleting, vm.Get(t).Status)
	setup.Code(t, "start", domain.CodeVMDeleting, site.StartVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.StartOptions{}))
	_, _, err := site.UpdateVM(t.Context(), setup.Cluster, site.Namespace, "vm",
		domain.VMChange{Labels: map[string]*string{"a": new("1")}}, provider.UpdateOptions{})
	setup.Code(t, "update", domain.CodeVMDeleting, err)
	setup.Code(t, "delete again", "", site.DeleteVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.DeleteOptions{}))
	vm.WaitGone(t)
}
