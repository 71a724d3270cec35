package watcher

import (
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/selector"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The indexes of a VMCache, beside one per label that was asked for.
const (
	indexNode     = "node"
	indexIdentity = "identity"
	indexLabel    = "label/"
)

// VMCacheOptions configures a [VMCache]. The zero value is ready to use.
type VMCacheOptions struct {
	CacheOptions[VMRecord]
	// LabelIndexes are keys of labels by whose values VMs are to be found fast, by [VMCache.ListVMsByLabel].
	LabelIndexes []string
}

// VMCache is a [Cache] of the VMs of one cluster that speaks the domain: its methods answer as a provider does, with
// values that belong to the caller, and say in Read how fresh they are.
//
// Before the first whole set everything is CLUSTER_SYNCING: nothing is told to be missing that was not looked for. Later
// it answers in whatever state the watcher is, and says STALE when that does not follow.
type VMCache struct {
	*Cache[VMRecord]
	cluster string
}

// NewVMCache makes an empty cache of the VMs of a cluster.
func NewVMCache(cluster string, opts VMCacheOptions) *VMCache {
	cache := opts.CacheOptions
	indexes := map[string]IndexFunc[VMRecord]{indexNode: nodeOf, indexIdentity: identityOf}
	for _, key := range opts.LabelIndexes {
		indexes[indexLabel+key] = func(r VMRecord) []string {
			if value, ok := r.Label(key); ok {
				return []string{value}
			}
			return nil
		}
	}
	maps.Copy(indexes, opts.Indexes)
	cache.Indexes = indexes
	return &VMCache{NewCache(cache), cluster}
}

func nodeOf(r VMRecord) []string {
	if node := r.Node(); node != "" {
		return []string{node}
	}
	return nil
}

// identityOf is one value for all three, so that a prefix finds a system or a service. Label values have no slash.
func identityOf(r VMRecord) []string {
	id := r.Identity()
	if id.System == "" {
		return nil
	}
	return []string{id.System + "/" + id.Service + "/" + id.Instance + "/"}
}

// GetVM returns the VM with a name, or VM_NOT_FOUND.
func (c *VMCache) GetVM(namespace, name string) (*domain.VM, error) {
	item, fresh, ok := c.Get(namespace + "/" + name)
	return c.one(item, fresh, ok, domain.Ref{Cluster: c.cluster, Namespace: namespace, Name: name})
}

// GetVMByUID returns the VM with a UID, or VM_NOT_FOUND.
func (c *VMCache) GetVMByUID(uid string) (*domain.VM, error) {
	item, fresh, ok := c.ByUID(uid)
	return c.one(item, fresh, ok, domain.Ref{Cluster: c.cluster, UID: uid})
}

func (c *VMCache) one(item Item[VMRecord], fresh Freshness, ok bool, ref domain.Ref) (*domain.VM, error) {
	switch {
	case fresh.Status == domain.CacheUnsynced:
		return nil, c.syncing()
	case !ok:
		return nil, domain.E(domain.CodeVMNotFound, ref.Params(), nil)
	case item.Err != nil:
		return nil, c.undecoded(item).Err
	}
	return vmOf(item, fresh), nil
}

func (c *VMCache) syncing() error {
	return domain.E(domain.CodeClusterSyncing, domain.Params{domain.ParamCluster: c.cluster}, c.State().Err)
}

// undecoded is the error of a VM that is there and cannot be read.
func (c *VMCache) undecoded(item Item[VMRecord]) *domain.ItemError {
	namespace, name, _ := strings.Cut(item.Key, "/")
	return domain.NewItemError(domain.Ref{Cluster: c.cluster, Namespace: namespace, Name: name, UID: item.UID}, item.Err)
}

func vmOf(item Item[VMRecord], fresh Freshness) *domain.VM {
	vm := item.Value.VM()
	vm.Read.From, vm.Read.At, vm.Read.Freshness = domain.ReadCache, fresh.At, fresh.Status
	return vm
}

// ListVMs returns the VMs of a namespace, or of all ("*"), that a label selector selects, in the order of their keys. The
// empty selector selects everything. A VM that cannot be read is in ItemErrors, whatever the selector.
func (c *VMCache) ListVMs(namespace, labels string) (*domain.VMList, error) {
	list := &domain.VMList{}
	for vm, err := range c.VMs(namespace, labels) {
		item, ofOne := errors.AsType[*domain.ItemError](err)
		switch {
		case err == nil:
			list.Items = append(list.Items, vm)
		case ofOne:
			list.ItemErrors = append(list.ItemErrors, item)
		default:
			return nil, err
		}
	}
	total := int64(len(list.Items))
	list.Total = &total
	return list, nil
}

// VMs is [VMCache.ListVMs] one by one: a [domain.ItemError] is followed by further VMs, any other error is the last value.
func (c *VMCache) VMs(namespace, labels string) iter.Seq2[*domain.VM, error] {
	return func(yield func(*domain.VM, error) bool) {
		wanted, err := SelectVMs(labels)
		if err != nil {
			yield(nil, err)
			return
		}
		var items iter.Seq[Item[VMRecord]]
		var fresh Freshness
		switch namespace {
		case "":
			yield(nil, domain.E(domain.CodeInvalidName, domain.Params{domain.ParamField: domain.ParamNamespace}, nil))
			return
		case provider.AllNamespaces:
			items, fresh = c.All()
		default:
			items, fresh = c.List(namespace)
		}
		if fresh.Status == domain.CacheUnsynced {
			yield(nil, c.syncing())
			return
		}
		c.each(items, fresh, wanted, yield)
	}
}

// each makes VMs of the items that are wanted.
func (c *VMCache) each(items iter.Seq[Item[VMRecord]], fresh Freshness, wanted func(VMRecord) bool, yield func(*domain.VM, error) bool) {
	for item := range items {
		switch {
		case item.Err != nil:
			if !yield(nil, c.undecoded(item)) {
				return
			}
		case wanted != nil && !wanted(item.Value):
		case !yield(vmOf(item, fresh), nil):
			return
		}
	}
}

// SelectVMs returns what says whether a label selector selects a VM, for SubscribeOptions.Where; nil for the empty selector,
// which selects everything. One that cannot be read is INVALID_SELECTOR. What it returns is for one goroutine.
func SelectVMs(labels string) (where func(VMRecord) bool, err error) {
	wanted, err := selector.Parse(labels)
	if err != nil || wanted.Empty() {
		return nil, err
	}
	found := map[string]string{} // one map serves all the VMs
	put := func(key, value string) bool {
		found[key] = value
		return true
	}
	return func(r VMRecord) bool {
		clear(found)
		r.Labels(put)
		return wanted.Matches(found)
	}, nil
}

// ListVMsByNode returns the VMs whose instance runs on a node, in the order of their keys.
func (c *VMCache) ListVMsByNode(node string) ([]*domain.VM, error) {
	return c.all(c.ByIndex(indexNode, node))
}

// ListVMsByLabel returns the VMs that have a value of a label, in the order of their keys. The label must be one of
// VMCacheOptions.LabelIndexes; another one is INVALID_OPTION.
func (c *VMCache) ListVMsByLabel(key, value string) ([]*domain.VM, error) {
	if c.named[indexLabel+key] == nil {
		return nil, domain.E(domain.CodeInvalidOption, domain.Params{domain.ParamField: "LabelIndexes"}, nil)
	}
	return c.all(c.ByIndex(indexLabel+key, value))
}

// ListVMsByIdentity returns the VMs that claim to be of a system, a service of it, an instance of that, in the order of
// their keys. An empty service, or instance, is any; an instance of any service is INVALID_OPTION.
func (c *VMCache) ListVMsByIdentity(system, service, instance string) ([]*domain.VM, error) {
	if service == "" && instance != "" {
		return nil, domain.E(domain.CodeInvalidOption, domain.Params{domain.ParamField: "service"}, nil)
	}
	prefix := system + "/"
	if service != "" {
		prefix += service + "/"
		if instance != "" {
			prefix += instance + "/"
		}
	}
	items, fresh := c.ByIndexPrefix(indexIdentity, prefix)
	inOrder := slices.SortedFunc(items, func(a, b Item[VMRecord]) int { return strings.Compare(a.Key, b.Key) })
	return c.all(slices.Values(inOrder), fresh)
}

func (c *VMCache) all(items iter.Seq[Item[VMRecord]], fresh Freshness) ([]*domain.VM, error) {
	if fresh.Status == domain.CacheUnsynced {
		return nil, c.syncing()
	}
	var vms []*domain.VM
	for item := range items {
		vms = append(vms, vmOf(item, fresh))
	}
	return vms, nil
}
