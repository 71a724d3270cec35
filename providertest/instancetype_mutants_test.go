package providertest

import (
	"context"
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var instanceTypeMutants = []mutant{
	{"the list of a namespace's instance types has the cluster's as well", func(b Backend) provider.Hook {
		return only(provider.OpListInstanceTypes, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			opts, _ := call.Options.(provider.ListOptions)
			if page, ok := call.Result.(*domain.InstanceTypeList); ok && err == nil && call.Ref.Namespace != provider.ClusterScope && page.Continue == "" {
				opts.Limit, opts.Continue = 0, ""
				whole, _ := b.Provider.ListInstanceTypes(ctx, call.Ref.Cluster, provider.ClusterScope, opts)
				page.Items = append(page.Items, whole.Items...)
			}
			return err
		})
	}},
	{"the list of instance types ignores the limit", asking(provider.OpListInstanceTypes, withoutLimit)},
	{"the list of instance types ignores the selector", asking(provider.OpListInstanceTypes, func(_ *provider.Call, opts provider.ListOptions) provider.ListOptions {
		opts.LabelSelector = ""
		return opts
	})},
	{"the first page of instance types is the last", answering(provider.OpListInstanceTypes, func(_ *provider.Call, page *domain.InstanceTypeList) *domain.InstanceTypeList {
		page.Continue = ""
		return page
	})},
	{"an instance type of the cluster has a namespace", on(provider.OpGetInstanceType, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if t, ok := call.Result.(*domain.InstanceType); ok && err == nil && t.Namespace == "" {
			t.Namespace = provider.ClusterScope
		}
		return err
	})},
	{"get of an instance type falls back to the cluster's", func(b Backend) provider.Hook {
		return only(provider.OpGetInstanceType, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeInstanceTypeNotFound {
				call.Result, err = b.Provider.GetInstanceType(ctx, call.Ref.Cluster, provider.ClusterScope, call.Ref.Name)
			}
			return err
		})
	}},
	{"an unknown instance type is nothing rather than an error", on(provider.OpGetInstanceType, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if domain.CodeOf(err) == domain.CodeInstanceTypeNotFound {
			call.Result = (*domain.InstanceType)(nil)
			return nil
		}
		return err
	})},
	{"an unknown preference is an unknown instance type", on(provider.OpGetPreference, mistaking(domain.CodePreferenceNotFound, domain.CodeInstanceTypeNotFound))},
	{"the list of preferences ignores the limit", asking(provider.OpListPreferences, withoutLimit)},
	{"the list of the cluster's preferences is empty", answering(provider.OpListPreferences, func(call *provider.Call, page *domain.PreferenceList) *domain.PreferenceList {
		if call.Ref.Namespace == provider.ClusterScope {
			return &domain.PreferenceList{}
		}
		return page
	})},
	{"memory beside an instance type is dropped in silence", ofSpecs(func(spec *domain.VMSpec) {
		if spec.InstanceType != nil {
			spec.MemoryBytes = 0
		}
	})},
	{"CPU beside an instance type is dropped in silence", ofSpecs(func(spec *domain.VMSpec) {
		if spec.InstanceType != nil {
			spec.CPU = domain.CPU{}
		}
	})},
	{"what contradicts an instance type is not named", on(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		spec, _ := call.Input.(domain.VMSpec)
		if own, ok := errors.AsType[*domain.Error](err); ok && own.Code == domain.CodeInvalidSpec && spec.InstanceType != nil {
			other := *own
			other.Fields = nil
			return &other
		}
		return err
	})},
	{"a VM with an unknown instance type is taken and never starts", storing(domain.CodeInstanceTypeNotFound, nil)},
	{"a VM with an unknown preference is stored and then refused", storing(domain.CodePreferenceNotFound, domain.CodePreferenceNotFound)},
	{"an unknown instance type is INVALID_SPEC", on(provider.OpCreateVM, mistaking(domain.CodeInstanceTypeNotFound, domain.CodeInvalidSpec))},
	{"a stopped VM with an instance type has zero, as asked for", ofVMs(func(vm *domain.VM) {
		if vm.CPU.Source == domain.SourceUnknown {
			vm.CPU.Source, vm.Memory.Source = domain.SourceSpec, domain.SourceSpec
		}
	})},
	{"a running VM with an instance type tells nothing of its size", ofVMs(func(vm *domain.VM) {
		if vm.InstanceType != nil {
			vm.CPU, vm.Memory = domain.CPU{}, domain.Memory{}
		}
	})},
	{"the size of an instance is said to be the spec's", ofVMs(func(vm *domain.VM) {
		if vm.InstanceType != nil && vm.Memory.Source == domain.SourceInstance {
			vm.Memory.Source = domain.SourceSpec
		}
	})},
	{"a running VM with an instance type has no size in the list", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		for _, vm := range page.Items {
			if vm.InstanceType != nil {
				vm.CPU, vm.Memory = domain.CPU{}, domain.Memory{}
			}
		}
		return page
	})},
}

func withoutLimit(_ *provider.Call, opts provider.ListOptions) provider.ListOptions {
	opts.Limit = min(opts.Limit, 0)
	return opts
}

// ofSpecs changes the specs of which VMs are made.
func ofSpecs(change func(*domain.VMSpec)) func(Backend) provider.Hook {
	return on(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if spec, ok := call.Input.(domain.VMSpec); ok {
			change(&spec)
			call.Input = spec
		}
		return next(ctx)
	})
}

// storing stores a VM that is refused with a code, and answers what it is told to.
func storing(refused domain.Code, answer error) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		return only(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			spec, ok := call.Input.(domain.VMSpec)
			if !ok || domain.CodeOf(err) != refused {
				return err
			}
			spec.InstanceType, spec.Preference, spec.MemoryBytes = nil, nil, typeMemory
			call.Result, err = b.Provider.CreateVM(ctx, call.Ref.Cluster, call.Ref.Namespace, spec, provider.CreateOptions{})
			if err != nil {
				return err
			}
			return answer
		})
	}
}
