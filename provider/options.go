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

// CreateOptions of VMWriter.CreateVM.
type CreateOptions struct {
	// DryRun asks the server for its verdict and stores nothing.
	DryRun bool
	// IdempotencyKey makes a repeated call return the first one's VM. At most 253 characters, unique per intent.
	IdempotencyKey string
}

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
