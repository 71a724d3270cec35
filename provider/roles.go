package provider

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// AllNamespaces as the namespace of a list means all of them. No other method takes it.
const AllNamespaces = "*"

// VMReader reads virtual machines.
type VMReader interface {
	// GetVM returns one VM with its instance. A missing VM or namespace is VM_NOT_FOUND.
	GetVM(ctx context.Context, cluster, namespace, name string) (*domain.VM, error)

	// ListVMs returns one page of VMs, in the byte order of namespace + "/" + name. A missing namespace is an empty
	// list. A selector that cannot be used is INVALID_SELECTOR, a token that is too old CURSOR_EXPIRED (list again
	// from the start), one that was not made for this listing INVALID_CURSOR. See [VMs] for a walk over all pages.
	ListVMs(ctx context.Context, cluster, namespace string, opts ListOptions) (*domain.VMList, error)
}

// VMWriter creates and deletes virtual machines.
type VMWriter interface {
	// CreateVM makes a VM that must not exist yet. It returns the VM as the server stored it, which is usually
	// UNOBSERVED. A name that is taken is VM_ALREADY_EXISTS, and the other VM stays as it was; but a repeated call
	// with the same idempotency key and spec returns the VM that the first one made, and one with the same key and
	// another spec is IDEMPOTENCY_CONFLICT. A bad spec is INVALID_SPEC with all fields named, a missing namespace
	// NAMESPACE_NOT_FOUND.
	CreateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts CreateOptions) (*domain.VM, error)

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

// Provider is all that a provider can be asked. Implementors embed [Unimplemented], so that a method added later
// breaks nobody. providertest.Run checks the contract.
type Provider interface {
	VMReader
	VMWriter
	Power
}
