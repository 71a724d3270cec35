package providertest

import (
	"context"
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var deleteMutants = []mutant{
	{"delete waits until the VM is gone", func(b Backend) provider.Hook {
		return only(provider.OpDeleteVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if opts, ok := call.Options.(provider.DeleteOptions); ok && err == nil && !opts.DryRun {
				return provider.WaitVMGone(ctx, b.Provider, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name, provider.WaitOptions{})
			}
			return err
		})
	}},
	{"a VM that is being deleted looks as it did", seeing(func(vm *domain.VM) {
		if vm.Status == domain.StatusDeleting {
			vm.Status = domain.StatusRunning
		}
	})},
	{"a VM that is being deleted is not listed", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		page.Items = slices.DeleteFunc(page.Items, func(vm *domain.VM) bool { return vm.Deleting })
		return page
	})},
	{"a second delete is VM_DELETING", refusing(provider.OpDeleteVM, domain.CodeVMDeleting, func(vm *domain.VM, _ *provider.Call) bool { return vm.Deleting })},
	{"a running VM is not deleted", refusing(provider.OpDeleteVM, domain.CodeVMAlreadyRunning, func(vm *domain.VM, _ *provider.Call) bool {
		return vm.Instance == domain.InstanceLive
	})},
	{"delete of a missing VM is no error", forgiving(provider.OpDeleteVM, domain.CodeVMNotFound)},
	{"delete of a missing VM is a conflict", on(provider.OpDeleteVM, mistaking(domain.CodeVMNotFound, domain.CodeRevisionConflict))},
	{"delete does not compare the UID", asking(provider.OpDeleteVM, func(_ *provider.Call, opts provider.DeleteOptions) provider.DeleteOptions {
		opts.UID = ""
		return opts
	})},
	{"delete does not compare the revision", asking(provider.OpDeleteVM, func(_ *provider.Call, opts provider.DeleteOptions) provider.DeleteOptions {
		opts.Revision = ""
		return opts
	})},
	{"delete takes another UID for a lost race", on(provider.OpDeleteVM, mistaking(domain.CodeUIDConflict, domain.CodeRevisionConflict))},
	{"start does not compare the UID", asking(provider.OpStartVM, func(_ *provider.Call, opts provider.StartOptions) provider.StartOptions {
		opts.UID = ""
		return opts
	})},
	{"reset compares the UID after the state", refusing(provider.OpResetVM, domain.CodeVMNotRunning, func(vm *domain.VM, _ *provider.Call) bool {
		return vm.Instance != domain.InstanceLive
	})},
	{"migrate does not compare the UID", asking(provider.OpMigrateVM, func(_ *provider.Call, opts provider.MigrateOptions) provider.MigrateOptions {
		opts.UID = ""
		return opts
	})},
	{"a UID belongs to the name", func(Backend) provider.Hook {
		var first notes[string]
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			rewritten(call, func(vm *domain.VM) {
				uid, known := first.of(vm.Ref())
				if !known {
					uid = vm.UID
					first.set(vm.Ref(), uid)
				}
				vm.UID = uid
			})
			return err
		}
	}},
}

var fieldMutants = []mutant{
	{"bytes are counted in 32 bits", seeing(func(vm *domain.VM) { vm.Memory.Bytes = int64(uint32(vm.Memory.Bytes)) })}, //nolint:gosec // that is the fault
	{"memory is kept in MiB", seeing(func(vm *domain.VM) { vm.Memory.Bytes &^= 1<<20 - 1 })},
	{"the size of a disk is kept in MiB", seeing(func(vm *domain.VM) {
		for n := range vm.Disks {
			vm.Disks[n].Bytes &^= 1<<20 - 1
		}
	})},
	{"thousandths of a core are rounded up", seeing(func(vm *domain.VM) { vm.CPU.Milli = (vm.CPU.Milli + 999) / 1000 * 1000 })},
	{"a topology is read as its product", seeing(func(vm *domain.VM) {
		if vm.Instance == domain.InstanceNone && vm.CPU.Threads > 1 {
			vm.CPU.Sockets, vm.CPU.Cores, vm.CPU.Threads = int32(vm.CPU.VCPUs()), 1, 1 //nolint:gosec // small numbers
		}
	})},
	{"labels without a value are left out", seeing(func(vm *domain.VM) {
		maps.DeleteFunc(vm.Labels, func(_, value string) bool { return value == "" })
	})},
	{"a list knows no annotations", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		for _, vm := range page.Items {
			vm.Annotations = nil
		}
		return page
	})},
	{"the identity is not written", telling(provider.OpCreateVM, func(spec *domain.VMSpec) { spec.Identity = domain.Identity{} })},
	{"the ticket of an identity is not read", seeing(func(vm *domain.VM) { vm.Identity.TicketID = "" })},
	{"the identity is kept beside the labels", seeing(func(vm *domain.VM) {
		for key := range vm.Identity.Labels("") {
			if key != domain.LabelKey("", "managed-by") {
				delete(vm.Labels, key)
			}
		}
	})},
	{"list does not look at its label selector", asking(provider.OpListVMs, func(_ *provider.Call, opts provider.ListOptions) provider.ListOptions {
		opts.LabelSelector = ""
		return opts
	})},
	{"update of the identity is no error", forgivingChange(domain.CodeInvalidSpec)},
	{"update of a VM that never started is refused without a run strategy", refusing(provider.OpUpdateVM, domain.CodeInvalidSpec,
		func(vm *domain.VM, _ *provider.Call) bool { return vm.Status == domain.StatusUnobserved })},
	{"apply starts a VM whose spec says Always", func(b Backend) provider.Hook {
		return only(provider.OpApplyVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			opts, _ := call.Options.(provider.ApplyOptions)
			if spec, ok := call.Input.(domain.VMSpec); ok && err == nil && !opts.DryRun && spec.RunStrategy == domain.RunStrategyAlways {
				_ = b.Provider.StartVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name, provider.StartOptions{})
			}
			return err
		})
	}},
}

// forgivingChange answers the VM as it is where a change is refused.
func forgivingChange(code domain.Code) func(Backend) provider.Hook {
	return recovering(provider.OpUpdateVM, code, func(ctx context.Context, p provider.Provider, call *provider.Call) (any, error) {
		vm, err := p.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
		return provider.UpdateResult{VM: vm, Applied: domain.AppliedLive}, err
	})
}
