package providertest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Ways to break what a provider does with the power of VMs, and what it says of them.

// rewritten rewrites every VM that a call returns.
func rewritten(call *provider.Call, rewrite func(*domain.VM)) {
	switch result := call.Result.(type) {
	case *domain.VM:
		rewrite(result)
	case provider.UpdateResult:
		if result.VM != nil {
			rewrite(result.VM)
		}
	case *domain.VMList:
		for _, vm := range result.Items {
			rewrite(vm)
		}
	}
}

// seeing rewrites every VM that is read.
func seeing(rewrite func(vm *domain.VM)) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			rewritten(call, rewrite)
			return err
		}
	}
}

// notes are what a provider remembers of VMs where it should ask.
type notes[T any] struct {
	mu   sync.Mutex
	byVM map[domain.Ref]T
}

func (n *notes[T]) set(ref domain.Ref, value T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byVM == nil {
		n.byVM = map[domain.Ref]T{}
	}
	ref.UID = ""
	n.byVM[ref] = value
}

func (n *notes[T]) of(ref domain.Ref) (value T, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	ref.UID = ""
	value, ok = n.byVM[ref]
	return value, ok
}

// after rewrites every read of a VM for which a verb has succeeded.
func after(op provider.Op, rewrite func(vm *domain.VM)) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		var done notes[bool]
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if err == nil && call.Op == op {
				done.set(call.Ref, true)
			}
			rewritten(call, func(vm *domain.VM) {
				if is, _ := done.of(vm.Ref()); is {
					rewrite(vm)
				}
			})
			return err
		}
	}
}

// refusing answers a code where the VM, as it is, is wrongly taken for a reason.
func refusing(op provider.Op, code domain.Code, reason func(*domain.VM, *provider.Call) bool) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		return only(op, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			vm, err := b.Provider.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
			if err == nil && reason(vm, call) {
				return &domain.Error{Code: code, Op: op, Params: call.Ref.Params()}
			}
			return next(ctx)
		})
	}
}

// recoding answers one code where another belongs, for some verbs.
func recoding(of, code domain.Code, ops ...provider.Op) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == of && slices.Contains(ops, call.Op) {
				return recoded(err, code)
			}
			return err
		}
	}
}

// calling does something else in place of a verb, once that would be taken.
func calling(op provider.Op, other func(ctx context.Context, p provider.Provider, ref domain.Ref) error) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		return only(op, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			call.Options = dryRun(call.Options)
			if err := next(ctx); err != nil {
				return err
			}
			return other(ctx, b.Provider, call.Ref)
		})
	}
}

// dryRun are the same options of a call that is only to be asked for.
func dryRun(options any) any {
	switch opts := options.(type) {
	case provider.StartOptions:
		opts.DryRun = true
		return opts
	case provider.RestartOptions:
		opts.DryRun = true
		return opts
	case provider.UnpauseOptions:
		opts.DryRun = true
		return opts
	default:
		return options
	}
}

// startsOnPaper notes that a VM was started, and has no instance made.
func startsOnPaper(Backend) provider.Hook {
	var started notes[bool]
	return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if call.Op == provider.OpStartVM {
			call.Options = dryRun(call.Options)
		}
		err := next(ctx)
		if call.Op == provider.OpStartVM && err == nil {
			started.set(call.Ref, true)
		}
		rewritten(call, func(vm *domain.VM) {
			if is, _ := started.of(vm.Ref()); is {
				vm.Status = domain.StatusRunning
			}
		})
		return err
	}
}

// saysFirst says of VMs that were made with a run strategy that they have it, whatever became of it.
func saysFirst(strategy domain.RunStrategy) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		var first notes[domain.RunStrategy]
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			rewritten(call, func(vm *domain.VM) {
				if call.Op == provider.OpCreateVM {
					first.set(vm.Ref(), vm.RunStrategy)
				}
				if was, _ := first.of(vm.Ref()); was == strategy {
					vm.RunStrategy = was
				}
			})
			return err
		}
	}
}

// sendsStrategyAgain has an update or apply send a run strategy from before, which starts and stops VMs.
func sendsStrategyAgain(op provider.Op) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		var first notes[domain.RunStrategy]
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			rewritten(call, func(vm *domain.VM) {
				switch call.Op {
				case provider.OpCreateVM:
					first.set(vm.Ref(), vm.RunStrategy)
				case op:
					was, _ := first.of(vm.Ref())
					err = errors.Join(err, sendStrategy(ctx, b.Provider, vm, was))
				}
			})
			return err
		}
	}
}

func sendStrategy(ctx context.Context, p provider.Provider, vm *domain.VM, strategy domain.RunStrategy) error {
	halted := domain.RunStrategyHalted
	switch {
	case vm.RunStrategy == halted && strategy == domain.RunStrategyAlways:
		return p.StartVM(ctx, vm.Cluster, vm.Namespace, vm.Name, provider.StartOptions{})
	case vm.RunStrategy == domain.RunStrategyAlways && strategy == halted:
		return p.StopVM(ctx, vm.Cluster, vm.Namespace, vm.Name, provider.StopOptions{})
	default:
		return nil
	}
}

// staysFailed takes FAILED for the end of a VM.
func staysFailed(Backend) provider.Hook {
	var failed notes[domain.Reason]
	return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		rewritten(call, func(vm *domain.VM) {
			if vm.Status == domain.StatusFailed {
				failed.set(vm.Ref(), vm.Reason)
			}
			if reason, is := failed.of(vm.Ref()); is {
				vm.Status, vm.Reason = domain.StatusFailed, reason
			}
		})
		return err
	}
}
