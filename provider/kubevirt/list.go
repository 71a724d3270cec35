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
	vms, err := c.pageOfVMs(ctx, listRef(cluster, namespace), scope, metav1.ListOptions{
		LabelSelector: r.Labels.String(),
		FieldSelector: r.Fields.String(),
		Limit:         int64(r.Limit),
		Continue:      r.Cursor.Token,
	})
	if err != nil {
		return nil, err
	}
	join := joiner{cluster: c, scope: scope, limit: int64(r.Limit), cursor: r.Cursor}
	instances, err := join.instancesOf(ctx, vms.Items)
	if err != nil {
		return nil, err
	}

	m, at := p.mapper(cluster), time.Now().UTC()
	list := &domain.VMList{Items: make([]*domain.VM, 0, len(vms.Items))}
	for i := range vms.Items {
		object := &vms.Items[i]
		vm, err := m.MapVM(object, instances[keyOf(object)])
		if join.unread {
			vm, err = m.MapVMDegraded(object)
		}
		if err == nil && scope != metav1.NamespaceAll && vm.Namespace != scope {
			err = domain.E(domain.CodeUnexpectedObject, nil, nil)
		}
		if err != nil {
			list.ItemErrors = append(list.ItemErrors, itemError(cluster, object, err))
			continue
		}
		vm.Read.At = at
		list.Items = append(list.Items, vm)
	}
	list.Total = total(opts, vms)
	if vms.Continue != "" {
		next := join.cursor
		next.Token, next.LastKey = vms.Continue, ""
		list.Continue = r.Next(next)
	}
	return list, nil
}

func (c *cluster) pageOfVMs(ctx context.Context, ref domain.Ref, scope string, opts metav1.ListOptions) (*kubevirtv1.VirtualMachineList, error) {
	var page *kubevirtv1.VirtualMachineList
	err := call{cluster: c, ref: ref, limit: c.list}.do(ctx, func(ctx context.Context) (err error) {
		page, err = c.set.KubevirtV1().VirtualMachines(scope).List(ctx, opts)
		return err
	})
	return page, err
}

// total is exact only where the server counts: without selectors, and on the first page, since a token's count is of
// the moment the walk began while the pages before it are not at hand.
func total(opts provider.ListOptions, page *kubevirtv1.VirtualMachineList) *int64 {
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
