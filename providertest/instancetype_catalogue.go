package providertest

import (
	"strconv"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// catalogueKind is what instance types and preferences have in common: the checks are the same for both.
type catalogueKind struct {
	missing domain.Code
	// add makes one in a namespace, or for the whole cluster where that is empty.
	add func(e *env, namespace, name string, labels map[string]string) error
	// get and list read in a scope: a namespace, or provider.ClusterScope.
	get  func(e *env, cluster, scope, name string) (entry, error)
	list func(e *env, scope string, opts provider.ListOptions) (page []entry, more string, err error)
}

// entry is what a catalogue tells of one of its objects.
type entry struct {
	Cluster, Namespace, Name string
	HasUID                   bool
	Label                    string
	// What is its size, or what it prefers.
	VCPUs, MemoryBytes int64
	Bus                string
}

// ours is the label of what a check makes: the cluster's catalogue is shared with others.
const ours = "providertest"

const (
	typeVCPUs  = 2
	typeMemory = 192 << 20
	typeBus    = "sata"
)

var instanceTypes = catalogueKind{
	missing: domain.CodeInstanceTypeNotFound,
	add: func(e *env, namespace, name string, labels map[string]string) error {
		return e.MakeInstanceType(e.ctx, domain.InstanceType{Cluster: e.cluster, Namespace: namespace, Name: name, Labels: labels,
			VCPUs: typeVCPUs, MemoryBytes: typeMemory})
	},
	get: func(e *env, cluster, scope, name string) (entry, error) {
		t, err := e.Provider.GetInstanceType(e.ctx, cluster, scope, name)
		return instanceTypeEntry(t), err
	},
	list: func(e *env, scope string, opts provider.ListOptions) (found []entry, more string, err error) {
		page, err := e.Provider.ListInstanceTypes(e.ctx, e.cluster, scope, opts)
		if err != nil {
			return nil, "", err
		}
		for _, t := range page.Items {
			found = append(found, instanceTypeEntry(t))
		}
		return found, page.Continue, nil
	},
}

func instanceTypeEntry(t *domain.InstanceType) entry {
	if t == nil {
		return entry{}
	}
	return entry{Cluster: t.Cluster, Namespace: t.Namespace, Name: t.Name, HasUID: t.UID != "", Label: t.Labels[ours],
		VCPUs: t.VCPUs, MemoryBytes: t.MemoryBytes}
}

var preferences = catalogueKind{
	missing: domain.CodePreferenceNotFound,
	add: func(e *env, namespace, name string, labels map[string]string) error {
		return e.MakePreference(e.ctx, domain.Preference{Cluster: e.cluster, Namespace: namespace, Name: name, Labels: labels, DiskBus: typeBus})
	},
	get: func(e *env, cluster, scope, name string) (entry, error) {
		p, err := e.Provider.GetPreference(e.ctx, cluster, scope, name)
		return preferenceEntry(p), err
	},
	list: func(e *env, scope string, opts provider.ListOptions) (found []entry, more string, err error) {
		page, err := e.Provider.ListPreferences(e.ctx, e.cluster, scope, opts)
		if err != nil {
			return nil, "", err
		}
		for _, p := range page.Items {
			found = append(found, preferenceEntry(p))
		}
		return found, page.Continue, nil
	},
}

func preferenceEntry(p *domain.Preference) entry {
	if p == nil {
		return entry{}
	}
	return entry{Cluster: p.Cluster, Namespace: p.Namespace, Name: p.Name, HasUID: p.UID != "", Label: p.Labels[ours], Bus: p.DiskBus}
}

// want is the entry that add makes.
func (k catalogueKind) want(e *env, namespace, name, label string) entry {
	want := entry{Cluster: e.cluster, Namespace: namespace, Name: name, HasUID: true, Label: label}
	if k.missing == domain.CodePreferenceNotFound {
		want.Bus = typeBus
	} else {
		want.VCPUs, want.MemoryBytes = typeVCPUs, typeMemory
	}
	return want
}

// fill makes three objects in a namespace, or for the whole cluster, under names that begin with that of the check's
// own namespace, and returns what a list that selects their label must have.
func (k catalogueKind) fill(e *env, namespace, part, label string) []entry {
	var all []entry
	for n := range 3 {
		name := e.ns + "-" + part + "-" + strconv.Itoa(n)
		e.must("make "+name, k.add(e, namespace, name, map[string]string{ours: label}))
		all = append(all, k.want(e, namespace, name, label))
	}
	return all
}

// walk lists all pages; the check ends if that is not possible.
func (k catalogueKind) walk(e *env, scope string, opts provider.ListOptions, enough int) []entry {
	var all []entry
	for {
		page, more, err := k.list(e, scope, opts)
		e.must("list "+scope, err)
		e.holds(opts.Limit == 0 || len(page) <= opts.Limit, "list %s: a page of %d, where %d is the limit", scope, len(page), opts.Limit)
		all = append(all, page...)
		if opts.Continue = more; more == "" || len(all) > enough {
			return all
		}
	}
}

func checkCatalogueList(e *env, k catalogueKind) {
	there := e.namespace("-b")
	want := map[string][]entry{
		e.ns:                  k.fill(e, e.ns, "here", e.ns),
		there:                 k.fill(e, there, "there", e.ns),
		provider.ClusterScope: k.fill(e, "", "cluster", e.ns),
	}
	for scope, entries := range want {
		for _, limit := range []int{0, 1, 2, 3} {
			opts := provider.ListOptions{LabelSelector: ours + "=" + e.ns, Limit: limit}
			e.same("list "+scope+" in pages of "+strconv.Itoa(limit), entries, k.walk(e, scope, opts, len(entries)))
		}
	}
	e.same("everything in the namespace", want[e.ns], k.walk(e, e.ns, provider.ListOptions{}, len(want[e.ns])))
	e.same("another label in the cluster", 0, len(k.walk(e, provider.ClusterScope, provider.ListOptions{LabelSelector: ours + "=no-" + e.ns}, 0)))
}

func checkCatalogueGet(e *env, k catalogueKind) {
	there := e.namespace("-c")
	own, whole := e.ns+"-own", e.ns+"-whole"
	e.must("make "+own, k.add(e, e.ns, own, nil))
	e.must("make "+whole, k.add(e, "", whole, nil))

	got, err := k.get(e, e.cluster, e.ns, own)
	e.must("get one of the namespace", err)
	e.same("one of the namespace", k.want(e, e.ns, own, ""), got)
	got, err = k.get(e, e.cluster, provider.ClusterScope, whole)
	e.must("get one of the cluster", err)
	e.same("one of the cluster", k.want(e, "", whole, ""), got)

	for what, at := range map[string][2]string{
		"an unknown one of the namespace":                  {e.ns, e.ns + "-unknown"},
		"an unknown one of the cluster":                    {provider.ClusterScope, e.ns + "-unknown"},
		"one of the namespace, asked for as the cluster's": {provider.ClusterScope, own},
		"one of the namespace, asked for in another":       {there, own},
		"one of the cluster, asked for as the namespace's": {e.ns, whole},
	} {
		_, err := k.get(e, e.cluster, at[0], at[1])
		e.code(what, err, k.missing)
	}
	_, err = k.get(e, "no-such-cluster", provider.ClusterScope, whole)
	e.code("one of an unknown cluster", err, domain.CodeClusterNotFound)
}
