package provider

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
)

// WaitOptions tune WaitVM and WaitVMGone. The zero value is ready to use.
type WaitOptions struct {
	// Interval is the first pause between two reads; it doubles up to MaxInterval. Zero means 500 ms and 5 s.
	Interval, MaxInterval time.Duration
	// UID, if given, is the VM that is waited for: another one of the same name ends the wait with VM_NOT_FOUND.
	UID string
	// FailOn lists reasons of status FAILED that end the wait with INSTANCE_FAILED. Without it the wait goes on,
	// since most failures pass by themselves when their cause goes.
	FailOn []domain.Reason
}

// In is a condition for [WaitVM]: the status is one of these.
func In(statuses ...domain.VMStatus) func(*domain.VM) bool {
	return func(vm *domain.VM) bool { return slices.Contains(statuses, vm.Status) }
}

// WaitVM reads the VM until the condition holds and returns what it read then. It looks at states, not at events, so
// that it may begin at any time; but a state that passes between two reads is not seen. Errors that may pass
// (those whose Retryable holds: an unreachable or throttling cluster, a timeout of the provider's) do not end it; a
// missing VM, a refusal and the end of ctx do. Ending the wait cancels nothing on the cluster.
//
// Where r follows the VM's cluster ([VMFollower]) it reads when there is something new, and at least every 30 s, or
// MaxInterval.
func WaitVM(ctx context.Context, r VMReader, cluster, namespace, name string, until func(*domain.VM) bool, opts WaitOptions) (*domain.VM, error) {
	var found *domain.VM
	err := poll(ctx, r, opts, func() (*domain.VM, bool, error) {
		vm, err := r.GetVM(ctx, cluster, namespace, name)
		if err != nil {
			return nil, false, err
		}
		if opts.UID != "" && vm.UID != opts.UID {
			return nil, false, replaced(vm, opts.UID)
		}
		if until(vm) {
			found = vm
			return vm, true, nil
		}
		if vm.Status == domain.StatusFailed && slices.Contains(opts.FailOn, vm.Reason) {
			params := vm.Ref().Params()
			params[domain.ParamReason] = string(vm.Reason)
			return nil, false, domain.E(domain.CodeInstanceFailed, params, nil)
		}
		return vm, false, nil
	})
	return found, err
}

// WaitVMGone waits until the VM does not exist any more, or until its name belongs to another UID than opts.UID.
func WaitVMGone(ctx context.Context, r VMReader, cluster, namespace, name string, opts WaitOptions) error {
	return poll(ctx, r, opts, func() (*domain.VM, bool, error) {
		vm, err := r.GetVM(ctx, cluster, namespace, name)
		if errors.Is(err, domain.CodeVMNotFound) {
			return nil, true, nil
		}
		return vm, err == nil && opts.UID != "" && vm.UID != opts.UID, err
	})
}

func replaced(vm *domain.VM, want string) error {
	params := vm.Ref().Params()
	params[domain.ParamUID] = want
	return domain.E(domain.CodeVMNotFound, params, nil)
}

// followedInterval is how often a VM that is followed is read although nothing new is known of it.
const followedInterval = 30 * time.Second

// poll calls check until it says done or fails for good. It returns the VM that it read, if it did.
func poll(ctx context.Context, r VMReader, opts WaitOptions, check func() (vm *domain.VM, done bool, err error)) error {
	pause := backoff.Backoff{First: opts.Interval, Max: opts.MaxInterval}
	if pause.First <= 0 {
		pause.First = 500 * time.Millisecond
	}
	if pause.Max <= 0 {
		pause.Max = max(5*time.Second, pause.First)
	}
	longest := max(opts.MaxInterval, 0)
	if longest == 0 {
		longest = followedInterval
	}
	for {
		vm, done, err := check()
		if done || err != nil && !passes(err) {
			return err
		}
		if err == nil && news(ctx, r, vm, longest) {
			continue
		}
		var wish time.Duration
		if e, ok := errors.AsType[*domain.Error](err); ok {
			wish = e.RetryAfter
		}
		if err := backoff.Sleep(ctx, max(pause.Next(), wish)); err != nil {
			return domain.E(domain.CodeOf(err), nil, err)
		}
	}
}

// news waits for news of a VM, or until it is to be read anyway. It is false if nobody follows the VM, or ctx ended.
func news(ctx context.Context, r VMReader, vm *domain.VM, longest time.Duration) bool {
	bounded, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	err := awaitVM(bounded, r, vm)
	return err == nil || bounded.Err() != nil && ctx.Err() == nil
}

// passes says whether a failed read is worth another one.
func passes(err error) bool {
	e, ok := errors.AsType[*domain.Error](err)
	return ok && e.Retryable()
}
