package providertest

import (
	"context"
	"maps"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var placeMutants = []mutant{
	{"a missing VM is INTERNAL", instead(domain.CodeVMNotFound, domain.CodeInternal)},
	{"an unknown cluster is a missing VM", instead(domain.CodeClusterNotFound, domain.CodeVMNotFound)},
	{"CLUSTER_NOT_FOUND does not name the cluster", spoiling(domain.CodeClusterNotFound, func(e *domain.Error) { delete(e.Params, domain.ParamCluster) })},
	{"names that are none are sent to the server", func(b Backend) provider.Hook {
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeInvalidName {
				_, _ = b.Provider.GetVM(ctx, "east-1", "default", "name")
			}
			return err
		}
	}},
	{"an empty name is that of a VM which is missing", func(Backend) provider.Hook {
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeInvalidName && call.Ref.Name == "" && call.Op == provider.OpPauseVM {
				return recoded(err, domain.CodeVMNotFound)
			}
			return err
		}
	}},
	{"list asks the first cluster, whichever is named", func(b Backend) provider.Hook {
		return only(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if opts, ok := call.Options.(provider.ListOptions); ok && err == nil {
				call.Result, err = b.Provider.ListVMs(ctx, "east-1", call.Ref.Namespace, opts)
			}
			return err
		})
	}},
	{"an update goes to every cluster", func(b Backend) provider.Hook {
		return only(provider.OpUpdateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if change, ok := call.Input.(domain.VMChange); ok && err == nil && call.Ref.Cluster == "east-1" {
				_, _, _ = b.Provider.UpdateVM(ctx, "west-1", call.Ref.Namespace, call.Ref.Name, change, provider.UpdateOptions{})
			}
			return err
		})
	}},
	{"a delete goes to every cluster", func(b Backend) provider.Hook {
		return only(provider.OpDeleteVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if err == nil && call.Ref.Cluster == "east-1" {
				_ = b.Provider.DeleteVM(ctx, "west-1", call.Ref.Namespace, call.Ref.Name, provider.DeleteOptions{})
			}
			return err
		})
	}},
}

var sharingMutants = []mutant{
	{"get hands out what it keeps", keeping(provider.OpGetVM)},
	{"list hands out what it keeps", keeping(provider.OpListVMs)},
	{"create hands out what it stores", keeping(provider.OpCreateVM)},
	{"update hands out what it stores", keeping(provider.OpUpdateVM)},
	{"apply hands out what it stores", keeping(provider.OpApplyVM)},
	{"create stores the caller's map", retaining(provider.OpCreateVM)},
	{"apply stores the caller's map", retaining(provider.OpApplyVM)},
	{"update stores the caller's values", func(Backend) provider.Hook {
		var kept notes[domain.VMChange]
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if change, ok := call.Input.(domain.VMChange); ok && err == nil {
				kept.set(call.Ref, change)
			}
			rewritten(call, func(vm *domain.VM) {
				change, _ := kept.of(vm.Ref())
				if call.Op == provider.OpApplyVM {
					kept.set(vm.Ref(), domain.VMChange{})
				} else if change.MemoryBytes != nil {
					vm.Memory.Bytes = *change.MemoryBytes
				}
			})
			return err
		}
	}},
	{"create writes the identity into the caller's labels", on(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if spec, ok := call.Input.(domain.VMSpec); ok && spec.Labels != nil {
			maps.Copy(spec.Labels, domain.Identity{ManagedBy: domain.ManagedBy}.Labels(""))
		}
		return err
	})},
	{"update writes the disks' defaults into the caller's list", on(provider.OpUpdateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if change, ok := call.Input.(domain.VMChange); ok {
			for n := range change.SetDisks {
				change.SetDisks[n].Bus = "virtio"
			}
		}
		return next(ctx)
	})},
}
