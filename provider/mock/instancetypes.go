package mock

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// GetInstanceType implements provider.InstanceTypes.
func (p *Provider) GetInstanceType(ctx context.Context, cluster, namespace, name string) (*domain.InstanceType, error) {
	k := call{op: provider.OpGetInstanceType, ref: domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}}
	t, err := lookUp(ctx, p, k, domain.CodeInstanceTypeNotFound,
		func(c *site) catalogue[domain.InstanceType] { return c.instanceTypes }, cloneInstanceType)
	return t, args.Error(provider.OpGetInstanceType, scoped(cluster, namespace, name), err)
}

// ListInstanceTypes implements provider.InstanceTypes.
func (p *Provider) ListInstanceTypes(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.InstanceTypeList, error) {
	k := call{op: provider.OpListInstanceTypes, ref: domain.Ref{Cluster: cluster, Namespace: namespace}}
	page, err := browse(ctx, p, k, opts,
		func(c *site) catalogue[domain.InstanceType] { return c.instanceTypes }, cloneInstanceType)
	return page, args.Error(provider.OpListInstanceTypes, scoped(cluster, namespace, ""), err)
}

// GetPreference implements provider.InstanceTypes.
func (p *Provider) GetPreference(ctx context.Context, cluster, namespace, name string) (*domain.Preference, error) {
	k := call{op: provider.OpGetPreference, ref: domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}}
	t, err := lookUp(ctx, p, k, domain.CodePreferenceNotFound,
		func(c *site) catalogue[domain.Preference] { return c.preferences }, clonePreference)
	return t, args.Error(provider.OpGetPreference, scoped(cluster, namespace, name), err)
}

// ListPreferences implements provider.InstanceTypes.
func (p *Provider) ListPreferences(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.PreferenceList, error) {
	k := call{op: provider.OpListPreferences, ref: domain.Ref{Cluster: cluster, Namespace: namespace}}
	page, err := browse(ctx, p, k, opts,
		func(c *site) catalogue[domain.Preference] { return c.preferences }, clonePreference)
	return page, args.Error(provider.OpListPreferences, scoped(cluster, namespace, ""), err)
}

// scoped points at an instance type or preference; what belongs to the whole cluster has no namespace.
func scoped(cluster, namespace, name string) domain.Ref {
	if namespace == provider.ClusterScope {
		namespace = ""
	}
	return domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
}

func lookUp[T any](ctx context.Context, p *Provider, k call, missing domain.Code,
	of func(*site) catalogue[T], clone func(T) T,
) (*T, error) {
	if err := args.Scoped(ctx, k.ref.Cluster, k.ref.Namespace, k.ref.Name); err != nil {
		return nil, err
	}
	return request(ctx, p, k, func(c *site) (*T, error) {
		value, ok := of(c).find(key{scoped(k.ref.Cluster, k.ref.Namespace, k.ref.Name).Namespace, k.ref.Name})
		if !ok {
			return nil, domain.E(missing, nil, nil)
		}
		return new(clone(value)), nil
	})
}

func browse[T any](ctx context.Context, p *Provider, k call, opts provider.ListOptions,
	of func(*site) catalogue[T], clone func(T) T,
) (*domain.Page[*T], error) {
	listing, err := args.ListScoped(ctx, k.op, k.ref.Cluster, k.ref.Namespace, opts)
	if err != nil {
		return nil, err
	}
	return request(ctx, p, k, func(c *site) (*domain.Page[*T], error) {
		return pageOf(of(c), listing, scoped(k.ref.Cluster, k.ref.Namespace, "").Namespace, clone), nil
	})
}

// pageOf reads one page off a catalogue.
func pageOf[T any](l catalogue[T], listing args.ListRequest, namespace string, clone func(T) T) *domain.Page[*T] {
	page := &domain.Page[*T]{Items: []*T{}}
	last := ""
	for _, item := range l {
		order := item.key.String()
		if item.key.namespace != namespace || order <= listing.Cursor.LastKey ||
			!listing.Labels.Matches(item.labels) || !listing.Fields.Matches(item.key.namespace, item.key.name) {
			continue
		}
		if len(page.Items) == listing.Limit {
			page.Continue = listing.Next(paging.Cursor{LastKey: last})
			break
		}
		page.Items = append(page.Items, new(clone(item.value)))
		last = order
	}
	return page
}
