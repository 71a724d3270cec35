package kubevirt

import (
	"context"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// GetInstanceType implements provider.InstanceTypes.
func (p *Provider) GetInstanceType(ctx context.Context, clusterName, namespace, name string) (*domain.InstanceType, error) {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: name}
	found, err := onScoped(ctx, p, ref, func(ctx context.Context, c *cluster) (*domain.InstanceType, error) {
		return c.instanceType(ctx, p, ref)
	})
	return found, args.Error(provider.OpGetInstanceType, ref, err)
}

// GetPreference implements provider.InstanceTypes.
func (p *Provider) GetPreference(ctx context.Context, clusterName, namespace, name string) (*domain.Preference, error) {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: name}
	found, err := onScoped(ctx, p, ref, func(ctx context.Context, c *cluster) (*domain.Preference, error) {
		return c.preference(ctx, p, ref)
	})
	return found, args.Error(provider.OpGetPreference, ref, err)
}

// onScoped is onMember for objects of a namespace or of the cluster.
func onScoped[T any](ctx context.Context, p *Provider, ref domain.Ref, f func(context.Context, *cluster) (T, error)) (T, error) {
	var none T
	if err := args.Scoped(ctx, ref.Cluster, ref.Namespace, ref.Name); err != nil {
		return none, err
	}
	c, err := p.clusters.get(ref.Cluster)
	if err != nil {
		return none, err
	}
	defer c.release()
	return f(ctx, c)
}

func (c *cluster) instanceType(ctx context.Context, p *Provider, ref domain.Ref) (*domain.InstanceType, error) {
	m, api := p.mapper(ref.Cluster), c.set.InstancetypeV1beta1()
	var found *domain.InstanceType
	err := call{cluster: c, ref: ref}.do(ctx, func(ctx context.Context) error {
		if ref.Namespace == provider.ClusterScope {
			object, err := api.VirtualMachineClusterInstancetypes().Get(ctx, ref.Name, metav1.GetOptions{})
			if err == nil {
				found, err = m.MapClusterInstanceType(object)
			}
			return err
		}
		object, err := api.VirtualMachineInstancetypes(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err == nil {
			found, err = m.MapInstanceType(object)
		}
		return err
	})
	return found, err
}

func (c *cluster) preference(ctx context.Context, p *Provider, ref domain.Ref) (*domain.Preference, error) {
	m, api := p.mapper(ref.Cluster), c.set.InstancetypeV1beta1()
	var found *domain.Preference
	err := call{cluster: c, ref: ref}.do(ctx, func(ctx context.Context) error {
		if ref.Namespace == provider.ClusterScope {
			object, err := api.VirtualMachineClusterPreferences().Get(ctx, ref.Name, metav1.GetOptions{})
			if err == nil {
				found, err = m.MapClusterPreference(object)
			}
			return err
		}
		object, err := api.VirtualMachinePreferences(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err == nil {
			found, err = m.MapPreference(object)
		}
		return err
	})
	return found, err
}

// ListInstanceTypes implements provider.InstanceTypes.
func (p *Provider) ListInstanceTypes(ctx context.Context, clusterName, namespace string, opts provider.ListOptions) (*domain.InstanceTypeList, error) {
	list, err := listScoped(ctx, p, provider.OpListInstanceTypes, clusterName, namespace, opts,
		func(ctx context.Context, c *cluster, opts metav1.ListOptions) (scopedPage[domain.InstanceType], error) {
			m, api := p.mapper(clusterName), c.set.InstancetypeV1beta1()
			if namespace == provider.ClusterScope {
				page, err := api.VirtualMachineClusterInstancetypes().List(ctx, opts)
				if err != nil {
					return scopedPage[domain.InstanceType]{}, err
				}
				return mapPage(page.ListMeta, page.Items, m.MapClusterInstanceType), nil
			}
			page, err := api.VirtualMachineInstancetypes(namespace).List(ctx, opts)
			if err != nil {
				return scopedPage[domain.InstanceType]{}, err
			}
			return mapPage(page.ListMeta, page.Items, m.MapInstanceType), nil
		})
	return list, args.Error(provider.OpListInstanceTypes, listRef(clusterName, namespace), err)
}

// ListPreferences implements provider.InstanceTypes.
func (p *Provider) ListPreferences(ctx context.Context, clusterName, namespace string, opts provider.ListOptions) (*domain.PreferenceList, error) {
	list, err := listScoped(ctx, p, provider.OpListPreferences, clusterName, namespace, opts,
		func(ctx context.Context, c *cluster, opts metav1.ListOptions) (scopedPage[domain.Preference], error) {
			m, api := p.mapper(clusterName), c.set.InstancetypeV1beta1()
			if namespace == provider.ClusterScope {
				page, err := api.VirtualMachineClusterPreferences().List(ctx, opts)
				if err != nil {
					return scopedPage[domain.Preference]{}, err
				}
				return mapPage(page.ListMeta, page.Items, m.MapClusterPreference), nil
			}
			page, err := api.VirtualMachinePreferences(namespace).List(ctx, opts)
			if err != nil {
				return scopedPage[domain.Preference]{}, err
			}
			return mapPage(page.ListMeta, page.Items, m.MapPreference), nil
		})
	return list, args.Error(provider.OpListPreferences, listRef(clusterName, namespace), err)
}

// scopedPage is a page of mapped objects with the server's token.
type scopedPage[T any] struct {
	page  domain.Page[*T]
	token string
}

// mapPage maps the items of a server's page; those that cannot be mapped are reported beside the others.
func mapPage[O, T any](meta metav1.ListMeta, items []O, mapOne func(*O) (*T, error)) scopedPage[T] {
	mapped := scopedPage[T]{token: meta.Continue}
	for n := range items {
		value, err := mapOne(&items[n])
		if err != nil {
			var ref domain.Ref
			if object, ok := any(&items[n]).(metav1.Object); ok {
				ref = domain.Ref{Namespace: object.GetNamespace(), Name: object.GetName(), UID: string(object.GetUID())}
			}
			mapped.page.ItemErrors = append(mapped.page.ItemErrors, domain.NewItemError(ref, err))
			continue
		}
		mapped.page.Items = append(mapped.page.Items, value)
	}
	return mapped
}

// listScoped lists objects of a namespace or of the cluster.
func listScoped[T any](ctx context.Context, p *Provider, op provider.Op, clusterName, namespace string, opts provider.ListOptions,
	list func(context.Context, *cluster, metav1.ListOptions) (scopedPage[T], error),
) (*domain.Page[*T], error) {
	r, err := args.ListScoped(ctx, op, clusterName, namespace, opts)
	if err != nil {
		return nil, err
	}
	c, err := p.clusters.get(clusterName)
	if err != nil {
		return nil, err
	}
	defer c.release()
	var found scopedPage[T]
	err = call{cluster: c, ref: listRef(clusterName, namespace), limit: c.list, token: r.Cursor.Token != ""}.do(ctx, func(ctx context.Context) (err error) {
		found, err = list(ctx, c, metav1.ListOptions{
			LabelSelector: r.Labels.String(), FieldSelector: r.Fields.String(), Limit: int64(r.Limit), Continue: r.Cursor.Token,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, item := range found.page.ItemErrors {
		item.Ref.Cluster = clusterName
	}
	if found.token != "" {
		found.page.Continue = r.Next(paging.Cursor{Token: found.token})
	}
	return &found.page, nil
}

// knowsTypes refuses a body whose instance type or preference does not exist: since 1.6 KubeVirt takes it, and the VM
// never starts. Where they may not be read, the server's word is taken.
func (p *Provider) knowsTypes(ctx context.Context, c *cluster, namespace string, body map[string]any) error {
	if ref, ok := typeRef(c.name, namespace, body, "instancetype"); ok {
		if _, err := c.instanceType(ctx, p, ref); domain.CodeOf(err) == domain.CodeInstanceTypeNotFound {
			return missingType("instanceType", err)
		}
	}
	if ref, ok := typeRef(c.name, namespace, body, "preference"); ok {
		if _, err := c.preference(ctx, p, ref); domain.CodeOf(err) == domain.CodePreferenceNotFound {
			return missingType("preference", err)
		}
	}
	return nil
}

// knowsNewTypes is knowsTypes for an existing VM: one that keeps its instance type and preference keeps them, whether
// they still exist or not.
func (p *Provider) knowsNewTypes(ctx context.Context, c *cluster, at live, body map[string]any) error {
	changed := map[string]any{}
	spec, _ := body["spec"].(map[string]any)
	it, pref := at.object.Spec.Instancetype, at.object.Spec.Preference
	if ref, ok := typeRef(c.name, at.vm.Namespace, body, "instancetype"); ok && (it == nil || it.Name != ref.Name) {
		changed["instancetype"] = spec["instancetype"]
	}
	if ref, ok := typeRef(c.name, at.vm.Namespace, body, "preference"); ok && (pref == nil || pref.Name != ref.Name) {
		changed["preference"] = spec["preference"]
	}
	return p.knowsTypes(ctx, c, at.vm.Namespace, map[string]any{"spec": changed})
}

// typeRef reads which instance type or preference a body names, be it by the spec or by its manifest. A stored
// revision stands for itself, and a kind that KubeVirt does not know is left to its webhook.
func typeRef(cluster, namespace string, body map[string]any, field string) (domain.Ref, bool) {
	spec, _ := body["spec"].(map[string]any)
	matcher, _ := spec[field].(map[string]any)
	name, _ := matcher["name"].(string)
	ref := domain.Ref{Cluster: cluster, Namespace: provider.ClusterScope, Name: name}
	kind, _ := matcher["kind"].(string)
	switch strings.TrimSuffix(strings.ToLower(kind), "s") {
	case "", "virtualmachineclusterinstancetype", "virtualmachineclusterpreference":
	case "virtualmachineinstancetype", "virtualmachinepreference":
		ref.Namespace = namespace
	default:
		return domain.Ref{}, false
	}
	revision, _ := matcher["revisionName"].(string)
	return ref, name != "" && revision == ""
}

// missingType names the field, since the params name the VM.
func missingType(field string, err error) error {
	return &domain.Error{
		Code:   domain.CodeOf(err),
		Params: domain.Params{domain.ParamField: field},
		Fields: []domain.FieldError{{Field: field + ".name", Reason: domain.FieldNotFound}},
		Err:    err,
	}
}
