package providertest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var contextMutants = slices.Concat(endMutants, waitMutants)

var endMutants = []mutant{
	{"a call does not look at its context before it begins", func(Backend) provider.Hook {
		return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			if ctx.Err() != nil {
				return next(context.WithoutCancel(ctx))
			}
			return next(ctx)
		}
	}},
	{"a pause is sent though its context has ended", on(provider.OpPauseVM, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
		if err := ctx.Err(); err != nil {
			_ = next(context.WithoutCancel(ctx))
			return domain.E(domain.CodeOf(err), nil, err)
		}
		return next(ctx)
	})},
	{"a list that hangs does not hear its context", on(provider.OpListVMs, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
		if ctx.Err() == nil {
			ctx = context.WithoutCancel(ctx)
		}
		return next(ctx)
	})},
	{"a canceled call is an unreachable cluster", instead(domain.CodeCanceled, domain.CodeClusterUnreachable)},
	{"a canceled call returns in its own time", func(Backend) provider.Hook {
		return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeCanceled {
				time.Sleep(5 * time.Second)
			}
			return err
		}
	}},
	{"the caller's deadline is the provider's own limit", instead(domain.CodeDeadlineExceeded, domain.CodeVerbTimeout)},
	{"the provider's own limit is the caller's deadline", instead(domain.CodeVerbTimeout, domain.CodeDeadlineExceeded)},
	{"a call has no limit of its own", func(Backend) provider.Hook {
		return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeVerbTimeout {
				<-ctx.Done()
				return domain.E(domain.CodeOf(ctx.Err()), nil, ctx.Err())
			}
			return err
		}
	}},
}

var waitMutants = []mutant{
	{"a canceled write says nothing of its outcome", unsure(func(err *domain.Error, _ bool) bool {
		return err.OutcomeUnknown && err.Code != domain.CodeCanceled
	})},
	{"a write that was never sent has an unknown outcome", unsure(func(err *domain.Error, ended bool) bool {
		return err.OutcomeUnknown || ended
	})},
	{"a repeated create begins anew", func(b Backend) provider.Hook {
		var mu sync.Mutex
		keys := map[string]bool{}
		return only(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			opts, _ := call.Options.(provider.CreateOptions)
			mu.Lock()
			again := opts.IdempotencyKey != "" && keys[opts.IdempotencyKey]
			keys[opts.IdempotencyKey] = true
			mu.Unlock()
			if at := call.Ref; again && b.Provider.DeleteVM(ctx, at.Cluster, at.Namespace, at.Name, provider.DeleteOptions{}) == nil {
				if err := provider.WaitVMGone(ctx, b.Provider, at.Cluster, at.Namespace, at.Name, provider.WaitOptions{}); err != nil {
					return err
				}
			}
			return next(ctx)
		})
	}},
	{"a create forgets its idempotency key", asking(provider.OpCreateVM, func(_ *provider.Call, opts provider.CreateOptions) provider.CreateOptions {
		opts.IdempotencyKey = ""
		return opts
	})},
	{"who gives up waiting cancels the migration", givingUp(
		func(vm *domain.VM) bool { return vm.MigrationInFlight },
		func(ctx context.Context, p provider.Provider, vm *domain.VM) {
			page, err := p.ListMigrations(ctx, vm.Cluster, vm.Namespace, vm.Name, provider.ListOptions{Limit: 1})
			if err == nil && len(page.Items) > 0 {
				_ = p.CancelMigration(ctx, vm.Cluster, vm.Namespace, page.Items[0].Name, provider.CancelOptions{})
			}
		})},
	{"who gives up waiting stops what starts", givingUp(
		func(vm *domain.VM) bool {
			return vm.Status == domain.StatusUnobserved || vm.Status == domain.StatusStarting
		},
		func(ctx context.Context, p provider.Provider, vm *domain.VM) {
			_ = p.StopVM(ctx, vm.Cluster, vm.Namespace, vm.Name, provider.StopOptions{})
		})},
	{"a canceled call leaves its goroutine behind", func(Backend) provider.Hook {
		return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeCanceled {
				linger()
			}
			return err
		}
	}},
}

// unsure decides anew whether the outcome of a failed write is unknown; ended says that its context had ended before.
func unsure(unknown func(err *domain.Error, ended bool) bool) func(Backend) provider.Hook {
	return on(provider.OpCreateVM, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
		ended := ctx.Err() != nil
		err := next(ctx)
		if own, ok := err.(*domain.Error); ok { //nolint:errorlint // the Mock wraps nothing
			other := *own
			other.OutcomeUnknown = unknown(own, ended)
			return &other
		}
		return err
	})
}

// givingUp does something to a VM that was still under way when it was last read, once the context of that read is
// canceled: as if the wait were the work.
func givingUp(underWay func(*domain.VM) bool, stop func(context.Context, provider.Provider, *domain.VM)) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		var mu sync.Mutex
		forget := func() bool { return true }
		return only(provider.OpGetVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if err := next(ctx); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			forget()
			if vm, ok := call.Result.(*domain.VM); ok && underWay(vm) {
				seen := *vm
				forget = context.AfterFunc(ctx, func() { stop(context.WithoutCancel(ctx), b.Provider, &seen) })
			}
			return nil
		})
	}
}
