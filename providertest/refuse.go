package providertest

import (
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// refusals say what a provider owes for a capability that it does not have: each verb answers CAPABILITY_UNSUPPORTED with
// its cause, and nothing changes.
var refusals = map[Need]func(*env){
	NeedPower: refuses(map[provider.Op]func(*env) error{
		provider.OpStartVM:   func(e *env) error { return e.start("vm") },
		provider.OpStopVM:    func(e *env) error { return e.stop("vm") },
		provider.OpRestartVM: func(e *env) error { return e.restart("vm") },
	}),
	NeedPause: refuses(map[provider.Op]func(*env) error{
		provider.OpPauseVM:   func(e *env) error { return e.pause("vm") },
		provider.OpUnpauseVM: func(e *env) error { return e.unpause("vm") },
		provider.OpStartVM: func(e *env) error {
			return e.Provider.StartVM(e.ctx, e.cluster, e.ns, "vm", provider.StartOptions{Paused: true})
		},
	}),
	NeedReboot: refuses(map[provider.Op]func(*env) error{
		provider.OpSoftRebootVM: func(e *env) error { return e.softReboot("vm") },
		provider.OpResetVM:      func(e *env) error { return e.reset("vm") },
	}),
	NeedUpdate: refuses(map[provider.Op]func(*env) error{
		provider.OpUpdateVM: func(e *env) error {
			_, _, err := e.update("vm", label("refused", "1"))
			return err
		},
	}),
	NeedApply: refuses(map[provider.Op]func(*env) error{
		provider.OpApplyVM: func(e *env) error {
			_, err := e.Provider.ApplyVM(e.ctx, e.cluster, e.ns, e.spec("new", domain.RunStrategyHalted), provider.ApplyOptions{})
			return err
		},
	}),
	NeedValidate: refuses(map[provider.Op]func(*env) error{
		provider.OpValidateVM: func(e *env) error {
			_, err := e.Provider.ValidateVM(e.ctx, e.cluster, e.ns, e.spec("new", domain.RunStrategyHalted), provider.ValidateOptions{})
			return err
		},
	}),
	NeedDryRun: refuses(map[provider.Op]func(*env) error{
		provider.OpCreateVM: func(e *env) error {
			_, err := e.Provider.CreateVM(e.ctx, e.cluster, e.ns, e.spec("new", domain.RunStrategyHalted), provider.CreateOptions{DryRun: true})
			return err
		},
		provider.OpDeleteVM: func(e *env) error {
			return e.Provider.DeleteVM(e.ctx, e.cluster, e.ns, "vm", provider.DeleteOptions{DryRun: true})
		},
		provider.OpUpdateVM: func(e *env) error {
			_, _, err := e.Provider.UpdateVM(e.ctx, e.cluster, e.ns, "vm", label("refused", "1"), provider.UpdateOptions{DryRun: true})
			return err
		},
		provider.OpApplyVM: func(e *env) error {
			_, err := e.Provider.ApplyVM(e.ctx, e.cluster, e.ns, e.spec("new", domain.RunStrategyHalted), provider.ApplyOptions{DryRun: true})
			return err
		},
		provider.OpStartVM: func(e *env) error {
			return e.Provider.StartVM(e.ctx, e.cluster, e.ns, "vm", provider.StartOptions{DryRun: true})
		},
		provider.OpStopVM: func(e *env) error {
			return e.Provider.StopVM(e.ctx, e.cluster, e.ns, "vm", provider.StopOptions{DryRun: true})
		},
		provider.OpRestartVM: func(e *env) error {
			return e.Provider.RestartVM(e.ctx, e.cluster, e.ns, "vm", provider.RestartOptions{DryRun: true})
		},
		provider.OpPauseVM: func(e *env) error {
			return e.Provider.PauseVM(e.ctx, e.cluster, e.ns, "vm", provider.PauseOptions{DryRun: true})
		},
		provider.OpUnpauseVM: func(e *env) error {
			return e.Provider.UnpauseVM(e.ctx, e.cluster, e.ns, "vm", provider.UnpauseOptions{DryRun: true})
		},
		provider.OpMigrateVM: func(e *env) error {
			_, err := e.Provider.MigrateVM(e.ctx, e.cluster, e.ns, "vm", provider.MigrateOptions{DryRun: true})
			return err
		},
		provider.OpCancelMigration: func(e *env) error {
			return e.Provider.CancelMigration(e.ctx, e.cluster, e.ns, "move", provider.CancelOptions{DryRun: true})
		},
	}),
	NeedIdempotency: refuses(map[provider.Op]func(*env) error{
		provider.OpCreateVM: func(e *env) error {
			_, err := e.Provider.CreateVM(e.ctx, e.cluster, e.ns, e.spec("new", domain.RunStrategyHalted), provider.CreateOptions{IdempotencyKey: "key"})
			return err
		},
	}),
	NeedMigration: refuses(map[provider.Op]func(*env) error{
		provider.OpMigrateVM: func(e *env) error {
			_, err := e.migrate("vm")
			return err
		},
		provider.OpGetMigration: func(e *env) error {
			_, err := e.Provider.GetMigration(e.ctx, e.cluster, e.ns, "move")
			return err
		},
		provider.OpListMigrations: func(e *env) error {
			_, err := e.Provider.ListMigrations(e.ctx, e.cluster, e.ns, "vm", provider.ListOptions{})
			return err
		},
		provider.OpCancelMigration: func(e *env) error {
			return e.Provider.CancelMigration(e.ctx, e.cluster, e.ns, "move", provider.CancelOptions{})
		},
	}),
	NeedInstanceTypes: refuses(map[provider.Op]func(*env) error{
		provider.OpGetInstanceType: func(e *env) error {
			_, err := e.Provider.GetInstanceType(e.ctx, e.cluster, provider.ClusterScope, "small")
			return err
		},
		provider.OpListInstanceTypes: func(e *env) error {
			_, err := e.Provider.ListInstanceTypes(e.ctx, e.cluster, provider.ClusterScope, provider.ListOptions{})
			return err
		},
		provider.OpGetPreference: func(e *env) error {
			_, err := e.Provider.GetPreference(e.ctx, e.cluster, provider.ClusterScope, "linux")
			return err
		},
		provider.OpListPreferences: func(e *env) error {
			_, err := e.Provider.ListPreferences(e.ctx, e.cluster, provider.ClusterScope, provider.ListOptions{})
			return err
		},
	}),
	NeedWatch: refuses(map[provider.Op]func(*env) error{
		provider.OpWatchVMs: func(e *env) error {
			return firstError(e.Provider.WatchVMs(e.ctx, e.cluster, e.ns, provider.WatchOptions{}))
		},
	}),
	NeedManual:   refusesStrategy(domain.RunStrategyManual),
	NeedRerun:    refusesStrategy(domain.RunStrategyRerunOnFailure),
	NeedOnce:     refusesStrategy(domain.RunStrategyOnce),
	NeedReceiver: refusesStrategy(domain.RunStrategyWaitAsReceiver),
}

// refuses calls verbs, on a VM that is there and names that are not, and looks at all VMs before and after.
func refuses(verbs map[provider.Op]func(*env) error) func(*env) {
	return func(e *env) {
		e.halted("vm")
		before := e.list(provider.ListOptions{}).Items
		for op, call := range verbs {
			err := call(e)
			e.unsupported(op, err)
		}
		e.sameVMs("VMs after the refused calls", before, e.list(provider.ListOptions{}).Items)
	}
}

// unsupported finds fault with anything but CAPABILITY_UNSUPPORTED and its cause.
func (e *env) unsupported(op provider.Op, err error) {
	if !e.kind(op, err, domain.KindUnsupported) {
		return
	}
	e.holds(errors.Is(err, errors.ErrUnsupported), "%s: errors.ErrUnsupported does not hold", op)
	own, ok := errors.AsType[*domain.Error](err)
	e.holds(ok && own.Params[domain.ParamCause] != "", "%s: no param cause in %v", op, err)
}

// refusesStrategy asks for a VM of a strategy that the provider has not. It may call the spec invalid as well.
func refusesStrategy(strategy domain.RunStrategy) func(*env) {
	return func(e *env) {
		_, err := e.Provider.CreateVM(e.ctx, e.cluster, e.ns, e.spec("vm", strategy), provider.CreateOptions{})
		if kind := domain.KindOf(err); kind != domain.KindUnsupported && kind != domain.KindInvalidArgument {
			e.Errorf("create with run strategy %s: got %v, want kind UNSUPPORTED or INVALID_ARGUMENT", strategy, err)
		}
		e.same("VMs stored", 0, len(e.list(provider.ListOptions{}).Items))
	}
}

// sameVMs finds fault with VMs that were written: another set of them, another UID or revision.
func (e *env) sameVMs(what string, want, got []*domain.VM) {
	type written struct{ Name, UID, Revision string }
	strip := func(vms []*domain.VM) []written {
		var out []written
		for _, vm := range vms {
			out = append(out, written{vm.Namespace + "/" + vm.Name, vm.UID, vm.Revision})
		}
		return out
	}
	e.same(what, strip(want), strip(got))
}
