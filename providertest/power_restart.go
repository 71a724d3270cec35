package providertest

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var restartChecks = []check{
	{
		id:    "POW-16",
		why:   "restart of a VM that runs settles RUNNING with another instance; the VM's UID and run strategy stay",
		needs: need(NeedPower),
		run: func(e *env) {
			running := e.allRun(domain.RunStrategyAlways, domain.RunStrategyManual, domain.RunStrategyRerunOnFailure)
			for strategy := range running {
				e.must("restart of "+string(strategy), e.restart(nameOf(strategy)))
			}
			for strategy, before := range running {
				after := e.runsAnew(before)
				e.same(string(strategy)+" after the restart: UID", before.UID, after.UID)
				e.same(string(strategy)+" after the restart: run strategy", strategy, after.RunStrategy)
			}
		},
	},
	{
		id:    "POW-17",
		why:   "restart of a VM that is off is VM_NOT_RUNNING, that of a Once VM STRATEGY_FORBIDS, and neither changes anything",
		needs: need(NeedPower),
		run: func(e *env) {
			refused := map[*domain.VM]domain.Code{e.halted("halted"): domain.CodeVMNotRunning}
			if e.takes(domain.RunStrategyManual) {
				refused[e.stopped(e.spec("manual", domain.RunStrategyManual))] = domain.CodeVMNotRunning
			}
			if e.takes(domain.RunStrategyOnce) {
				refused[e.runs(e.spec("once", domain.RunStrategyOnce))] = domain.CodeStrategyForbids
			}
			for vm, code := range refused {
				e.code("restart of "+vm.Name, e.restart(vm.Name), code)
				e.samePower("restart of "+vm.Name, vm)
			}
		},
	},
	{
		id:    "POW-18",
		why:   "restart takes no grace period but zero: any other is INVALID_OPTION and changes nothing",
		needs: need(NeedPower),
		run: func(e *env) {
			before := e.running("vm")
			within := func(grace time.Duration) error {
				return e.Provider.RestartVM(e.ctx, e.cluster, e.ns, "vm", provider.RestartOptions{GracePeriod: &grace})
			}
			e.unwritten("the refused restarts", "vm", func() {
				for _, grace := range []time.Duration{time.Second, -time.Second, time.Hour, time.Nanosecond} {
					e.code("restart within "+grace.String(), within(grace), domain.CodeInvalidOption)
				}
			})
			e.samePower("the refused restarts", before)
			e.must("restart at once", within(0))
			e.runsAnew(before)
		},
	},
}

// runsAnew waits until another instance of the VM runs.
func (e *env) runsAnew(before *domain.VM) *domain.VM {
	return e.until(before.Name, "RUNNING with another instance", func(vm *domain.VM) bool {
		return vm.Status == domain.StatusRunning && !vm.ChangeQueued && !vm.StopPending &&
			vm.InstanceID != "" && vm.InstanceID != before.InstanceID
	})
}
