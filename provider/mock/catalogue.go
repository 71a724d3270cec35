package mock

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// catalogue is the instance types, or the preferences, of one cluster in the order of their keys. It belongs to the
// holder of the cluster's mu, its values to nobody: they are copied on their way in and out.
type catalogue[T any] []catalogued[T]

type catalogued[T any] struct {
	key    key
	labels map[string]string
	value  T
}

// place is where a key stands, or would.
func (l catalogue[T]) place(k key) (int, bool) {
	return slices.BinarySearchFunc(l, k.String(), func(item catalogued[T], order string) int {
		return strings.Compare(item.key.String(), order)
	})
}

func (l catalogue[T]) find(k key) (T, bool) {
	n, ok := l.place(k)
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

// put takes a value in, in place of the one that has its key.
func (l *catalogue[T]) put(k key, labels map[string]string, value T) {
	n, found := l.place(k)
	if found {
		(*l)[n] = catalogued[T]{k, labels, value}
		return
	}
	*l = slices.Insert(*l, n, catalogued[T]{k, labels, value})
}

// knows refuses what a VM names and the cluster does not have. The server takes such a VM and never starts it.
func (c *site) knows(namespace string, instanceType, preference *domain.Matcher) error {
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
	for _, t := range types {
		if t.Cluster == "" || t.Cluster == c.name {
			c.putInstanceType(t)
		}
	}
	for _, t := range preferences {
		if t.Cluster == "" || t.Cluster == c.name {
			c.putPreference(t)
		}
	}
}

func (c *site) putInstanceType(t domain.InstanceType) {
	k := key{t.Namespace, t.Name}
	old, _ := c.instanceTypes.find(k)
	t = cloneInstanceType(t)
	t.Cluster = c.name
	t.UID, t.Revision = c.catalogueIDs('t', cmp.Or(t.UID, old.UID), t.Revision)
	c.instanceTypes.put(k, t.Labels, t)
}

func (c *site) putPreference(t domain.Preference) {
	k := key{t.Namespace, t.Name}
	old, _ := c.preferences.find(k)
	t = clonePreference(t)
	t.Cluster = c.name
	t.UID, t.Revision = c.catalogueIDs('p', cmp.Or(t.UID, old.UID), t.Revision)
	c.preferences.put(k, t.Labels, t)
}

// catalogueIDs makes up what is not given.
func (c *site) catalogueIDs(kind byte, uid, rev string) (string, string) {
	if uid == "" {
		c.catalogued++
		uid = c.ids.uid(kind, c.catalogued, 0)
	}
	if rev == "" {
		rev = revision(c.nextRevision())
	}
	return uid, rev
}

// AddInstanceType puts an instance type into the catalogue of its cluster, in place of the one of its namespace and
// name; without a Cluster into all of them. What runs with the old one keeps its size until it starts again. UID and
// Revision are made up where they are empty; the successor of an instance type has its UID. CLUSTER_NOT_FOUND, and
// INVALID_NAME.
func (p *Provider) AddInstanceType(t domain.InstanceType) error {
	return p.intoCatalogue(domain.Ref{Cluster: t.Cluster, Namespace: t.Namespace, Name: t.Name}, func(c *site) { c.putInstanceType(t) })
}

// AddPreference is AddInstanceType for preferences.
func (p *Provider) AddPreference(t domain.Preference) error {
	return p.intoCatalogue(domain.Ref{Cluster: t.Cluster, Namespace: t.Namespace, Name: t.Name}, func(c *site) { c.putPreference(t) })
}

func (p *Provider) intoCatalogue(ref domain.Ref, put func(*site)) error {
	checks := []*domain.FieldError{names.Object("name", ref.Name)}
	if ref.Namespace != "" {
		checks = append(checks, names.Namespace("namespace", ref.Namespace))
	}
	if err := names.Check(checks...); err != nil {
		return err
	}
	if _, err := p.cluster(ref.Cluster); err != nil && ref.Cluster != "" {
		return domain.E(domain.CodeClusterNotFound, ref.Params(), nil)
	}
	for name, c := range p.clusters {
		if ref.Cluster != "" && ref.Cluster != name {
			continue
		}
		c.mu.Lock()
		put(c)
		c.unlock()
	}
	return nil
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
