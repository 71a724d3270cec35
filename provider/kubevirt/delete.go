package kubevirt

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// DeleteVM implements provider.VMWriter.
func (p *Provider) DeleteVM(ctx context.Context, clusterName, namespace, name string, opts provider.DeleteOptions) error {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: name}
	_, err := onMember(ctx, p, ref, func(ctx context.Context, c *cluster, ref domain.Ref) (struct{}, error) {
		return struct{}{}, p.delete(ctx, c, ref, opts)
	})
	return args.Error(provider.OpDeleteVM, ref, err)
}

func (p *Provider) delete(ctx context.Context, c *cluster, ref domain.Ref, opts provider.DeleteOptions) error {
	request := metav1.DeleteOptions{DryRun: dryRun(opts.DryRun)}
	if opts.UID != "" || opts.Revision != "" {
		request.Preconditions = &metav1.Preconditions{}
	}
	if opts.UID != "" {
		uid := types.UID(opts.UID)
		request.Preconditions.UID = &uid
	}
	if opts.Revision != "" {
		request.Preconditions.ResourceVersion = &opts.Revision
	}
	err := call{cluster: c, ref: ref, write: !opts.DryRun}.do(ctx, func(ctx context.Context) error {
		body, err := rawBody(c.set.KubevirtV1().RESTClient().Delete().
			Namespace(ref.Namespace).Resource(onVM).Name(ref.Name).Body(&request).Do(ctx))
		if err != nil {
			return err
		}
		return isKind(body, "Status", vmspec.ManifestKind)
	})
	if domain.CodeOf(err) != domain.CodeRevisionConflict || opts.UID == "" {
		return err
	}
	// The server says which precondition failed in words only; the VM's UID says it for sure.
	vm, readErr := p.get(ctx, c, ref)
	switch {
	case domain.CodeOf(readErr) == domain.CodeVMNotFound:
		return readErr
	case readErr == nil:
		if other := sameUID(vm, opts.UID); other != nil {
			return because(other, err)
		}
	}
	return err
}
