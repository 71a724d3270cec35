package provider

import (
	"context"

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

// CreateVM implements VMWriter.
func (Unimplemented) CreateVM(_ context.Context, cluster, namespace string, spec domain.VMSpec, _ CreateOptions) (*domain.VM, error) {
	return nil, unsupported(OpCreateVM, cluster, namespace, spec.Name)
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
