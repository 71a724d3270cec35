package providertest

import (
	"context"
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var updateMutants = []mutant{
	{"update creates a missing VM", recovering(provider.OpUpdateVM, domain.CodeVMNotFound,
		func(ctx context.Context, p provider.Provider, call *provider.Call) (any, error) {
			vm, err := p.CreateVM(ctx, call.Ref.Cluster, call.Ref.Namespace,
				domain.VMSpec{Name: call.Ref.Name, RunStrategy: domain.RunStrategyHalted, MemoryBytes: 128 << 20}, provider.CreateOptions{})
			return provider.UpdateResult{VM: vm, Applied: domain.AppliedLive}, err
		})},
	{"update does not compare the revision", asking(provider.OpUpdateVM, func(_ *provider.Call, opts provider.UpdateOptions) provider.UpdateOptions {
		opts.Revision = ""
		return opts
	})},
	{"a forced update does not compare the revision", asking(provider.OpUpdateVM, func(_ *provider.Call, opts provider.UpdateOptions) provider.UpdateOptions {
		if opts.Force {
			opts.Revision = ""
		}
		return opts
	})},
	{"a forced update does not compare the UID", asking(provider.OpUpdateVM, func(_ *provider.Call, opts provider.UpdateOptions) provider.UpdateOptions {
		if opts.Force {
			opts.UID = ""
		}
		return opts
	})},
	{"an update is made on the VM as this provider saw it last", func(Backend) provider.Hook {
		var seen notes[string]
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if opts, ok := call.Options.(provider.UpdateOptions); ok && opts.Revision == "" {
				opts.Revision, _ = seen.of(call.Ref)
				call.Options = opts
			}
			err := next(ctx)
			if done, ok := call.Result.(provider.UpdateResult); ok && err == nil {
				seen.set(call.Ref, done.VM.Revision)
			}
			return err
		}
	}},
}

var ownershipMutants = []mutant{
	{"update drops a disk that was plugged in", drops(provider.OpUpdateVM, func(vm *domain.VM, _ *provider.Call) domain.VMChange { return plugged(vm) })},
	{"apply drops a disk that was plugged in", drops(provider.OpApplyVM, func(vm *domain.VM, _ *provider.Call) domain.VMChange { return plugged(vm) })},
	{"an update that adds a disk replaces those that were plugged in", drops(provider.OpUpdateVM, func(vm *domain.VM, call *provider.Call) domain.VMChange {
		if change, ok := call.Input.(domain.VMChange); ok && len(change.SetDisks) > 0 {
			return plugged(vm)
		}
		return domain.VMChange{}
	})},
	{"a forced update drops another's label", drops(provider.OpUpdateVM, func(vm *domain.VM, call *provider.Call) domain.VMChange {
		if opts, ok := call.Options.(provider.UpdateOptions); ok && opts.Force && vm.Labels["theirs"] != "" {
			return domain.VMChange{Labels: map[string]*string{"theirs": nil}}
		}
		return domain.VMChange{}
	})},
	{"a forced apply drops another's annotation", drops(provider.OpApplyVM, func(vm *domain.VM, call *provider.Call) domain.VMChange {
		if opts, ok := call.Options.(provider.ApplyOptions); ok && opts.Force && vm.Annotations["example.test/theirs"] != "" {
			return domain.VMChange{Annotations: map[string]*string{"example.test/theirs": nil}}
		}
		return domain.VMChange{}
	})},
	{"apply leaves what the one before set", func(b Backend) provider.Hook {
		return only(provider.OpApplyVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			spec, _ := call.Input.(domain.VMSpec)
			if vm, err := b.Provider.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name); err == nil && vm.Labels["ours"] != "" && spec.Labels["ours"] == "" {
				spec.Labels = maps.Clone(spec.Labels)
				if spec.Labels == nil {
					spec.Labels = map[string]string{}
				}
				spec.Labels["ours"] = vm.Labels["ours"]
				call.Input = spec
			}
			return next(ctx)
		})
	}},
	{"update takes whatever it changes", asking(provider.OpUpdateVM, func(_ *provider.Call, opts provider.UpdateOptions) provider.UpdateOptions {
		opts.Force = true
		return opts
	})},
	{"apply takes whatever it sets", asking(provider.OpApplyVM, func(_ *provider.Call, opts provider.ApplyOptions) provider.ApplyOptions {
		opts.Force = true
		return opts
	})},
	{"update knows no force", asking(provider.OpUpdateVM, func(_ *provider.Call, opts provider.UpdateOptions) provider.UpdateOptions {
		opts.Force = false
		return opts
	})},
	{"FIELD_CONFLICT does not name the manager", spoiling(domain.CodeFieldConflict, func(e *domain.Error) {
		for n := range e.Fields {
			e.Fields[n].Manager = ""
		}
	})},
	{"FIELD_CONFLICT names the first field only", spoiling(domain.CodeFieldConflict, func(e *domain.Error) { e.Fields = e.Fields[:1] })},
	{"FIELD_CONFLICT is taken for a lost race", instead(domain.CodeFieldConflict, domain.CodeRevisionConflict)},
	{"the removal of another's label is left out in silence", func(Backend) provider.Hook {
		return only(provider.OpUpdateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			change, _ := call.Input.(domain.VMChange)
			err := next(ctx)
			if domain.CodeOf(err) != domain.CodeFieldConflict || !slices.Contains(slices.Collect(maps.Values(change.Labels)), nil) {
				return err
			}
			change.Labels = maps.Clone(change.Labels)
			maps.DeleteFunc(change.Labels, func(_ string, value *string) bool { return value == nil })
			call.Input = change
			return next(ctx)
		})
	}},
}

var appliedMutants = []mutant{
	{"every update is said to take effect at once", answering(provider.OpUpdateVM, func(_ *provider.Call, done provider.UpdateResult) provider.UpdateResult {
		done.Applied = domain.AppliedLive
		return done
	})},
	{"nothing is flagged for a restart", seeing(func(vm *domain.VM) { vm.RestartRequired = false })},
	{"a restart that was required is required ever after", func(Backend) provider.Hook {
		var required notes[bool]
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			rewritten(call, func(vm *domain.VM) {
				if was, _ := required.of(vm.Ref()); was || vm.RestartRequired {
					required.set(vm.Ref(), true)
					vm.RestartRequired = true
				}
			})
			return err
		}
	}},
	{"a running VM is shown with the processors that it asks for", func(Backend) provider.Hook {
		var asked notes[domain.CPU]
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if change, ok := call.Input.(domain.VMChange); ok && err == nil && change.CPU != nil {
				asked.set(call.Ref, *change.CPU)
			}
			rewritten(call, func(vm *domain.VM) {
				if cpu, is := asked.of(vm.Ref()); is {
					vm.CPU = cpu
				}
			})
			return err
		}
	}},
	{"a label is said to wait for a restart", answering(provider.OpUpdateVM, func(call *provider.Call, done provider.UpdateResult) provider.UpdateResult {
		if change, ok := call.Input.(domain.VMChange); ok && len(change.Labels) > 0 {
			done.Applied = domain.AppliedRestartRequired
		}
		return done
	})},
}
