package mock

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// ValidateVM implements provider.VMWriter.
func (p *Provider) ValidateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, _ provider.ValidateOptions) (domain.Validation, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}
	answer, err := p.validate(ctx, call{op: provider.OpValidateVM, ref: ref}, spec)
	return answer, args.Error(provider.OpValidateVM, ref, err)
}

func (p *Provider) validate(ctx context.Context, k call, spec domain.VMSpec) (domain.Validation, error) {
	if err := names.Check(names.Cluster("cluster", k.ref.Cluster), names.Namespace("namespace", k.ref.Namespace)); err != nil {
		return domain.Validation{}, err
	}
	_, err := p.create(ctx, k, spec, provider.CreateOptions{DryRun: true})
	return args.Verdict(nil, err)
}
