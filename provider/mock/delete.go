package mock

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// DeleteVM implements provider.VMWriter.
func (p *Provider) DeleteVM(ctx context.Context, cluster, namespace, name string, opts provider.DeleteOptions) error {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	err := p.onVM(ctx, ref, nil, func(c *site, r *record) error {
		if err := r.sameUID(opts.UID); err != nil {
			return err
		}
		if err := r.sameRevision(opts.Revision); err != nil {
			return err
		}
		if !opts.DryRun {
			c.happen(r, vmsim.Event{Kind: vmsim.Delete})
		}
		return nil
	})
	return args.Error(provider.OpDeleteVM, ref, err)
}
