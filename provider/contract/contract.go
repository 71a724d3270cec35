// Package contract has the rules that every implementation of package provider keeps before and after its own work: what
// names, specs, options, selectors and tokens are good, and what an error tells. Callers of a provider have no use for it.
//
// A method of yours begins with the function that is named for it, or with [Object], and ends in [Error]:
//
//	func (p *Provider) StopVM(ctx context.Context, cluster, namespace, name string, opts provider.StopOptions) error {
//		ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
//		err := contract.Stop(ctx, ref, opts)
//		if err == nil {
//			err = p.stop(ctx, ref, opts)
//		}
//		return contract.Error(provider.OpStopVM, ref, err)
//	}
//
// What a verb may do is no matter of this package, but of domain.Decide; providertest.Run holds a provider against all of
// it, and examples/customprovider is a whole one.
package contract

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Error gives an error of yours the operation and the object of the call, unless it names them already, and a code if it
// has none: that of the end of a context, else INTERNAL. Every error that a method returns goes through here; nil stays
// nil. So an error may be made as domain.E(domain.CodeVMNotFound, nil, nil).
func Error(op provider.Op, ref domain.Ref, err error) error { return args.Error(op, ref, err) }

// Object checks a call on one VM: the names that ref has, INVALID_NAME, and whether ctx has ended. It serves every method
// of which nothing else is to be checked.
func Object(ctx context.Context, ref domain.Ref) error {
	return args.Object(ctx, ref.Cluster, ref.Namespace, ref.Name)
}

// Create checks a call of CreateVM, ApplyVM or ValidateVM: names, INVALID_NAME; the spec, INVALID_SPEC with every field
// that is wrong; the idempotency key, INVALID_OPTION; and ctx. What your back end does not have is yours to refuse.
func Create(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts provider.CreateOptions) error {
	return args.Spec(ctx, cluster, namespace, spec, domain.DefaultLabelPrefix, opts.IdempotencyKey)
}

// Stop checks a call of StopVM: as [Object], and the grace period, INVALID_OPTION.
func Stop(ctx context.Context, ref domain.Ref, opts provider.StopOptions) error {
	return firstOf(args.Grace(opts.GracePeriod), Object(ctx, ref))
}

// Restart checks a call of RestartVM: as [Object], and the grace period, INVALID_OPTION.
func Restart(ctx context.Context, ref domain.Ref, opts provider.RestartOptions) error {
	return firstOf(args.RestartGrace(opts.GracePeriod), Object(ctx, ref))
}

// firstOf is Object's verdict if it has one, since a name comes before an option.
func firstOf(option, object error) error {
	if object != nil {
		return object
	}
	return option
}
