package providertest

import (
	"context"
	"errors"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var crudMutants = slices.Concat(createMutants, intentMutants, specMutants, dryRunMutants, dryVerbMutants, validateMutants, placeMutants,
	sharingMutants, updateMutants, ownershipMutants, appliedMutants, deleteMutants, fieldMutants)

var createMutants = []mutant{
	{"create returns no UID", answering(provider.OpCreateVM, func(_ *provider.Call, vm *domain.VM) *domain.VM {
		vm.UID = ""
		return vm
	})},
	{"create returns no revision", answering(provider.OpCreateVM, func(_ *provider.Call, vm *domain.VM) *domain.VM {
		vm.Revision = ""
		return vm
	})},
	{"apply that makes a VM returns it without its namespace", answering(provider.OpApplyVM, func(_ *provider.Call, vm *domain.VM) *domain.VM {
		vm.Namespace = ""
		return vm
	})},
	{"create of a name that is taken returns the VM that has it", recovering(provider.OpCreateVM, domain.CodeVMAlreadyExists, found)},
	{"create of a name that is taken writes its labels into the VM that has it", func(b Backend) provider.Hook {
		return only(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if spec, ok := call.Input.(domain.VMSpec); ok && domain.CodeOf(err) == domain.CodeVMAlreadyExists {
				return errors.Join(err, relabel(ctx, b.Provider, call.Ref, spec.Labels))
			}
			return err
		})
	}},
	{"apply takes over whatever VM has the name", recovering(provider.OpApplyVM, domain.CodeVMAlreadyExists, appliedToAny)},
	{"apply with a UID does not compare it", recovering(provider.OpApplyVM, domain.CodeUIDConflict, appliedToAny)},
	{"apply with a UID makes a VM that is gone anew", recovering(provider.OpApplyVM, domain.CodeVMNotFound,
		func(ctx context.Context, p provider.Provider, call *provider.Call) (any, error) {
			spec, _ := call.Input.(domain.VMSpec)
			return p.ApplyVM(ctx, call.Ref.Cluster, call.Ref.Namespace, spec, provider.ApplyOptions{})
		})},
}

var intentMutants = []mutant{
	{"the idempotency key is not kept", asking(provider.OpCreateVM, func(_ *provider.Call, opts provider.CreateOptions) provider.CreateOptions {
		opts.IdempotencyKey = ""
		return opts
	})},
	{"the idempotency key decides, whatever the spec", recovering(provider.OpCreateVM, domain.CodeIdempotencyConflict, found)},
	{"the hash of a spec leaves its annotations out", on(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		opts, _ := call.Options.(provider.CreateOptions)
		if spec, ok := call.Input.(domain.VMSpec); ok && opts.IdempotencyKey != "" {
			spec.Annotations = nil
			call.Input = spec
		}
		return next(ctx)
	})},
	{"a repeated create writes its labels again", func(b Backend) provider.Hook {
		return only(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			_, missing := b.Provider.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
			err := next(ctx)
			if spec, ok := call.Input.(domain.VMSpec); ok && err == nil && missing == nil {
				return relabel(ctx, b.Provider, call.Ref, spec.Labels)
			}
			return err
		})
	}},
}

var specMutants = []mutant{
	{"a spec without a run strategy is one of Halted", telling(provider.OpCreateVM, func(spec *domain.VMSpec) {
		if spec.RunStrategy == "" {
			spec.RunStrategy = domain.RunStrategyHalted
		}
	})},
	{"apply without a run strategy is one of Halted", telling(provider.OpApplyVM, func(spec *domain.VMSpec) {
		if spec.RunStrategy == "" {
			spec.RunStrategy = domain.RunStrategyHalted
		}
	})},
	{"VMs are made with the legacy field", seeing(func(vm *domain.VM) { vm.LegacyRunning = true })},
	{"INVALID_SPEC names no field", spoiling(domain.CodeInvalidSpec, func(e *domain.Error) { e.Fields = nil })},
	{"INVALID_SPEC names the first field only", spoiling(domain.CodeInvalidSpec, func(e *domain.Error) { e.Fields = e.Fields[:1] })},
	{"labels that are none are left out in silence", telling(provider.OpCreateVM, func(spec *domain.VMSpec) { delete(spec.Labels, "no key!") })},
	{"apply does not look at annotations", telling(provider.OpApplyVM, func(spec *domain.VMSpec) { delete(spec.Annotations, "no key!") })},
	{"an invalid change is INTERNAL", on(provider.OpUpdateVM, mistaking(domain.CodeInvalidSpec, domain.CodeInternal))},
}

var dryRunMutants = []mutant{
	{"a dry run of create stores", asking(provider.OpCreateVM, func(_ *provider.Call, opts provider.CreateOptions) provider.CreateOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of update stores", asking(provider.OpUpdateVM, func(_ *provider.Call, opts provider.UpdateOptions) provider.UpdateOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of apply stores", asking(provider.OpApplyVM, func(_ *provider.Call, opts provider.ApplyOptions) provider.ApplyOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of delete deletes", asking(provider.OpDeleteVM, func(_ *provider.Call, opts provider.DeleteOptions) provider.DeleteOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of create asks nobody", on(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if opts, ok := call.Options.(provider.CreateOptions); ok && opts.DryRun {
			call.Result = &domain.VM{Cluster: call.Ref.Cluster, Namespace: call.Ref.Namespace, Name: call.Ref.Name, RunStrategy: domain.RunStrategyAlways}
			return nil
		}
		return next(ctx)
	})},
	{"a dry run of delete does not compare the UID", asking(provider.OpDeleteVM, func(_ *provider.Call, opts provider.DeleteOptions) provider.DeleteOptions {
		if opts.DryRun {
			opts.UID = ""
		}
		return opts
	})},
	{"a dry run of update shows the VM as it is", func(b Backend) provider.Hook {
		return only(provider.OpUpdateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if opts, ok := call.Options.(provider.UpdateOptions); ok && opts.DryRun && err == nil {
				vm, err := b.Provider.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
				call.Result = provider.UpdateResult{VM: vm, Applied: domain.AppliedLive}
				return err
			}
			return err
		})
	}},
}

var validateMutants = []mutant{
	{"validate of an invalid spec is an error", on(provider.OpValidateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if answer, ok := call.Result.(domain.Validation); ok && err == nil && answer.Code == domain.CodeInvalidSpec {
			return domain.Invalid(answer.Fields...)
		}
		return err
	})},
	{"validate says that a spec is good when nobody could be asked", on(provider.OpValidateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if domain.CodeOf(err) == domain.CodeClusterUnreachable {
			call.Result = domain.Validation{Valid: true}
			return nil
		}
		return err
	})},
	{"validate looks at the spec alone", answering(provider.OpValidateVM, func(_ *provider.Call, answer domain.Validation) domain.Validation {
		if answer.Code == domain.CodeVMAlreadyExists {
			return domain.Validation{Valid: true}
		}
		return answer
	})},
	{"validate does not say what is wrong", answering(provider.OpValidateVM, func(_ *provider.Call, answer domain.Validation) domain.Validation {
		answer.Fields = nil
		return answer
	})},
	{"validate makes the VM", func(b Backend) provider.Hook {
		return only(provider.OpValidateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if spec, ok := call.Input.(domain.VMSpec); ok && err == nil {
				_, _ = b.Provider.CreateVM(ctx, call.Ref.Cluster, call.Ref.Namespace, spec, provider.CreateOptions{})
			}
			return err
		})
	}},
}
