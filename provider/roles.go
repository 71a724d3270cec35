package provider

import (
	"context"
	"iter"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// AllNamespaces as the namespace of a list means all of them. No other method takes it.
const AllNamespaces = "*"

// ClusterScope as the namespace of an instance type or preference means the kind that belongs to the whole cluster.
// Nothing else takes it.
const ClusterScope = "-"

// VMReader reads virtual machines.
type VMReader interface {
	// GetVM returns one VM with its instance. A missing VM or namespace is VM_NOT_FOUND.
	GetVM(ctx context.Context, cluster, namespace, name string) (*domain.VM, error)

	// ListVMs returns one page of VMs, in the byte order of namespace + "/" + name. A missing namespace is an empty
	// list. A selector that cannot be used is INVALID_SELECTOR, a token that is too old CURSOR_EXPIRED (list again
	// from the start), one that was not made for this listing INVALID_CURSOR. See [VMs] for a walk over all pages.
	ListVMs(ctx context.Context, cluster, namespace string, opts ListOptions) (*domain.VMList, error)
}

// VMWatcher follows virtual machines.
type VMWatcher interface {
	// WatchVMs tells how the VMs of a namespace, or of [AllNamespaces], change: first those that are there as ADDED, then
	// SYNCED, then what changes. Nothing is lost between the two. A missing namespace has no VMs.
	//
	// The stream begins when it is ranged over, and each range is a stream of its own. Breaking out of the loop ends it;
	// nothing of it is left running then. Values belong to the caller.
	//
	// Of one VM nothing comes out of order, and nothing twice. One that was made anew under its name, with another UID, is
	// DELETED, then ADDED. Who consumes slowly is told the latest states, with the changes of one VM merged, see
	// WatchOptions.Queue; no VM is left out, and memory stays bounded.
	//
	// An error that is a *domain.ItemError stands for one VM that could not be read, and more values follow; any other
	// error is the last value, that of ctx when it ends among them. Before the first SYNCED what keeps the stream from
	// beginning ends it: bad arguments, CLUSTER_NOT_FOUND, PERMISSION_DENIED, CLUSTER_CREDENTIALS, KUBEVIRT_MISSING, and
	// CLUSTER_UNREACHABLE after a few tries. A revision that is too old is REVISION_EXPIRED (begin without one), one of
	// another stream, or of nobody, INVALID_CURSOR. After SYNCED the stream outlives trouble: where it lost its place,
	// REBUILDING comes, then what changed meanwhile, only that, then SYNCED. What ends it is CLOSED, when the cluster is
	// removed, and CLUSTER_IDENTITY_CHANGED, when another one answers in its place.
	WatchVMs(ctx context.Context, cluster, namespace string, opts WatchOptions) iter.Seq2[domain.Event[*domain.VM], error]
}

// VMWriter creates, changes and deletes virtual machines.
type VMWriter interface {
	// CreateVM makes a VM that must not exist yet. It returns the VM as the server stored it, which is usually
	// UNOBSERVED. A name that is taken is VM_ALREADY_EXISTS, and the other VM stays as it was; but a repeated call
	// with the same idempotency key and spec returns the VM that the first one made, and one with the same key and
	// another spec is IDEMPOTENCY_CONFLICT. A bad spec is INVALID_SPEC with all fields named, a missing namespace
	// NAMESPACE_NOT_FOUND.
	CreateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts CreateOptions) (*domain.VM, error)

	// ApplyVM makes the VM what the spec says, or makes it. The spec is the whole set of what we own: what an earlier
	// apply of ours set and this one leaves out is removed, what others own stays. The run strategy counts only when the
	// VM is made; an existing VM keeps its power state. A VM without our installation's identity is
	// VM_ALREADY_EXISTS unless opts.UID names it. Another manager's claim on a field is FIELD_CONFLICT.
	ApplyVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts ApplyOptions) (*domain.VM, error)

	// UpdateVM edits an existing VM and leaves alone what the change does not name. It never changes the power state, and
	// never drops a disk, network or label that it was not told to. It returns the VM, and when the change takes effect.
	// A stale opts.Revision is REVISION_CONFLICT; without one, disjoint changes made at the same time both survive.
	UpdateVM(ctx context.Context, cluster, namespace, name string, change domain.VMChange, opts UpdateOptions) (*domain.VM, domain.Applied, error)

	// ValidateVM asks what CreateVM would say and stores nothing. A spec that would be refused is an answer, not an
	// error; an error means that nobody could be asked.
	ValidateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts ValidateOptions) (domain.Validation, error)

	// DeleteVM requests a delete and does not wait: the VM is DELETING until it is gone; see [WaitVMGone].
	// A missing VM is VM_NOT_FOUND, another UID than opts.UID is UID_CONFLICT, another revision REVISION_CONFLICT.
	// Deleting again is no error.
	DeleteVM(ctx context.Context, cluster, namespace, name string, opts DeleteOptions) error
}

// Power starts and stops virtual machines. The verbs are strict: what is already so is an error with its own code.
// They return when the change is requested; [WaitVM] waits for it. A refused verb changes nothing.
type Power interface {
	// StartVM starts a VM. Run strategy Halted becomes Always.
	StartVM(ctx context.Context, cluster, namespace, name string, opts StartOptions) error

	// StopVM shuts a VM down. Run strategies Always and Once become Halted, so that Once is lost: the next start
	// makes it Always.
	StopVM(ctx context.Context, cluster, namespace, name string, opts StopOptions) error

	// RestartVM replaces the instance by a new one.
	RestartVM(ctx context.Context, cluster, namespace, name string, opts RestartOptions) error

	// PauseVM stops the CPUs of the instance, which stays where it is.
	PauseVM(ctx context.Context, cluster, namespace, name string, opts PauseOptions) error

	// UnpauseVM lets a paused instance run on.
	UnpauseVM(ctx context.Context, cluster, namespace, name string, opts UnpauseOptions) error
}

// Rebooter reboots the guest of a running instance, which stays where it is and keeps its id.
type Rebooter interface {
	// SoftRebootVM asks the guest to reboot, by its agent or ACPI; NO_GUEST_AGENT when it has neither.
	SoftRebootVM(ctx context.Context, cluster, namespace, name string, opts SoftRebootOptions) error

	// ResetVM pushes the virtual reset button: the guest is not asked.
	ResetVM(ctx context.Context, cluster, namespace, name string, opts ResetOptions) error
}

// Migrator moves running virtual machines to other nodes of their cluster.
type Migrator interface {
	// MigrateVM begins a live migration and returns it. A VM that is off is VM_NOT_RUNNING, one that cannot be moved
	// NOT_MIGRATABLE with its reason, one that moves already MIGRATION_IN_PROGRESS with the migration's name in param
	// migration.
	MigrateVM(ctx context.Context, cluster, namespace, name string, opts MigrateOptions) (*domain.Migration, error)

	// GetMigration returns a migration by its own name. MIGRATION_NOT_FOUND once the back end has forgotten it.
	GetMigration(ctx context.Context, cluster, namespace, name string) (*domain.Migration, error)

	// ListMigrations returns the migrations of one VM, active ones first, then the newest.
	ListMigrations(ctx context.Context, cluster, namespace, vm string, opts ListOptions) (*domain.MigrationList, error)

	// CancelMigration stops a migration, by its own name: the VM runs on where it was. One that has ended is
	// OPERATION_NOT_ACTIVE.
	CancelMigration(ctx context.Context, cluster, namespace, name string, opts CancelOptions) error
}

// InstanceTypes reads the named sizes and preferences of a cluster. namespace is that of the object, or [ClusterScope].
type InstanceTypes interface {
	// GetInstanceType returns one; INSTANCE_TYPE_NOT_FOUND.
	GetInstanceType(ctx context.Context, cluster, namespace, name string) (*domain.InstanceType, error)
	// ListInstanceTypes returns a page of those of the namespace only, or of the cluster's only.
	ListInstanceTypes(ctx context.Context, cluster, namespace string, opts ListOptions) (*domain.InstanceTypeList, error)
	// GetPreference returns one; PREFERENCE_NOT_FOUND.
	GetPreference(ctx context.Context, cluster, namespace, name string) (*domain.Preference, error)
	// ListPreferences returns a page of those of the namespace only, or of the cluster's only.
	ListPreferences(ctx context.Context, cluster, namespace string, opts ListOptions) (*domain.PreferenceList, error)
}

// Provider is all that a provider can be asked. Implementors embed [Unimplemented], so that a method added later
// breaks nobody. providertest.Run checks the contract.
type Provider interface {
	VMReader
	VMWatcher
	VMWriter
	Power
	Rebooter
	Migrator
	InstanceTypes
}
