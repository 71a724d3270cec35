package provider

import (
	"context"
	"iter"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// One method for each of Provider, all alike: wrap.go does the work.

var _ Provider = (*wrapped)(nil)

func at(cluster, namespace, name string) domain.Ref {
	return domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
}

func (w *wrapped) GetVM(ctx context.Context, cluster, namespace, name string) (*domain.VM, error) {
	return readCall(ctx, w, OpGetVM, at(cluster, namespace, name), w.p.GetVM)
}

func (w *wrapped) ListVMs(ctx context.Context, cluster, namespace string, opts ListOptions) (*domain.VMList, error) {
	return listCall(ctx, w, OpListVMs, at(cluster, namespace, ""), opts, w.p.ListVMs)
}

func (w *wrapped) WatchVMs(ctx context.Context, cluster, namespace string, opts WatchOptions) iter.Seq2[domain.Event[*domain.VM], error] {
	return streamCall(ctx, w, OpWatchVMs, at(cluster, namespace, ""), opts, w.p.WatchVMs)
}

func (w *wrapped) CreateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts CreateOptions) (*domain.VM, error) {
	return inputCall(ctx, w, OpCreateVM, at(cluster, namespace, spec.Name), spec, opts,
		func(ctx context.Context, spec domain.VMSpec, opts CreateOptions) (*domain.VM, error) {
			return w.p.CreateVM(ctx, cluster, namespace, spec, opts)
		})
}

func (w *wrapped) ApplyVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts ApplyOptions) (*domain.VM, error) {
	return inputCall(ctx, w, OpApplyVM, at(cluster, namespace, spec.Name), spec, opts,
		func(ctx context.Context, spec domain.VMSpec, opts ApplyOptions) (*domain.VM, error) {
			return w.p.ApplyVM(ctx, cluster, namespace, spec, opts)
		})
}

func (w *wrapped) UpdateVM(ctx context.Context, cluster, namespace, name string, change domain.VMChange, opts UpdateOptions) (*domain.VM, domain.Applied, error) {
	done, err := inputCall(ctx, w, OpUpdateVM, at(cluster, namespace, name), change, opts,
		func(ctx context.Context, change domain.VMChange, opts UpdateOptions) (UpdateResult, error) {
			vm, applied, err := w.p.UpdateVM(ctx, cluster, namespace, name, change, opts)
			return UpdateResult{vm, applied}, err
		})
	return done.VM, done.Applied, err
}

func (w *wrapped) ValidateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts ValidateOptions) (domain.Validation, error) {
	return inputCall(ctx, w, OpValidateVM, at(cluster, namespace, spec.Name), spec, opts,
		func(ctx context.Context, spec domain.VMSpec, opts ValidateOptions) (domain.Validation, error) {
			return w.p.ValidateVM(ctx, cluster, namespace, spec, opts)
		})
}

func (w *wrapped) DeleteVM(ctx context.Context, cluster, namespace, name string, opts DeleteOptions) error {
	return verbCall(ctx, w, OpDeleteVM, at(cluster, namespace, name), opts, w.p.DeleteVM)
}

func (w *wrapped) StartVM(ctx context.Context, cluster, namespace, name string, opts StartOptions) error {
	return verbCall(ctx, w, OpStartVM, at(cluster, namespace, name), opts, w.p.StartVM)
}

func (w *wrapped) StopVM(ctx context.Context, cluster, namespace, name string, opts StopOptions) error {
	return verbCall(ctx, w, OpStopVM, at(cluster, namespace, name), opts, w.p.StopVM)
}

func (w *wrapped) RestartVM(ctx context.Context, cluster, namespace, name string, opts RestartOptions) error {
	return verbCall(ctx, w, OpRestartVM, at(cluster, namespace, name), opts, w.p.RestartVM)
}

func (w *wrapped) PauseVM(ctx context.Context, cluster, namespace, name string, opts PauseOptions) error {
	return verbCall(ctx, w, OpPauseVM, at(cluster, namespace, name), opts, w.p.PauseVM)
}

func (w *wrapped) UnpauseVM(ctx context.Context, cluster, namespace, name string, opts UnpauseOptions) error {
	return verbCall(ctx, w, OpUnpauseVM, at(cluster, namespace, name), opts, w.p.UnpauseVM)
}

func (w *wrapped) SoftRebootVM(ctx context.Context, cluster, namespace, name string, opts SoftRebootOptions) error {
	return verbCall(ctx, w, OpSoftRebootVM, at(cluster, namespace, name), opts, w.p.SoftRebootVM)
}

func (w *wrapped) ResetVM(ctx context.Context, cluster, namespace, name string, opts ResetOptions) error {
	return verbCall(ctx, w, OpResetVM, at(cluster, namespace, name), opts, w.p.ResetVM)
}

func (w *wrapped) MigrateVM(ctx context.Context, cluster, namespace, name string, opts MigrateOptions) (*domain.Migration, error) {
	return namedCall(ctx, w, OpMigrateVM, at(cluster, namespace, name), opts, w.p.MigrateVM)
}

func (w *wrapped) GetMigration(ctx context.Context, cluster, namespace, name string) (*domain.Migration, error) {
	return readCall(ctx, w, OpGetMigration, at(cluster, namespace, name), w.p.GetMigration)
}

func (w *wrapped) ListMigrations(ctx context.Context, cluster, namespace, vm string, opts ListOptions) (*domain.MigrationList, error) {
	return namedCall(ctx, w, OpListMigrations, at(cluster, namespace, vm), opts, w.p.ListMigrations)
}

func (w *wrapped) CancelMigration(ctx context.Context, cluster, namespace, name string, opts CancelOptions) error {
	return verbCall(ctx, w, OpCancelMigration, at(cluster, namespace, name), opts, w.p.CancelMigration)
}

func (w *wrapped) GetInstanceType(ctx context.Context, cluster, namespace, name string) (*domain.InstanceType, error) {
	return readCall(ctx, w, OpGetInstanceType, at(cluster, namespace, name), w.p.GetInstanceType)
}

func (w *wrapped) ListInstanceTypes(ctx context.Context, cluster, namespace string, opts ListOptions) (*domain.InstanceTypeList, error) {
	return listCall(ctx, w, OpListInstanceTypes, at(cluster, namespace, ""), opts, w.p.ListInstanceTypes)
}

func (w *wrapped) GetPreference(ctx context.Context, cluster, namespace, name string) (*domain.Preference, error) {
	return readCall(ctx, w, OpGetPreference, at(cluster, namespace, name), w.p.GetPreference)
}

func (w *wrapped) ListPreferences(ctx context.Context, cluster, namespace string, opts ListOptions) (*domain.PreferenceList, error) {
	return listCall(ctx, w, OpListPreferences, at(cluster, namespace, ""), opts, w.p.ListPreferences)
}
