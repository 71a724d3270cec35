package providertest

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var dryVerbMutants = []mutant{
	{"a dry run of start starts", asking(provider.OpStartVM, func(_ *provider.Call, opts provider.StartOptions) provider.StartOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of stop stops", asking(provider.OpStopVM, func(_ *provider.Call, opts provider.StopOptions) provider.StopOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of restart restarts", asking(provider.OpRestartVM, func(_ *provider.Call, opts provider.RestartOptions) provider.RestartOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of pause pauses", asking(provider.OpPauseVM, func(_ *provider.Call, opts provider.PauseOptions) provider.PauseOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of unpause unpauses", asking(provider.OpUnpauseVM, func(_ *provider.Call, opts provider.UnpauseOptions) provider.UnpauseOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of migrate migrates", asking(provider.OpMigrateVM, func(_ *provider.Call, opts provider.MigrateOptions) provider.MigrateOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of reset resets", asking(provider.OpResetVM, func(_ *provider.Call, opts provider.ResetOptions) provider.ResetOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of update does not compare the revision", asking(provider.OpUpdateVM, func(_ *provider.Call, opts provider.UpdateOptions) provider.UpdateOptions {
		if opts.DryRun {
			opts.Revision = ""
		}
		return opts
	})},
	{"a dry run of delete does not compare the revision", asking(provider.OpDeleteVM, func(_ *provider.Call, opts provider.DeleteOptions) provider.DeleteOptions {
		if opts.DryRun {
			opts.Revision = ""
		}
		return opts
	})},
	{"a dry run of update is forced", asking(provider.OpUpdateVM, func(_ *provider.Call, opts provider.UpdateOptions) provider.UpdateOptions {
		opts.Force = opts.Force || opts.DryRun
		return opts
	})},
	{"a dry run of apply is forced", asking(provider.OpApplyVM, func(_ *provider.Call, opts provider.ApplyOptions) provider.ApplyOptions {
		opts.Force = opts.Force || opts.DryRun
		return opts
	})},
	{"a dry run of create does not look up instance types", on(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if opts, ok := call.Options.(provider.CreateOptions); ok && opts.DryRun && domain.CodeOf(err) == domain.CodeInstanceTypeNotFound {
			call.Result = &domain.VM{Cluster: call.Ref.Cluster, Namespace: call.Ref.Namespace, Name: call.Ref.Name}
			return nil
		}
		return err
	})},
}
