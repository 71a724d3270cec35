package provider

import (
	"context"
	"iter"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Unimplemented answers every method with CAPABILITY_UNSUPPORTED, cause not_implemented. Embed it by value in an
// implementation, so that it still compiles when Provider grows.
type Unimplemented struct{}

var _ Provider = Unimplemented{}

// unsupported is the one answer of Unimplemented.
func unsupported(op Op, cluster, namespace, name string) error {
	params := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}.Params()
	params[domain.ParamCause] = "not_implemented"
	return &domain.Error{Code: domain.CodeCapabilityUnsupported, Op: op, Params: params}
}

// GetVM implements VMReader.
func (Unimplemented) GetVM(_ context.Context, cluster, namespace, name string) (*domain.VM, error) {
	return nil, unsupported(OpGetVM, cluster, namespace, name)
}

// ListVMs implements VMReader.
func (Unimplemented) ListVMs(_ context.Context, cluster, namespace string, _ ListOptions) (*domain.VMList, error) {
	return nil, unsupported(OpListVMs, cluster, namespace, "")
}

// WatchVMs implements VMWatcher: a stream of one error.
func (Unimplemented) WatchVMs(_ context.Context, cluster, namespace string, _ WatchOptions) iter.Seq2[domain.Event[*domain.VM], error] {
	return func(yield func(domain.Event[*domain.VM], error) bool) {
		yield(domain.Event[*domain.VM]{}, unsupported(OpWatchVMs, cluster, namespace, ""))
	}
}

// CreateVM implements VMWriter.
func (Unimplemented) CreateVM(_ context.Context, cluster, namespace string, spec domain.VMSpec, _ CreateOptions) (*domain.VM, error) {
	return nil, unsupported(OpCreateVM, cluster, namespace, spec.Name)
}

// ApplyVM implements VMWriter.
func (Unimplemented) ApplyVM(_ context.Context, cluster, namespace string, spec domain.VMSpec, _ ApplyOptions) (*domain.VM, error) {
	return nil, unsupported(OpApplyVM, cluster, namespace, spec.Name)
}

// UpdateVM implements VMWriter.
func (Unimplemented) UpdateVM(_ context.Context, cluster, namespace, name string, _ domain.VMChange, _ UpdateOptions) (*domain.VM, domain.Applied, error) {
	return nil, "", unsupported(OpUpdateVM, cluster, namespace, name)
}

// ValidateVM implements VMWriter.
func (Unimplemented) ValidateVM(_ context.Context, cluster, namespace string, spec domain.VMSpec, _ ValidateOptions) (domain.Validation, error) {
	return domain.Validation{}, unsupported(OpValidateVM, cluster, namespace, spec.Name)
}

// DeleteVM implements VMWriter.
func (Unimplemented) DeleteVM(_ context.Context, cluster, namespace, name string, _ DeleteOptions) error {
	return unsupported(OpDeleteVM, cluster, namespace, name)
}

// StartVM implements Power.
func (Unimplemented) StartVM(_ context.Context, cluster, namespace, name string, _ StartOptions) error {
	return unsupported(OpStartVM, cluster, namespace, name)
}

// StopVM implements Power.
func (Unimplemented) StopVM(_ context.Context, cluster, namespace, name string, _ StopOptions) error {
	return unsupported(OpStopVM, cluster, namespace, name)
}

// RestartVM implements Power.
func (Unimplemented) RestartVM(_ context.Context, cluster, namespace, name string, _ RestartOptions) error {
	return unsupported(OpRestartVM, cluster, namespace, name)
}

// PauseVM implements Power.
func (Unimplemented) PauseVM(_ context.Context, cluster, namespace, name string, _ PauseOptions) error {
	return unsupported(OpPauseVM, cluster, namespace, name)
}

// UnpauseVM implements Power.
func (Unimplemented) UnpauseVM(_ context.Context, cluster, namespace, name string, _ UnpauseOptions) error {
	return unsupported(OpUnpauseVM, cluster, namespace, name)
}

// SoftRebootVM implements Rebooter.
func (Unimplemented) SoftRebootVM(_ context.Context, cluster, namespace, name string, _ SoftRebootOptions) error {
	return unsupported(OpSoftRebootVM, cluster, namespace, name)
}

// ResetVM implements Rebooter.
func (Unimplemented) ResetVM(_ context.Context, cluster, namespace, name string, _ ResetOptions) error {
	return unsupported(OpResetVM, cluster, namespace, name)
}

// MigrateVM implements Migrator.
func (Unimplemented) MigrateVM(_ context.Context, cluster, namespace, name string, _ MigrateOptions) (*domain.Migration, error) {
	return nil, unsupported(OpMigrateVM, cluster, namespace, name)
}

// GetMigration implements Migrator.
func (Unimplemented) GetMigration(_ context.Context, cluster, namespace, name string) (*domain.Migration, error) {
	return nil, unsupported(OpGetMigration, cluster, namespace, name)
}

// ListMigrations implements Migrator.
func (Unimplemented) ListMigrations(_ context.Context, cluster, namespace, vm string, _ ListOptions) (*domain.MigrationList, error) {
	return nil, unsupported(OpListMigrations, cluster, namespace, vm)
}

// CancelMigration implements Migrator.
func (Unimplemented) CancelMigration(_ context.Context, cluster, namespace, name string, _ CancelOptions) error {
	return unsupported(OpCancelMigration, cluster, namespace, name)
}

// GetInstanceType implements InstanceTypes.
func (Unimplemented) GetInstanceType(_ context.Context, cluster, namespace, name string) (*domain.InstanceType, error) {
	return nil, unsupported(OpGetInstanceType, cluster, namespace, name)
}

// ListInstanceTypes implements InstanceTypes.
func (Unimplemented) ListInstanceTypes(_ context.Context, cluster, namespace string, _ ListOptions) (*domain.InstanceTypeList, error) {
	return nil, unsupported(OpListInstanceTypes, cluster, namespace, "")
}

// GetPreference implements InstanceTypes.
func (Unimplemented) GetPreference(_ context.Context, cluster, namespace, name string) (*domain.Preference, error) {
	return nil, unsupported(OpGetPreference, cluster, namespace, name)
}

// ListPreferences implements InstanceTypes.
func (Unimplemented) ListPreferences(_ context.Context, cluster, namespace string, _ ListOptions) (*domain.PreferenceList, error) {
	return nil, unsupported(OpListPreferences, cluster, namespace, "")
}
