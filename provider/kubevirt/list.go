package kubevirt

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// ListVMs implements provider.VMReader.
func (p *Provider) ListVMs(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.VMList, error) {
	list, err := p.listVMs(ctx, cluster, namespace, opts)
	return list, args.Error(provider.OpListVMs, listRef(cluster, namespace), err)
}

// listRef points at what a list is about, for its error.
func listRef(cluster, namespace string) domain.Ref {
	return domain.Ref{Cluster: cluster, Namespace: namespace}
}

func (p *Provider) listVMs(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.VMList, error) {
	r, err := args.List(ctx, provider.OpListVMs, cluster, namespace, opts)
	if err != nil {
		return nil, err
	}
	c, err := p.clusters.get(cluster)
	if err != nil {
		return nil, err
	}
	defer c.release()

	scope := namespace
	if r.All {
		scope = metav1.NamespaceAll
	}
	vms, err := pageOf[kubevirtv1.VirtualMachine](ctx, c, onVM, scope, metav1.ListOptions{
		LabelSelector: r.Labels.String(),
		FieldSelector: r.Fields.String(),
		Limit:         int64(r.Limit),
		Continue:      r.Cursor.Token,
	})
	if err != nil {
		return nil, err
	}
	join := joiner{cluster: c, scope: scope, limit: int64(r.Limit), cursor: r.Cursor, selected: !r.Labels.Empty() || !r.Fields.Empty()}
	if err := join.read(ctx, vms.Items); err != nil {
		return nil, err
	}

	m, at := p.mapper(cluster), time.Now().UTC()
	list := &domain.VMList{Items: make([]*domain.VM, 0, len(vms.Items))}
	for i := range vms.Items {
		vm, err := join.mapItem(m, &vms.Items[i])
		if vms.bad[i] != nil {
			err = vms.bad[i]
		}
		if err != nil {
			list.ItemErrors = append(list.ItemErrors, itemError(cluster, &vms.Items[i], err))
			continue
		}
		vm.Read.At = at
		list.Items = append(list.Items, vm)
	}
	list.Total = total(opts, vms)
	if vms.Continue != "" {
		next := join.cursor
		next.Token = vms.Continue
		if n := len(vms.Items); n > 0 {
			next.LastKey = keyOf(&vms.Items[n-1])
		}
		list.Continue = r.Next(next)
	}
	return list, nil
}

// total is exact only where the server counts: without selectors, and on the first page, since a token's count is of
// the moment the walk began while the pages before it are not at hand.
func total(opts provider.ListOptions, page objectPage[kubevirtv1.VirtualMachine]) *int64 {
	if opts.LabelSelector != "" || opts.FieldSelector != "" || opts.Continue != "" {
		return nil
	}
	count := int64(len(page.Items))
	switch {
	case page.RemainingItemCount != nil:
		count += *page.RemainingItemCount
	case page.Continue != "":
		return nil
	}
	return &count
}

func itemError(cluster string, object metav1.Object, err error) *domain.ItemError {
	ref := domain.Ref{Cluster: cluster, Namespace: object.GetNamespace(), Name: object.GetName(), UID: string(object.GetUID())}
	return domain.NewItemError(ref, args.Error(provider.OpListVMs, ref, err))
}
