package mock

import (
	"context"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// GetInstanceType implements provider.InstanceTypes.
func (p *Provider) GetInstanceType(ctx context.Context, cluster, namespace, name string) (*domain.InstanceType, error) {
	t, err := lookUp(ctx, p, cluster, namespace, name, domain.CodeInstanceTypeNotFound,
		func(c *site) catalogue[domain.InstanceType] { return c.instanceTypes }, cloneInstanceType)
	return t, args.Error(provider.OpGetInstanceType, scoped(cluster, namespace, name), err)
}

// ListInstanceTypes implements provider.InstanceTypes.
func (p *Provider) ListInstanceTypes(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.InstanceTypeList, error) {
	page, err := browse(ctx, p, provider.OpListInstanceTypes, cluster, namespace, opts,
		func(c *site) catalogue[domain.InstanceType] { return c.instanceTypes }, cloneInstanceType)
	return page, args.Error(provider.OpListInstanceTypes, scoped(cluster, namespace, ""), err)
}

// GetPreference implements provider.InstanceTypes.
func (p *Provider) GetPreference(ctx context.Context, cluster, namespace, name string) (*domain.Preference, error) {
	t, err := lookUp(ctx, p, cluster, namespace, name, domain.CodePreferenceNotFound,
		func(c *site) catalogue[domain.Preference] { return c.preferences }, clonePreference)
	return t, args.Error(provider.OpGetPreference, scoped(cluster, namespace, name), err)
}

// ListPreferences implements provider.InstanceTypes.
func (p *Provider) ListPreferences(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.PreferenceList, error) {
	page, err := browse(ctx, p, provider.OpListPreferences, cluster, namespace, opts,
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

func lookUp[T any](ctx context.Context, p *Provider, cluster, namespace, name string, missing domain.Code,
	of func(*site) catalogue[T], clone func(T) T,
) (*T, error) {
	if err := args.Scoped(ctx, cluster, namespace, name); err != nil {
		return nil, err
	}
	c, err := p.cluster(cluster)
	if err != nil {
		return nil, err
	}
	value, ok := of(c).find(key{scoped(cluster, namespace, name).Namespace, name})
	if !ok {
		return nil, domain.E(missing, nil, nil)
	}
	return new(clone(value)), nil
}

func browse[T any](ctx context.Context, p *Provider, op provider.Op, cluster, namespace string, opts provider.ListOptions,
	of func(*site) catalogue[T], clone func(T) T,
) (*domain.Page[*T], error) {
	request, err := args.ListScoped(ctx, op, cluster, namespace, opts)
	if err != nil {
		return nil, err
	}
	c, err := p.cluster(cluster)
	if err != nil {
		return nil, err
	}
	prefix := scoped(cluster, namespace, "").Namespace + "/"
	page := &domain.Page[*T]{Items: []*T{}}
	last := ""
	for _, item := range of(c) {
		order := item.key.String()
		if !strings.HasPrefix(order, prefix) || order <= request.Cursor.LastKey ||
			!request.Labels.Matches(item.labels) || !request.Fields.Matches(item.key.namespace, item.key.name) {
			continue
		}
		if len(page.Items) == request.Limit {
			page.Continue = request.Next(paging.Cursor{LastKey: last})
			break
		}
		page.Items = append(page.Items, new(clone(item.value)))
		last = order
	}
	return page, nil
}
