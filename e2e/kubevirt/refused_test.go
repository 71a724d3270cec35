package kubevirt_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// refused asks for verbs that the state of a VM forbids: each answers its code, sends nothing, and leaves VM and
// instance as they were.
func refused(t *testing.T, vm *setup.VM, want map[string]domain.Code) {
	t.Helper()
	vm.Settled(t)
	before := vm.Revisions(t)
	vm.Requests.Writes()
	for name, code := range want {
		setup.Code(t, name, code, do(t.Context(), vm, name))
		setup.Diff(t, name+": requests that were no reads", []string(nil), vm.Requests.Writes())
		setup.Diff(t, name+": revisions", before, vm.Revisions(t))
	}
}

func TestRefusedWhileRunning(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyAlways, domain.RunStrategyRerunOnFailure, domain.RunStrategyOnce} {
		vm := site.Running(t, setup.Spec("vm-"+lower(strategy), strategy))
		want := map[string]domain.Code{"start": domain.CodeVMAlreadyRunning, "unpause": domain.CodeVMNotPaused}
		if strategy == domain.RunStrategyOnce {
			want["restart"] = domain.CodeStrategyForbids
		}
		refused(t, vm, want)
	}
}

func TestRefusedWhileStopped(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyHalted, domain.RunStrategyManual} {
		refused(t, site.Stopped(t, setup.Spec("vm-"+lower(strategy), strategy)), map[string]domain.Code{
			"stop": domain.CodeVMNotRunning, "restart": domain.CodeVMNotRunning,
			"pause": domain.CodeVMNotRunning, "unpause": domain.CodeVMNotRunning,
			"soft reboot": domain.CodeVMNotRunning, "reset": domain.CodeVMNotRunning, "migrate": domain.CodeVMNotRunning,
		})
	}
}

func TestRefusedWhilePaused(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	setup.Must(t, "pause", site.PauseVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.PauseOptions{}))
	vm.WaitStatus(t, domain.StatusPaused)
	refused(t, vm, map[string]domain.Code{
		"start": domain.CodeVMAlreadyRunning, "pause": domain.CodeVMAlreadyPaused, "soft reboot": domain.CodeVMAlreadyPaused,
	})
}
