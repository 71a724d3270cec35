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
	return args.Error(provider.OpDeleteVM, ref, p.delete(ctx, call{op: provider.OpDeleteVM, ref: ref, write: !opts.DryRun}, opts))
}

// delete sends at once: it need not know the VM, whose object may even be one that cannot be read.
func (p *Provider) delete(ctx context.Context, k call, opts provider.DeleteOptions) error {
	if err := args.Object(ctx, k.ref.Cluster, k.ref.Namespace, k.ref.Name); err != nil {
		return err
	}
	_, err := request(ctx, p, k, func(c *site) (none nothing, err error) {
		c.send()
		r := c.find(key{k.ref.Namespace, k.ref.Name}, now())
		if r == nil {
			return none, domain.E(domain.CodeVMNotFound, nil, nil)
		}
		if err := r.sameUID(opts.UID); err != nil {
			return none, err
		}
		if err := r.sameRevision(opts.Revision); err != nil {
			return none, err
		}
		if !opts.DryRun {
			c.happen(r, vmsim.Event{Kind: vmsim.Delete})
		}
		return none, nil
	})
	return err
}
