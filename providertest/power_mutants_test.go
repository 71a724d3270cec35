package providertest

import (
	"context"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var powerMutants = slices.Concat(startMutants, stopMutants, restartMutants, pauseMutants, keepMutants, tableMutants, statusMutants)

var startMutants = []mutant{
	{"start sets the status and makes no instance", startsOnPaper},
	{"start of a VM that runs is no error", forgiving(provider.OpStartVM, domain.CodeVMAlreadyRunning)},
	{"start of a VM that starts by itself is VM_ALREADY_RUNNING", instead(domain.CodeStartNotSupported, domain.CodeVMAlreadyRunning)},
	{"start of a VM whose failed instance is replaced anyway is no error", forgiving(provider.OpStartVM, domain.CodeInstanceFailed)},
	{"a Manual VM that was started is Always", after(provider.OpStartVM, func(vm *domain.VM) {
		if vm.RunStrategy == domain.RunStrategyManual {
			vm.RunStrategy = domain.RunStrategyAlways
		}
	})},
	{"a request behind another is INTERNAL", instead(domain.CodeTransitionInProgress, domain.CodeInternal)},
	{"start loses its option Paused", asking(provider.OpStartVM, func(_ *provider.Call, opts provider.StartOptions) provider.StartOptions {
		opts.Paused = false
		return opts
	})},
	{"start does not ask whether volumes need a repair", forgiving(provider.OpStartVM, domain.CodeManualRecoveryRequired)},
	{"start of a receiver succeeds and does nothing", forgiving(provider.OpStartVM, domain.CodeReceiverStrategy)},
	{"stop of a receiver succeeds and does nothing", forgiving(provider.OpStopVM, domain.CodeReceiverStrategy)},
}

var stopMutants = []mutant{
	{"a Manual VM that was stopped is Halted", after(provider.OpStopVM, func(vm *domain.VM) {
		if vm.RunStrategy == domain.RunStrategyManual {
			vm.RunStrategy = domain.RunStrategyHalted
		}
	})},
	{"a Once VM that was stopped is Once", saysFirst(domain.RunStrategyOnce)},
	{"an Always VM that was stopped is Always", saysFirst(domain.RunStrategyAlways)},
	{"stop of a VM that is off is no error", forgiving(provider.OpStopVM, domain.CodeVMNotRunning)},
	{"stop looks for an instance first, whatever the strategy", refusing(provider.OpStopVM, domain.CodeVMNotRunning, func(vm *domain.VM, _ *provider.Call) bool {
		return vm.Instance == domain.InstanceNone
	})},
	{"stop of a VM that is being stopped is no error", forgiving(provider.OpStopVM, domain.CodeTransitionInProgress)},
	{"stop loses its grace period", asking(provider.OpStopVM, func(_ *provider.Call, opts provider.StopOptions) provider.StopOptions {
		opts.GracePeriod = nil
		return opts
	})},
	{"stop with a shorter grace period than that under way is TRANSITION_IN_PROGRESS", refusing(provider.OpStopVM, domain.CodeTransitionInProgress,
		func(vm *domain.VM, _ *provider.Call) bool { return vm.Status == domain.StatusStopping })},
	{"stop of a paused VM is VM_ALREADY_PAUSED", refusing(provider.OpStopVM, domain.CodeVMAlreadyPaused,
		func(vm *domain.VM, _ *provider.Call) bool { return vm.Paused })},
	{"a VM that was paused once says so when it is off", after(provider.OpPauseVM, func(vm *domain.VM) {
		vm.Paused = vm.Paused || vm.Status == domain.StatusStopped
	})},
}

var restartMutants = []mutant{
	{"restart resets the guest and keeps the instance", calling(provider.OpRestartVM, func(ctx context.Context, p provider.Provider, ref domain.Ref) error {
		return p.ResetVM(ctx, ref.Cluster, ref.Namespace, ref.Name, provider.ResetOptions{})
	})},
	{"restart of a VM that is off is no error", forgiving(provider.OpRestartVM, domain.CodeVMNotRunning)},
	{"restart of a Once VM is no error", forgiving(provider.OpRestartVM, domain.CodeStrategyForbids)},
	{"restart forgets its grace period, whatever it is", asking(provider.OpRestartVM, func(_ *provider.Call, opts provider.RestartOptions) provider.RestartOptions {
		opts.GracePeriod = nil
		return opts
	})},
	{"restart refuses every grace period", refusing(provider.OpRestartVM, domain.CodeInvalidOption, func(_ *domain.VM, call *provider.Call) bool {
		opts, ok := call.Options.(provider.RestartOptions)
		return ok && opts.GracePeriod != nil
	})},
}

var pauseMutants = []mutant{
	{"pause leaves the VM STOPPED", seeing(func(vm *domain.VM) {
		if vm.Status == domain.StatusPaused {
			vm.Status, vm.Reason = domain.StatusStopped, ""
		}
	})},
	{"pause of a paused VM is no error", forgiving(provider.OpPauseVM, domain.CodeVMAlreadyPaused)},
	{"unpause of a VM that runs is no error", forgiving(provider.OpUnpauseVM, domain.CodeVMNotPaused)},
	{"unpause is done by a restart", calling(provider.OpUnpauseVM, func(ctx context.Context, p provider.Provider, ref domain.Ref) error {
		return p.RestartVM(ctx, ref.Cluster, ref.Namespace, ref.Name, provider.RestartOptions{})
	})},
	{"the 404 for the instance of a VM that is off is handed on", recoding(domain.CodeVMNotRunning, domain.CodeVMNotFound,
		provider.OpPauseVM, provider.OpUnpauseVM)},
	{"soft reboot of a missing VM is VM_NOT_RUNNING", recoding(domain.CodeVMNotFound, domain.CodeVMNotRunning, provider.OpSoftRebootVM)},
	{"the 403 for a liveness probe is handed on", recoding(domain.CodeProbeForbidsPause, domain.CodePermissionDenied, provider.OpPauseVM)},
	{"unpause does not ask for snapshots", forgiving(provider.OpUnpauseVM, domain.CodeSnapshotInProgress)},
}

var keepMutants = []mutant{
	{"update sends the run strategy of the create again", sendsStrategyAgain(provider.OpUpdateVM)},
	{"apply sends the run strategy of its spec", sendsStrategyAgain(provider.OpApplyVM)},
}

var tableMutants = []mutant{
	{"a restore is not seen", seeing(func(vm *domain.VM) { vm.Restoring = false })},
	{"a delete that was accepted is not seen", seeing(func(vm *domain.VM) { vm.Deleting = false })},
	{"a migration that waits is not seen", seeing(func(vm *domain.VM) { vm.MigrationInFlight = vm.Migrating })},
	{"an instance that cannot migrate is not seen", seeing(func(vm *domain.VM) { vm.LiveMigratable = domain.FactUnknown })},
	{"soft reboot without guest agent and ACPI is no error", forgiving(provider.OpSoftRebootVM, domain.CodeNoGuestAgent)},
	{"reset of a paused VM is refused", refusing(provider.OpResetVM, domain.CodeVMAlreadyPaused,
		func(vm *domain.VM, _ *provider.Call) bool { return vm.Paused })},
	{"update of a VM that is being deleted is no error", forgiving(provider.OpUpdateVM, domain.CodeVMDeleting)},
}

var statusMutants = []mutant{
	{"a VM that nobody has looked at is STOPPED", seeing(func(vm *domain.VM) {
		if vm.Status == domain.StatusUnobserved {
			vm.Status = domain.StatusStopped
		}
	})},
	{"a VM that nobody has looked at is PENDING", seeing(func(vm *domain.VM) {
		if vm.Status == domain.StatusUnobserved {
			vm.Status = domain.StatusPending
		}
	})},
	{"a word of a newer KubeVirt is STOPPED", seeing(func(vm *domain.VM) {
		if vm.Status == domain.StatusUnknown {
			vm.Status = domain.StatusStopped
		}
	})},
	{"a word of a newer KubeVirt is lost", seeing(func(vm *domain.VM) {
		if vm.Status == domain.StatusUnknown {
			vm.RawStatus = ""
		}
	})},
	{"one word of the seventeen is not known", seeing(func(vm *domain.VM) {
		if vm.RawStatus == "ImagePullBackOff" {
			vm.Status, vm.Reason = domain.StatusUnknown, ""
		}
	})},
	{"a paused VM that migrates is PAUSED", seeing(func(vm *domain.VM) {
		if vm.Status == domain.StatusMigrating && vm.Paused {
			vm.Status = domain.StatusPaused
		}
	})},
	{"a VM that migrates is never paused", seeing(func(vm *domain.VM) { vm.Paused = vm.Paused && !vm.Migrating })},
	{"the scheduler's words are lost", seeing(func(vm *domain.VM) {
		if vm.Reason == domain.ReasonUnschedulable {
			vm.Message = ""
		}
	})},
	{"a VM whose claim is missing is PROVISIONING", seeing(func(vm *domain.VM) {
		if vm.Reason == domain.ReasonMissingClaim && vm.RunStrategy == domain.RunStrategyAlways {
			vm.Status, vm.Reason = domain.StatusProvisioning, ""
		}
	})},
	{"a VM whose image cannot be pulled is STARTING", seeing(func(vm *domain.VM) {
		if vm.Reason == domain.ReasonImagePull && vm.RunStrategy == domain.RunStrategyAlways {
			vm.Status, vm.Reason = domain.StatusStarting, ""
		}
	})},
	{"a VM that is FAILED stays so", staysFailed},
	{"failed starts are not counted", seeing(func(vm *domain.VM) { vm.StartFailure = nil })},
	{"the next start is not told", seeing(func(vm *domain.VM) {
		if vm.StartFailure != nil {
			vm.StartFailure.RetryAfter = vm.StartFailure.RetryAfter.AddDate(-1, 0, 0)
		}
	})},
}
