package kubevirt_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/e2e/nodesim"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// update sends a change with plain options.
func update(t *testing.T, vm *setup.VM, change domain.VMChange) (*domain.VM, domain.Applied, error) {
	t.Helper()
	return vm.UpdateVM(t.Context(), setup.Cluster, vm.Namespace, vm.Name, change, provider.UpdateOptions{})
}

func label(key, value string) domain.VMChange {
	return domain.VMChange{Labels: map[string]*string{key: &value}}
}

// TestUpdateNeverStarted: nobody but us owns the run strategy of such a VM, so leaving it out would be refused.
func TestUpdateNeverStarted(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyHalted, domain.RunStrategyManual} {
		vm := site.Stopped(t, setup.Spec("vm-"+lower(strategy), strategy))
		after, applied, err := update(t, vm, label("a", "1"))
		setup.Must(t, "update", err)
		setup.Diff(t, "applied", domain.AppliedLive, applied)
		setup.Diff(t, "strategy", strategy, after.RunStrategy)
		setup.Diff(t, "label", "1", after.Labels["a"])
		after, _, err = update(t, vm, domain.VMChange{Labels: map[string]*string{"a": nil}})
		setup.Must(t, "update again", err)
		if value, there := after.Labels["a"]; there {
			t.Errorf("removed label is there: %q", value)
		}
		setup.Diff(t, "strategy", strategy, after.RunStrategy)
	}
}

// powerStates bring a VM to each power state that a run strategy has.
var powerStates = map[string]struct {
	strategy domain.RunStrategy
	annotate map[string]string
	bring    func(t *testing.T, vm *setup.VM)
	want     domain.RunStrategy
}{
	"always running": {strategy: domain.RunStrategyAlways, bring: running, want: domain.RunStrategyAlways},
	"always stopped": {strategy: domain.RunStrategyAlways, bring: stopped, want: domain.RunStrategyHalted},
	"always starting": {strategy: domain.RunStrategyAlways, annotate: map[string]string{knobUnschedulable: "true"},
		bring: unschedulable, want: domain.RunStrategyAlways},
	"manual running": {strategy: domain.RunStrategyManual, bring: func(t *testing.T, vm *setup.VM) {
		vm.WaitStopped(t)
		started(t, vm)
	}, want: domain.RunStrategyManual},
	"manual stopped": {strategy: domain.RunStrategyManual, bring: func(t *testing.T, vm *setup.VM) {
		vm.WaitStopped(t)
		started(t, vm)
		stopped(t, vm)
	}, want: domain.RunStrategyManual},
	"rerun running":    {strategy: domain.RunStrategyRerunOnFailure, bring: running, want: domain.RunStrategyRerunOnFailure},
	"rerun stopped":    {strategy: domain.RunStrategyRerunOnFailure, bring: stopped, want: domain.RunStrategyRerunOnFailure},
	"rerun shut down":  {strategy: domain.RunStrategyRerunOnFailure, bring: shutDown, want: domain.RunStrategyRerunOnFailure},
	"once running":     {strategy: domain.RunStrategyOnce, bring: running, want: domain.RunStrategyOnce},
	"once shut down":   {strategy: domain.RunStrategyOnce, bring: shutDown, want: domain.RunStrategyOnce},
	"once stopped":     {strategy: domain.RunStrategyOnce, bring: stopped, want: domain.RunStrategyHalted},
	"halted stopped":   {strategy: domain.RunStrategyHalted, bring: func(t *testing.T, vm *setup.VM) { vm.WaitStopped(t) }, want: domain.RunStrategyHalted},
	"halted started":   {strategy: domain.RunStrategyHalted, bring: started, want: domain.RunStrategyAlways},
	"halted and back":  {strategy: domain.RunStrategyHalted, bring: func(t *testing.T, vm *setup.VM) { started(t, vm); stopped(t, vm) }, want: domain.RunStrategyHalted},
	"paused":           {strategy: domain.RunStrategyAlways, bring: paused, want: domain.RunStrategyAlways},
	"started, stopped": {strategy: domain.RunStrategyOnce, bring: func(t *testing.T, vm *setup.VM) { stopped(t, vm); started(t, vm) }, want: domain.RunStrategyAlways},
}

func running(t *testing.T, vm *setup.VM) { vm.WaitRunning(t) }

func started(t *testing.T, vm *setup.VM) {
	setup.Must(t, "start", vm.StartVM(t.Context(), setup.Cluster, vm.Namespace, vm.Name, provider.StartOptions{}))
	vm.WaitRunning(t)
}

func stopped(t *testing.T, vm *setup.VM) {
	if vm.Get(t).Instance != domain.InstanceLive {
		vm.WaitRunning(t)
	}
	setup.Must(t, "stop", vm.StopVM(t.Context(), setup.Cluster, vm.Namespace, vm.Name, provider.StopOptions{}))
	vm.WaitStopped(t)
}

func paused(t *testing.T, vm *setup.VM) {
	vm.WaitRunning(t)
	setup.Must(t, "pause", vm.PauseVM(t.Context(), setup.Cluster, vm.Namespace, vm.Name, provider.PauseOptions{}))
	vm.WaitStatus(t, domain.StatusPaused)
}

func shutDown(t *testing.T, vm *setup.VM) {
	vm.WaitRunning(t)
	vm.Annotate(t, nodesim.KnobShutdown, "true")
	vm.Wait(t, "shut down", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusStopped && vm.Instance == domain.InstanceFinal
	})
}

func unschedulable(t *testing.T, vm *setup.VM) {
	vm.Wait(t, "unschedulable", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusFailed && vm.Reason == domain.ReasonUnschedulable
	})
}

// powerState is what a write that is no power verb must leave alone.
type powerState struct {
	Strategy   domain.RunStrategy
	Status     domain.VMStatus
	Instance   domain.InstanceState
	InstanceID string
	Node       string
}

func powerStateOf(vm *domain.VM) powerState {
	return powerState{vm.RunStrategy, vm.Status, vm.Instance, vm.InstanceID, vm.Node}
}

// TestUpdateLeavesPower also covers the run strategies of a VM that was started and stopped, which virt-api owns then.
func TestUpdateLeavesPower(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for name, c := range powerStates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := setup.Spec("vm-"+slug(name), c.strategy)
			spec.Annotations = c.annotate
			vm := site.Create(t, spec)
			c.bring(t, vm)
			vm.Settled(t)
			before := vm.Get(t)
			setup.Diff(t, "strategy in this state", c.want, before.RunStrategy)

			for _, change := range []domain.VMChange{label("a", "1"), label("a", "2"), {Labels: map[string]*string{"a": nil}}} {
				after, applied, err := update(t, vm, change)
				setup.Must(t, "update", err)
				setup.Diff(t, "applied", domain.AppliedLive, applied)
				setup.Diff(t, "power as the update says", powerStateOf(before), powerStateOf(after))
			}
			vm.Settled(t)
			after := vm.Get(t)
			setup.Diff(t, "power after the updates", powerStateOf(before), powerStateOf(after))
			setup.Diff(t, "generation: nothing of what was asked for has changed", before.Generation, after.Generation)
		})
	}
}

// TestUpdateRacesPower: a stop, or a start, that comes between the update's read and its apply must not be undone.
func TestUpdateRacesPower(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	other := setup.New(t, site.Namespace)
	vm := site.Running(t, setup.Spec("vm", domain.RunStrategyAlways))
	site.Requests.BeforeWrite(func() {
		setup.Must(t, "stop meanwhile", other.StopVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.StopOptions{}))
	})
	_, _, err := update(t, vm, label("a", "1"))
	setup.Must(t, "update", err)
	after := vm.WaitStopped(t)
	setup.Diff(t, "strategy", domain.RunStrategyHalted, after.RunStrategy)
	setup.Diff(t, "label", "1", after.Labels["a"])

	site.Requests.BeforeWrite(func() {
		setup.Must(t, "start meanwhile", other.StartVM(t.Context(), setup.Cluster, site.Namespace, "vm", provider.StartOptions{}))
	})
	_, _, err = update(t, vm, label("a", "2"))
	setup.Must(t, "update", err)
	after = vm.WaitRunning(t)
	setup.Diff(t, "strategy", domain.RunStrategyAlways, after.RunStrategy)
	setup.Diff(t, "label", "2", after.Labels["a"])
}

// TestConcurrentUpdates: disjoint changes made at the same time all survive.
func TestConcurrentUpdates(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyHalted, domain.RunStrategyAlways} {
		vm := site.Create(t, setup.Spec("vm-"+lower(strategy), strategy)) // not settled: the controller writes as well
		const writers = 8
		var wait sync.WaitGroup
		errs := make([]error, writers)
		for n := range writers {
			wait.Go(func() { _, _, errs[n] = update(t, vm, label(fmt.Sprint("writer-", n), "was-here")) })
		}
		wait.Wait()
		labels := vm.Get(t).Labels
		for n := range writers {
			setup.Code(t, fmt.Sprintf("%s: update %d", strategy, n), "", errs[n])
			setup.Diff(t, fmt.Sprintf("%s: label of writer %d", strategy, n), "was-here", labels[fmt.Sprint("writer-", n)])
		}
	}
}
