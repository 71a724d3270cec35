package providertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var migrationMutants = []mutant{
	{"migrate returns before naming the job", answering(provider.OpMigrateVM, func(call *provider.Call, m *domain.Migration) *domain.Migration {
		opts, _ := call.Options.(provider.MigrateOptions)
		m.Name = opts.Name
		return m
	})},
	{"a migration that is asked for again by its name gets another name", func(Backend) provider.Hook {
		begun := map[string]bool{}
		return only(provider.OpMigrateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			opts, _ := call.Options.(provider.MigrateOptions)
			if opts.Name != "" && begun[opts.Name] {
				opts.Name += "-again"
				call.Options = opts
			}
			begun[opts.Name] = true
			return next(ctx)
		})
	}},
	{"a migration has the VM restarted on the other node", ofVMs(func(vm *domain.VM) {
		if vm.Migration != nil && vm.Migration.Completed && !vm.Migration.Failed {
			vm.InstanceID += "-new"
		}
	})},
	{"a VM that has moved is shown where it was", ofVMs(func(vm *domain.VM) {
		if vm.Migration != nil {
			vm.Node = vm.Migration.SourceNode
		}
	})},
	{"migrate of a VM that is off is passed through as the instance's 404", on(provider.OpMigrateVM, mistaking(domain.CodeVMNotRunning, domain.CodeVMNotFound))},
	{"migrate of a missing VM is VM_NOT_RUNNING", on(provider.OpMigrateVM, mistaking(domain.CodeVMNotFound, domain.CodeVMNotRunning))},
	{"a refusal of the migration's webhook is INTERNAL", on(provider.OpMigrateVM, mistaking(domain.CodeNotMigratable, domain.CodeInternal))},
	{"NOT_MIGRATABLE does not say why", withoutParam(provider.OpMigrateVM, domain.ParamReason)},
	{"a second migrate is passed through as the server's 500", on(provider.OpMigrateVM, mistaking(domain.CodeMigrationInProgress, domain.CodeInternal))},
	{"MIGRATION_IN_PROGRESS does not name the active one", withoutParam(provider.OpMigrateVM, domain.ParamMigration)},
	{"a second migrate takes the place of the first", func(b Backend) provider.Hook {
		return only(provider.OpMigrateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if e, ok := errors.AsType[*domain.Error](err); ok && e.Code == domain.CodeMigrationInProgress {
				_ = b.Provider.CancelMigration(ctx, call.Ref.Cluster, call.Ref.Namespace, e.Params[domain.ParamMigration], provider.CancelOptions{})
			}
			return err
		})
	}},
	{"cancel is accepted and forgotten", on(provider.OpCancelMigration, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		opts, _ := call.Options.(provider.CancelOptions)
		opts.DryRun = true
		call.Options = opts
		return next(ctx)
	})},
	{"cancel ignores the UID precondition", asking(provider.OpCancelMigration, func(_ *provider.Call, opts provider.CancelOptions) provider.CancelOptions {
		opts.UID = ""
		return opts
	})},
	{"cancel of a migration that has ended deletes its record and says nothing", forgiving(provider.OpCancelMigration, domain.CodeOperationNotActive)},
	{"cancel of an unknown migration is no error", forgiving(provider.OpCancelMigration, domain.CodeMigrationNotFound)},
	{"cancel kills the instance", func(b Backend) provider.Hook {
		return only(provider.OpCancelMigration, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			m, _ := b.Provider.GetMigration(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
			err := next(ctx)
			if err == nil {
				now := time.Duration(0)
				return b.Provider.RestartVM(ctx, call.Ref.Cluster, call.Ref.Namespace, m.VMName, provider.RestartOptions{GracePeriod: &now})
			}
			return err
		})
	}},
	{"a migration that prepares its target is PENDING again", ofMigrations(func(m *domain.Migration) {
		if m.RawPhase == "TargetReady" {
			m.Phase = domain.PhasePending
		}
	})},
	{"a migration is SUCCEEDED as soon as its target is ready", func(Backend) provider.Hook {
		return only(provider.OpGetMigration, rewriting(func(m *domain.Migration) {
			if m.RawPhase == "TargetReady" {
				m.Phase, m.RawPhase = domain.PhaseSucceeded, "Succeeded"
			}
		}))
	}},
	{"a migration that succeeded is FAILED after a second look", func(Backend) provider.Hook {
		looks := 0
		return only(provider.OpGetMigration, rewriting(func(m *domain.Migration) {
			if m.Phase == domain.PhaseSucceeded {
				if looks++; looks > 2 {
					m.Phase = domain.PhaseFailed
				}
			}
		}))
	}},
	{"a phase that is not known has no word", ofMigrations(func(m *domain.Migration) {
		if m.RawPhase == "Scheduled" {
			m.Phase = ""
		}
	})},
	{"the list of migrations leaves the phase out", listingMigrations(func(_ *provider.Call, items []*domain.Migration) []*domain.Migration {
		for _, m := range items {
			m.Phase = ""
		}
		return items
	})},
	{"the list of migrations leaves their state out", listingMigrations(func(_ *provider.Call, items []*domain.Migration) []*domain.Migration {
		for _, m := range items {
			m.State = domain.MigrationState{}
		}
		return items
	})},
	{"a forgotten migration is FAILED", func(b Backend) provider.Hook {
		known := map[string]*domain.Migration{}
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if m, ok := call.Result.(*domain.Migration); ok && err == nil {
				known[m.Name] = m
			}
			if m := known[call.Ref.Name]; call.Op == provider.OpGetMigration && domain.CodeOf(err) == domain.CodeMigrationNotFound && m != nil {
				failed := *m
				failed.Phase = domain.PhaseFailed
				call.Result = &failed
				return nil
			}
			return err
		}
	}},
	{"the VM goes on telling of its first migration", func(Backend) provider.Hook {
		var first *domain.MigrationState
		return only(provider.OpGetVM, rewriting(func(vm *domain.VM) {
			if first == nil && vm.Migration != nil && vm.Migration.Completed {
				first = vm.Migration
			}
			if first != nil {
				vm.Migration = first
			}
		}))
	}},
	{"the VM forgets its migration when that ends", ofVMs(func(vm *domain.VM) {
		if vm.Migration != nil && vm.Migration.Completed {
			vm.Migration = nil
		}
	})},
	{"the list of migrations is the namespace's", func(b Backend) provider.Hook {
		return only(provider.OpListMigrations, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if err := next(ctx); err != nil {
				return err
			}
			page, _ := call.Result.(*domain.MigrationList)
			vms, err := b.Provider.ListVMs(ctx, call.Ref.Cluster, call.Ref.Namespace, provider.ListOptions{})
			for _, vm := range vms.Items {
				if vm.Name != call.Ref.Name {
					others, _ := b.Provider.ListMigrations(ctx, call.Ref.Cluster, call.Ref.Namespace, vm.Name, provider.ListOptions{})
					page.Items = append(page.Items, others.Items...)
				}
			}
			return err
		})
	}},
	{"the list of migrations has the oldest first", listingMigrations(func(_ *provider.Call, items []*domain.Migration) []*domain.Migration {
		slices.Reverse(items)
		return items
	})},
	{"the list of migrations has the active one last", listingMigrations(func(_ *provider.Call, items []*domain.Migration) []*domain.Migration {
		slices.SortStableFunc(items, func(a, b *domain.Migration) int {
			return map[bool]int{true: -1, false: 1}[a.Phase.Ended()] - map[bool]int{true: -1, false: 1}[b.Phase.Ended()]
		})
		return items
	})},
	{"the list of migrations ignores the limit", asking(provider.OpListMigrations, withoutLimit)},
	{"a migration that waits for a node has failed", ofMigrations(func(m *domain.Migration) {
		if !m.Phase.Ended() && m.State.TargetNode == "" && time.Since(m.CreatedAt) > time.Second {
			m.Phase = domain.PhaseFailed
		}
	})},
	{"a migration that waits says nothing", ofMigrations(func(m *domain.Migration) {
		if m.State.TargetNode == "" {
			m.RawPhase, m.Message = "", ""
		}
	})},
	{"a VM whose migration waits for a node is MIGRATING", ofVMs(func(vm *domain.VM) {
		if vm.MigrationInFlight && !vm.Migrating && time.Since(vm.StartedAt) > time.Second {
			vm.Status = domain.StatusMigrating
		}
	})},
}

// rewriting changes what a verb answers.
func rewriting[T any](change func(*T)) provider.Hook {
	return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if answer, ok := call.Result.(*T); ok && err == nil {
			change(answer)
		}
		return err
	}
}

// ofVMs changes what is read of single VMs.
func ofVMs(change func(*domain.VM)) func(Backend) provider.Hook {
	return on(provider.OpGetVM, rewriting(change))
}

// ofMigrations changes every migration that is answered, by whichever verb.
func ofMigrations(change func(*domain.Migration)) func(Backend) provider.Hook {
	one, many := rewriting(change), rewriting(func(page *domain.MigrationList) {
		for _, m := range page.Items {
			change(m)
		}
	})
	return func(Backend) provider.Hook {
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if call.Op == provider.OpListMigrations {
				return many(ctx, call, next)
			}
			return one(ctx, call, next)
		}
	}
}

// listingMigrations changes the items of a page of migrations.
func listingMigrations(change func(*provider.Call, []*domain.Migration) []*domain.Migration) func(Backend) provider.Hook {
	return answering(provider.OpListMigrations, func(call *provider.Call, page *domain.MigrationList) *domain.MigrationList {
		page.Items = change(call, page.Items)
		return page
	})
}

// mistaking answers one code of a verb where another belongs.
func mistaking(of, code domain.Code) provider.Hook {
	return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if domain.CodeOf(err) == of {
			return recoded(err, code)
		}
		return err
	}
}

// withoutParam leaves a param out of the errors of a verb.
func withoutParam(op provider.Op, param string) func(Backend) provider.Hook {
	return on(op, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		own, ok := errors.AsType[*domain.Error](err)
		if !ok {
			return err
		}
		other := *own
		other.Params = maps.Clone(own.Params)
		delete(other.Params, param)
		return &other
	})
}
