package providertest

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var wholeMutants = []mutant{
	{"a cluster that cannot be reached has no VMs", on(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if domain.CodeOf(err) == domain.CodeClusterUnreachable {
			call.Result = &domain.VMList{}
			return nil
		}
		return err
	})},
	{"all clusters have one breaker", func(Backend) provider.Hook {
		var opened atomic.Int64
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if at := opened.Load(); at != 0 && time.Since(time.Unix(0, at)) < time.Minute {
				return domain.E(domain.CodeClusterUnreachable, nil, nil)
			}
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeClusterUnreachable {
				opened.Store(time.Now().UnixNano())
			}
			return err
		}
	}},
	{"a list ignores its cluster", func(b Backend) provider.Hook {
		var first atomic.Value
		return only(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if err := next(ctx); err != nil {
				return err
			}
			first.CompareAndSwap(nil, call.Ref.Cluster)
			cluster, _ := first.Load().(string)
			if cluster == call.Ref.Cluster {
				return nil
			}
			page, err := b.Provider.ListVMs(ctx, cluster, call.Ref.Namespace, optionsOf(call))
			call.Result = page
			return err
		})
	}},
	{"a VM whose instance was not read looks like any other", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		for _, vm := range page.Items {
			vm.Read.InstanceUnread = false
		}
		return page
	})},
	{"VMs that cannot be read are left out", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		page.ItemErrors = nil
		return page
	})},
	{"a VM that cannot be read fails the list", listing(func(_ Backend, _ context.Context, _ *provider.Call, page *domain.VMList, _ bool) (bool, error) {
		if len(page.ItemErrors) > 0 {
			return false, page.ItemErrors[0].Err
		}
		return false, nil
	})},
	{"a list reads the next page ahead", listing(func(b Backend, ctx context.Context, call *provider.Call, page *domain.VMList, _ bool) (bool, error) {
		if opts := optionsOf(call); page.Continue != "" {
			opts.Continue = page.Continue
			go func() { _, _ = b.Provider.ListVMs(ctx, call.Ref.Cluster, call.Ref.Namespace, opts) }()
		}
		return false, nil
	})},
	{"a list leaves a goroutine behind", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		linger()
		return page
	})},
}

// linger starts a goroutine that nobody ends.
func linger() { go time.Sleep(30 * time.Minute) }
