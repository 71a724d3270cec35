package mock

import (
	"context"
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// ValidateVM implements provider.VMWriter.
func (p *Provider) ValidateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, _ provider.ValidateOptions) (domain.Validation, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}
	answer, err := p.validate(ctx, cluster, namespace, spec)
	return answer, args.Error(provider.OpValidateVM, ref, err)
}

func (p *Provider) validate(ctx context.Context, cluster, namespace string, spec domain.VMSpec) (domain.Validation, error) {
	if err := names.Check(names.Cluster("cluster", cluster), names.Namespace("namespace", namespace)); err != nil {
		return domain.Validation{}, err
	}
	if err := args.Context(ctx); err != nil {
		return domain.Validation{}, err
	}
	if _, err := p.cluster(cluster); err != nil {
		return domain.Validation{}, err
	}
	_, err := p.create(ctx, cluster, namespace, spec, provider.CreateOptions{DryRun: true})
	refused, ok := errors.AsType[*domain.Error](err)
	switch {
	case err == nil:
		return domain.Validation{Valid: true}, nil
	case ok && refused.Kind() != domain.KindCanceled && refused.Kind() != domain.KindDeadlineExceeded:
		return domain.Validation{Code: refused.Code, Fields: refused.Fields}, nil
	default:
		return domain.Validation{}, err
	}
}
