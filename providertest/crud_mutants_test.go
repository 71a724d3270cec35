package providertest

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var crudMutants = []mutant{
	{"create returns no UID", answering(provider.OpCreateVM, func(_ *provider.Call, vm *domain.VM) *domain.VM {
		vm.UID = ""
		return vm
	})},
	{"a missing VM is INTERNAL", instead(domain.CodeVMNotFound, domain.CodeInternal)},
	{"update creates a missing VM", func(b Backend) provider.Hook {
		return only(provider.OpUpdateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeVMNotFound {
				vm, err := b.Provider.CreateVM(ctx, call.Ref.Cluster, call.Ref.Namespace,
					domain.VMSpec{Name: call.Ref.Name, RunStrategy: domain.RunStrategyHalted}, provider.CreateOptions{})
				call.Result = provider.UpdateResult{VM: vm, Applied: domain.AppliedLive}
				return err
			}
			return err
		})
	}},
}
