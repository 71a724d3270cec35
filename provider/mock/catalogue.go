package mock

import (
	"maps"
	"slices"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// catalogue is the instance types, or the preferences, of one cluster in the order of their keys. It never changes.
type catalogue[T any] []catalogued[T]

type catalogued[T any] struct {
	key    key
	labels map[string]string
	value  T
}

func (l catalogue[T]) find(k key) (T, bool) {
	n, ok := slices.BinarySearchFunc(l, k.String(), func(item catalogued[T], order string) int {
		return strings.Compare(item.key.String(), order)
	})
	if !ok {
		var none T
		return none, false
	}
	return l[n].value, true
}

// match finds what a VM in a namespace means by a matcher.
func (l catalogue[T]) match(namespace string, m *domain.Matcher) (T, bool) {
	if !m.Namespaced {
		namespace = ""
	}
	return l.find(key{namespace, m.Name})
}

func (l *catalogue[T]) add(k key, labels map[string]string, value T) {
	*l = append(*l, catalogued[T]{k, labels, value})
}

func (l catalogue[T]) sort() {
	slices.SortFunc(l, func(a, b catalogued[T]) int { return strings.Compare(a.key.String(), b.key.String()) })
}

// catalogued refuses what a VM names and the cluster does not have. The server takes such a VM and never starts it.
func (c *site) catalogued(namespace string, instanceType, preference *domain.Matcher) error {
	if instanceType != nil {
		if _, ok := c.instanceTypes.match(namespace, instanceType); !ok {
			return unknown(domain.CodeInstanceTypeNotFound, "instanceType.name", instanceType.Name)
		}
	}
	if preference != nil {
		if _, ok := c.preferences.match(namespace, preference); !ok {
			return unknown(domain.CodePreferenceNotFound, "preference.name", preference.Name)
		}
	}
	return nil
}

func unknown(code domain.Code, field, name string) error {
	return &domain.Error{
		Code:   code,
		Params: domain.Params{domain.ParamField: field},
		Fields: []domain.FieldError{{Field: field, Reason: domain.FieldNotFound, Detail: name}},
	}
}

// fillCatalogues takes over the caller's instance types and preferences, or the standard ones.
func (c *site) fillCatalogues(opts Options) {
	types, preferences := opts.InstanceTypes, opts.Preferences
	if types == nil && preferences == nil {
		types, preferences = standardInstanceTypes(), standardPreferences()
	}
	for n, t := range types {
		if t.Cluster != "" && t.Cluster != c.name {
			continue
		}
		t.Cluster = c.name
		t.UID, t.Revision = c.catalogueID('t', n, t.UID), catalogueRevision(t.Revision)
		t = cloneInstanceType(t)
		c.instanceTypes.add(key{t.Namespace, t.Name}, t.Labels, t)
	}
	for n, t := range preferences {
		if t.Cluster != "" && t.Cluster != c.name {
			continue
		}
		t.Cluster = c.name
		t.UID, t.Revision = c.catalogueID('p', n, t.UID), catalogueRevision(t.Revision)
		t = clonePreference(t)
		c.preferences.add(key{t.Namespace, t.Name}, t.Labels, t)
	}
	c.instanceTypes.sort()
	c.preferences.sort()
}

func (c *site) catalogueID(kind byte, n int, given string) string {
	if given != "" {
		return given
	}
	return c.ids.uid(kind, uint64(n), 0)
}

func catalogueRevision(given string) string {
	if given != "" {
		return given
	}
	return "1"
}

func cloneInstanceType(t domain.InstanceType) domain.InstanceType {
	t.Labels, t.Annotations, t.GPUs = maps.Clone(t.Labels), maps.Clone(t.Annotations), slices.Clone(t.GPUs)
	return t
}

func clonePreference(t domain.Preference) domain.Preference {
	t.Labels, t.Annotations = maps.Clone(t.Labels), maps.Clone(t.Annotations)
	return t
}

// standardInstanceTypes are a few of KubeVirt's common instance types.
func standardInstanceTypes() []domain.InstanceType {
	const gi = 1 << 30
	return []domain.InstanceType{
		{Name: "u1.small", VCPUs: 1, MemoryBytes: 2 * gi},
		{Name: "u1.medium", VCPUs: 1, MemoryBytes: 4 * gi},
		{Name: "u1.large", VCPUs: 2, MemoryBytes: 8 * gi},
		{Name: "u1.xlarge", VCPUs: 4, MemoryBytes: 16 * gi},
	}
}

func standardPreferences() []domain.Preference {
	return []domain.Preference{
		{Name: "fedora", DiskBus: "virtio", InterfaceModel: "virtio"},
		{Name: "ubuntu", DiskBus: "virtio", InterfaceModel: "virtio"},
		{Name: "windows.11", DiskBus: "sata", InterfaceModel: "e1000e", MinVCPUs: 2, MinMemoryBytes: 4 << 30},
	}
}
