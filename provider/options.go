package provider

import "time"

// The page sizes of a list.
const (
	DefaultLimit = 100
	MaxLimit     = 500
)

// ListOptions choose what a list returns. The zero value is the first page of everything.
type ListOptions struct {
	// LabelSelector as Kubernetes has it: =, ==, !=, in, notin, exists, !exists, comma for and.
	LabelSelector string
	// FieldSelector takes metadata.name and metadata.namespace only.
	FieldSelector string
	// Limit is the size of a page: zero is DefaultLimit, more than MaxLimit is MaxLimit, negative is INVALID_LIMIT.
	Limit int
	// Continue is the token of the page before.
	Continue string
}

// WatchOptions choose what a stream tells. The zero value is every VM from now on.
type WatchOptions struct {
	// Selector is a label selector, as ListOptions.LabelSelector. A VM that comes to match it is ADDED, one that no longer
	// does DELETED.
	Selector string
	// Revision goes on behind the event that carried it, of an earlier stream of the same cluster, namespace and selector:
	// without a set, SYNCED comes first, with this revision, then each later change once.
	Revision string
	// Queue is how many events wait for a slow consumer before those of one VM are merged. Zero means 4096, a negative one
	// is INVALID_OPTION.
	Queue int
}

// CreateOptions of VMWriter.CreateVM.
type CreateOptions struct {
	// DryRun asks the server for its verdict and stores nothing.
	DryRun bool
	// IdempotencyKey makes a repeated call return the first one's VM. At most 253 characters, unique per intent.
	IdempotencyKey string
}

// ApplyOptions of VMWriter.ApplyVM.
type ApplyOptions struct {
	// UID names an existing VM that is to be taken over although it is not ours; it must be that of the VM.
	UID    string
	DryRun bool
	// Force takes fields from other managers. It never drops a list element that we did not set.
	Force bool
}

// UpdateOptions of VMWriter.UpdateVM.
type UpdateOptions struct {
	// UID and Revision, if given, must be those of the VM.
	UID      string
	Revision string
	DryRun   bool
	// Force takes fields from other managers. It never drops a list element that the change does not name.
	Force bool
}

// ValidateOptions of VMWriter.ValidateVM.
type ValidateOptions struct{}

// DeleteOptions of VMWriter.DeleteVM. There is no grace period among them, since KubeVirt hands none on to the
// instance: stop the VM with one first.
type DeleteOptions struct {
	// UID and Revision, if given, must be those of the VM.
	UID      string
	Revision string
	DryRun   bool
}

// StartOptions of Power.StartVM.
type StartOptions struct {
	// UID, if given, must be that of the VM.
	UID string
	// Paused starts the VM with its CPUs stopped.
	Paused bool
	DryRun bool
}

// StopOptions of Power.StopVM.
type StopOptions struct {
	// UID, if given, must be that of the VM.
	UID string
	// GracePeriod is how long the guest may take to shut down, in whole seconds; zero pulls the plug, nil is the VM's
	// own. A shorter one than that of a stop under way is taken, and hastens it.
	GracePeriod *time.Duration
	DryRun      bool
}

// RestartOptions of Power.RestartVM.
type RestartOptions struct {
	// UID, if given, must be that of the VM.
	UID string
	// GracePeriod is nil, or zero to pull the plug; KubeVirt takes nothing else.
	GracePeriod *time.Duration
	DryRun      bool
}

// PauseOptions of Power.PauseVM.
type PauseOptions struct {
	// UID, if given, must be that of the VM.
	UID    string
	DryRun bool
}

// UnpauseOptions of Power.UnpauseVM.
type UnpauseOptions struct {
	// UID, if given, must be that of the VM.
	UID    string
	DryRun bool
}

// SoftRebootOptions of Rebooter.SoftRebootVM. There is no dry run: KubeVirt has none for it.
type SoftRebootOptions struct {
	// UID, if given, must be that of the VM.
	UID string
	// DryRun is answered with CAPABILITY_UNSUPPORTED, and nothing is sent.
	DryRun bool
}

// ResetOptions of Rebooter.ResetVM.
type ResetOptions struct {
	// UID, if given, must be that of the VM.
	UID string
	// DryRun is answered with CAPABILITY_UNSUPPORTED, and nothing is sent: KubeVirt has none for it.
	DryRun bool
}

// MigrateOptions of Migrator.MigrateVM.
type MigrateOptions struct {
	// UID, if given, must be that of the VM.
	UID string
	// Name of the migration, a DNS-1123 label. Empty generates one. With a name the call can be repeated: a migration of
	// that name for the same VM is returned as it is.
	Name string
	// NodeSelector is added to the VM's own for this migration (KubeVirt 1.6; older ones move it anywhere).
	NodeSelector map[string]string
	DryRun       bool
}

// CancelOptions of Migrator.CancelMigration.
type CancelOptions struct {
	// UID, if given, must be that of the migration.
	UID    string
	DryRun bool
}
