package kubevirt

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// ValidateVM implements provider.VMWriter.
func (p *Provider) ValidateVM(ctx context.Context, clusterName, namespace string, spec domain.VMSpec, _ provider.ValidateOptions) (domain.Validation, error) {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: spec.Name}
	result, err := p.validate(ctx, ref, spec)
	return result, args.Error(provider.OpValidateVM, ref, err)
}

func (p *Provider) validate(ctx context.Context, ref domain.Ref, spec domain.VMSpec) (domain.Validation, error) {
	if err := names.Check(names.Cluster("cluster", ref.Cluster), names.Namespace("namespace", ref.Namespace)); err != nil {
		return domain.Validation{}, err
	}
	var warnings []string
	_, err := p.create(collectWarnings(ctx, &warnings), ref, spec, provider.CreateOptions{DryRun: true})
	return args.Verdict(warnings, err)
}

// warningsKey carries where the transport puts the warnings of the one apply; reads go on at the same time.
type warningsKey struct{}

func collectWarnings(ctx context.Context, into *[]string) context.Context {
	return context.WithValue(ctx, warningsKey{}, into)
}
