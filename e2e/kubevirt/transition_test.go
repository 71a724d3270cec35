package kubevirt_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// slowStop is longer than what a test needs to look at a VM that is stopping.
const slowStop = "20s"

// stopping makes a VM whose instance takes its time to shut down, and stops it.
func stopping(t *testing.T, site *setup.Site, name string, strategy domain.RunStrategy) *setup.VM {
	t.Helper()
	vm := site.Create(t, setup.Spec(name, strategy))
	if strategy == domain.RunStrategyManual || strategy == domain.RunStrategyHalted {
		vm.WaitStopped(t)
		started(t, vm)
	}
	vm.WaitRunning(t)
	vm.Annotate(t, knobStopDelay, slowStop)
	setup.Must(t, "stop", site.StopVM(t.Context(), setup.Cluster, site.Namespace, name, provider.StopOptions{}))
	return vm
}

func TestStartRightAfterStop(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyAlways, domain.RunStrategyHalted, domain.RunStrategyManual, domain.RunStrategyRerunOnFailure, domain.RunStrategyOnce} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			vm := stopping(t, site, "vm-"+lower(strategy), strategy)
			// At once, when only the request stands in the VM, and later, when the instance is going.
			for _, moment := range []string{"requested", "under way"} {
				setup.Code(t, moment+": start", domain.CodeTransitionInProgress, do(t.Context(), vm, "start"))
				setup.Code(t, moment+": ensure running", domain.CodeTransitionInProgress,
					provider.EnsureRunning(t.Context(), vm, setup.Cluster, vm.Namespace, vm.Name, provider.StartOptions{}))
				vm.WaitStatus(t, domain.StatusStopping)
				vm.Settled(t)
			}
			for name, code := range map[string]domain.Code{
				"pause": domain.CodeTransitionInProgress, "soft reboot": domain.CodeTransitionInProgress,
				"reset": domain.CodeTransitionInProgress, "migrate": domain.CodeTransitionInProgress,
			} {
				setup.Code(t, "under way: "+name, code, do(t.Context(), vm, name))
			}
			vm.Annotate(t, knobStopDelay, "")
		})
	}
}

// TestStopWhileStopping: the one stop that a VM takes while it is halted and its instance still there is a shorter one.
func TestStopWhileStopping(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for name, manifest := range map[string]string{"vm-default": "", "vm-own": `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":30}}}}`} {
		spec := setup.Spec(name, domain.RunStrategyAlways)
		spec.Manifest = []byte(manifest)
		vm := site.Running(t, spec)
		vm.Annotate(t, knobStopDelay, slowStop)
		setup.Must(t, "stop", do(t.Context(), vm, "stop"))
		vm.WaitStatus(t, domain.StatusStopping)
		vm.Settled(t)
		before := vm.Revisions(t)
		stop := func(grace *time.Duration) error {
			return site.StopVM(t.Context(), setup.Cluster, site.Namespace, name, provider.StopOptions{GracePeriod: grace})
		}
		setup.Code(t, name+": no grace", domain.CodeTransitionInProgress, stop(nil))
		setup.Code(t, name+": longer grace", domain.CodeTransitionInProgress, stop(new(time.Hour)))
		setup.Code(t, name+": the same grace", domain.CodeTransitionInProgress, stop(new(30*time.Second)))
		setup.Code(t, name+": ensure stopped", "", provider.EnsureStopped(t.Context(), vm, setup.Cluster, vm.Namespace, name, provider.StopOptions{}))
		setup.Diff(t, name+": revisions", before, vm.Revisions(t))
		setup.Code(t, name+": shorter grace", "", stop(new(25*time.Second)))
		instance := vm.Instance(t)
		if instance == nil || instance.Spec.TerminationGracePeriodSeconds == nil {
			t.Fatalf("%s: no instance, or none with a grace period", name)
		}
		setup.Diff(t, name+": grace period of the instance", int64(25), *instance.Spec.TerminationGracePeriodSeconds)
		setup.Code(t, name+": no grace, after the shorter one", domain.CodeTransitionInProgress, stop(nil))
		setup.Code(t, name+": zero grace", "", stop(new(time.Duration(0))))
		vm.WaitStopped(t)
	}
}

// TestStopWithGrace: the grace period of the call is the instance's from then on.
func TestStopWithGrace(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyAlways, domain.RunStrategyRerunOnFailure} {
		vm := site.Running(t, setup.Spec("vm-"+lower(strategy), strategy))
		vm.Annotate(t, knobStopDelay, slowStop)
		stop := func(grace time.Duration) {
			t.Helper()
			setup.Must(t, "stop", site.StopVM(t.Context(), setup.Cluster, site.Namespace, vm.Name, provider.StopOptions{GracePeriod: &grace}))
		}
		stop(19 * time.Second)
		instance := vm.Instance(t)
		if instance == nil || instance.Spec.TerminationGracePeriodSeconds == nil {
			t.Fatalf("%s: no instance, or none with a grace period", vm.Name)
		}
		setup.Diff(t, vm.Name+": grace period of the instance", int64(19), *instance.Spec.TerminationGracePeriodSeconds)
		vm.WaitStatus(t, domain.StatusStopping)
		stop(0)
		vm.WaitStopped(t)
	}
}

func TestRestartTwice(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyAlways, domain.RunStrategyManual, domain.RunStrategyRerunOnFailure} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			vm := site.Create(t, setup.Spec("vm-"+lower(strategy), strategy))
			if strategy == domain.RunStrategyManual {
				vm.WaitStopped(t)
				started(t, vm)
			}
			first := vm.WaitRunning(t).InstanceID
			vm.Annotate(t, knobStopDelay, slowStop)
			setup.Must(t, "restart", do(t.Context(), vm, "restart"))
			setup.Code(t, "restart at once", domain.CodeTransitionInProgress, do(t.Context(), vm, "restart"))
			vm.WaitStatus(t, domain.StatusStopping)
			vm.Settled(t)
			setup.Code(t, "restart while stopping", domain.CodeTransitionInProgress, do(t.Context(), vm, "restart"))
			vm.Annotate(t, knobStopDelay, "")
			vm.Wait(t, "running anew", func(vm *domain.VM) bool {
				return vm.Status == domain.StatusRunning && vm.InstanceID != first && vm.UID != "" && !vm.ChangeQueued
			})
		})
	}
}

// TestStopDuringRestart: KubeVirt takes a stop while a restart is under way, and the start that is queued undoes it; so
// the table refuses it.
func TestStopDuringRestart(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	first := vm.Get(t).InstanceID
	vm.Annotate(t, knobStopDelay, slowStop)
	setup.Must(t, "restart", do(t.Context(), vm, "restart"))
	setup.Code(t, "stop", domain.CodeTransitionInProgress, do(t.Context(), vm, "stop"))
	setup.Code(t, "ensure stopped", domain.CodeTransitionInProgress,
		provider.EnsureStopped(t.Context(), vm, setup.Cluster, vm.Namespace, vm.Name, provider.StopOptions{}))
	answer := rawAnswer(t, nil, http.MethodPut, subresourcePath(site.Namespace, "virtualmachines", vm.Name, "stop"), "{}")
	setup.Diff(t, "what KubeVirt answers", http.StatusAccepted, answer.status)
	vm.Annotate(t, knobStopDelay, "")
	vm.Wait(t, "running anew, although it was stopped", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusRunning && vm.InstanceID != first && vm.RunStrategy == domain.RunStrategyAlways && !vm.ChangeQueued
	})
}

// TestStartOfAlways: with this strategy an instance is missing only because one cannot be made, and asking does not help.
func TestStartOfAlways(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	vm := &setup.VM{Site: site, Name: "vm"}
	createRaw(t, site.Namespace, `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"vm"},
		"spec":{"runStrategy":"Always","instancetype":{"name":"gone"},"template":{"spec":{"domain":{"devices":{}}}}}}`)
	vm.Wait(t, "failed", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusFailed && vm.Reason == domain.ReasonCreateFailed && vm.Instance == domain.InstanceNone
	})
	refused(t, vm, map[string]domain.Code{
		"start": domain.CodeStartNotSupported, "restart": domain.CodeVMNotRunning, "pause": domain.CodeVMNotRunning,
	})
	setup.Code(t, "ensure running: it will as soon as it can", "",
		provider.EnsureRunning(t.Context(), vm, setup.Cluster, vm.Namespace, "vm", provider.StartOptions{}))
	setup.Code(t, "stop", "", do(t.Context(), vm, "stop"))
	vm.Wait(t, "halted", func(vm *domain.VM) bool {
		return vm.RunStrategy == domain.RunStrategyHalted && vm.Status == domain.StatusStopped
	})
}

// TestMissingVM and wrong uids: every verb says which it is, and sends nothing but reads.
func TestMissingVM(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, v := range powerVerbs {
		setup.Code(t, v.name, domain.CodeVMNotFound, v.call(t.Context(), site, "missing", "", false))
		setup.Code(t, v.name+" with a uid", domain.CodeVMNotFound, v.call(t.Context(), site, "missing", someUID, false))
	}
	setup.Code(t, "delete", domain.CodeVMNotFound, site.DeleteVM(t.Context(), setup.Cluster, site.Namespace, "missing", provider.DeleteOptions{UID: someUID}))
	_, err := site.GetMigration(t.Context(), setup.Cluster, site.Namespace, "missing")
	setup.Code(t, "get migration", domain.CodeMigrationNotFound, err)
	setup.Code(t, "cancel migration", domain.CodeMigrationNotFound,
		site.CancelMigration(t.Context(), setup.Cluster, site.Namespace, "missing", provider.CancelOptions{}))
}

func TestWrongUID(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, vm := range []*setup.VM{
		site.Running(t, setup.Spec("vm-on", domain.RunStrategyAlways)),
		site.Stopped(t, setup.Spec("vm-off", domain.RunStrategyHalted)),
	} {
		before := vm.Revisions(t)
		site.Requests.Writes()
		for _, v := range powerVerbs {
			err := v.call(t.Context(), site, vm.Name, someUID, false)
			setup.Code(t, vm.Name+": "+v.name, domain.CodeUIDConflict, err)
			setup.Diff(t, vm.Name+": "+v.name+": the uid there is", vm.UID, setup.Error(err).Params[domain.ParamUID])
		}
		setup.Diff(t, "requests that were no reads", []string(nil), site.Requests.Writes())
		setup.Diff(t, "revisions", before, vm.Revisions(t))
	}
}
