package provider

import (
	"context"
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// PowerReader is what the Ensure functions need.
type PowerReader interface {
	VMReader
	Power
}

// EnsureRunning makes sure that a VM runs, or is on its way to: it starts one that is off, unpauses one that is paused,
// and does nothing about one that runs or that its run strategy starts by itself. It returns when the change is
// requested; compose it with [WaitVM]. A VM that is still shutting down is TRANSITION_IN_PROGRESS: try again later.
func EnsureRunning(ctx context.Context, p PowerReader, cluster, namespace, name string, opts StartOptions) error {
	vm, err := ensureTarget(ctx, p, cluster, namespace, name, opts.UID)
	if err != nil {
		return err
	}
	if vm.Instance == domain.InstanceLive && vm.Paused && staysUp(vm) && !opts.Paused {
		err := p.UnpauseVM(ctx, cluster, namespace, name, UnpauseOptions{UID: vm.UID, DryRun: opts.DryRun})
		return except(err, domain.CodeVMNotPaused)
	}
	if willRun(vm) {
		return nil
	}
	opts.UID = vm.UID
	return except(ensureStart(ctx, p, vm, opts), domain.CodeVMAlreadyRunning)
}

// ensureStart starts a VM. A failed instance that is not replaced is on its way out, and in nobody's way then.
func ensureStart(ctx context.Context, p Power, vm *domain.VM, opts StartOptions) error {
	err := p.StartVM(ctx, vm.Cluster, vm.Namespace, vm.Name, opts)
	if errors.Is(err, domain.CodeInstanceFailed) {
		return domain.E(domain.CodeTransitionInProgress, vm.Ref().Params(), err)
	}
	return err
}

// willRun says whether the VM runs, or will without another request.
func willRun(vm *domain.VM) bool {
	if vm.Deleting {
		return false
	}
	switch domain.Decide(domain.VerbStart, vm.Situation()) {
	case domain.CodeVMAlreadyRunning:
		return true
	case domain.CodeInstanceFailed: // it is replaced, unless its end was wanted
		return vm.Status != domain.StatusStopped
	case domain.CodeStartNotSupported: // Always will; Once will unless its one instance has ended
		return vm.RunStrategy == domain.RunStrategyAlways || vm.Instance == domain.InstanceNone
	default:
		return false
	}
}

// staysUp says whether nothing that was asked for ends the live instance. With run strategy Once, the controller does not
// serve what is queued.
func staysUp(vm *domain.VM) bool {
	queued := vm.ChangeQueued && vm.RunStrategy != domain.RunStrategyOnce
	return !vm.StopPending && !queued && vm.RunStrategy != domain.RunStrategyHalted
}

// EnsureStopped makes sure that a VM is off, or on its way to. It returns when the change is requested. A VM that is about
// to start, and that cannot be stopped before it has, is TRANSITION_IN_PROGRESS: try again later.
func EnsureStopped(ctx context.Context, p PowerReader, cluster, namespace, name string, opts StopOptions) error {
	vm, err := ensureTarget(ctx, p, cluster, namespace, name, opts.UID)
	if err != nil {
		return err
	}
	switch domain.Decide(domain.VerbStop, vm.Situation()) {
	case domain.CodeVMDeleting:
		return nil // it goes off, and away
	case domain.CodeVMNotRunning, domain.CodeTransitionInProgress:
		if startsAgain(vm) {
			return domain.E(domain.CodeTransitionInProgress, vm.Ref().Params(), nil)
		}
		if opts.GracePeriod == nil {
			return nil
		}
	}
	opts.UID = vm.UID
	if err := p.StopVM(ctx, cluster, namespace, name, opts); err != nil {
		return except(err, domain.CodeVMNotRunning, domain.CodeTransitionInProgress)
	}
	if startsAgain(vm) { // what is queued may outlive the stop
		return domain.E(domain.CodeTransitionInProgress, vm.Ref().Params(), nil)
	}
	return nil
}

// startsAgain says whether a start is to come that a stop would not, or could not, take back.
func startsAgain(vm *domain.VM) bool {
	reruns := vm.RunStrategy == domain.RunStrategyRerunOnFailure
	switch {
	case vm.RunStrategy == domain.RunStrategyAlways, vm.RunStrategy == domain.RunStrategyOnce:
		return vm.ChangeQueued // a stop makes them Halted, and a start that is queued makes that Always
	case vm.Instance == domain.InstanceStarting, vm.Instance == domain.InstanceLive:
		return vm.ChangeQueued && vm.RunStrategy == domain.RunStrategyHalted // the others queue the stop in its place
	case vm.Status == domain.StatusStopped:
		return false
	case vm.Status == domain.StatusPending, vm.Status == domain.StatusStarting:
		return true
	case vm.Status == domain.StatusFailed:
		return vm.ChangeQueued || reruns && vm.Reason.SelfHealing()
	default: // not looked at yet, or its disks are being made
		return vm.ChangeQueued || reruns
	}
}

// EnsurePaused makes sure that a VM is paused, or on its way to: one that is off is started paused. A VM that is
// starting or shutting down is TRANSITION_IN_PROGRESS: try again later.
func EnsurePaused(ctx context.Context, p PowerReader, cluster, namespace, name string, opts PauseOptions) error {
	vm, err := ensureTarget(ctx, p, cluster, namespace, name, opts.UID)
	if err != nil {
		return err
	}
	switch {
	case vm.Instance == domain.InstanceLive && !staysUp(vm), vm.Instance != domain.InstanceLive && willRun(vm):
		return domain.E(domain.CodeTransitionInProgress, vm.Ref().Params(), nil)
	case vm.Paused:
		return nil
	case vm.Instance == domain.InstanceLive:
		opts.UID = vm.UID
		return except(p.PauseVM(ctx, cluster, namespace, name, opts), domain.CodeVMAlreadyPaused)
	}
	return ensureStart(ctx, p, vm, StartOptions{UID: vm.UID, Paused: true, DryRun: opts.DryRun})
}

// EnsureDeleted makes sure that a VM does not exist, or is being deleted. With opts.UID, another VM of that name is no
// error and stays.
func EnsureDeleted(ctx context.Context, w VMWriter, cluster, namespace, name string, opts DeleteOptions) error {
	return except(w.DeleteVM(ctx, cluster, namespace, name, opts), domain.CodeVMNotFound, domain.CodeUIDConflict)
}

func ensureTarget(ctx context.Context, r VMReader, cluster, namespace, name, uid string) (*domain.VM, error) {
	vm, err := r.GetVM(ctx, cluster, namespace, name)
	if err != nil {
		return nil, err
	}
	if uid != "" && vm.UID != uid {
		return nil, domain.E(domain.CodeUIDConflict, vm.Ref().Params(), nil)
	}
	return vm, nil
}

// except returns err unless it has one of the codes.
func except(err error, codes ...domain.Code) error {
	for _, code := range codes {
		if errors.Is(err, code) {
			return nil
		}
	}
	return err
}
