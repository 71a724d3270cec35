package watcher

import (
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// VMRecord is a VM as a [VMCache] keeps it: immutable, and made into a [domain.VM] when one is asked for. [RecordOf] makes
// one of any VM. Safe for concurrent use.
type VMRecord interface {
	// Ref points at the VM, with cluster and UID.
	Ref() domain.Ref
	// Revision returns those of the VM and of its instance; the latter is empty without one.
	Revision() (vm, instance string)
	// Node returns where the instance runs, or "".
	Node() string
	// Identity returns what the labels claim.
	Identity() domain.Identity
	// Label returns one label.
	Label(key string) (value string, ok bool)
	// Labels yields all labels in the order of their keys, until yield returns false. It allocates nothing.
	Labels(yield func(key, value string) bool)
	// VM makes a new value, which the caller owns.
	VM() *domain.VM
}

// RecordOf keeps a copy of a VM as a record. It is for providers that have no more compact form.
func RecordOf(vm *domain.VM) VMRecord {
	return &copiedVM{vm.Clone(), slices.Sorted(maps.Keys(vm.Labels))}
}

type copiedVM struct {
	vm   *domain.VM
	keys []string // of the labels, sorted
}

func (r *copiedVM) Ref() domain.Ref                 { return r.vm.Ref() }
func (r *copiedVM) Revision() (vm, instance string) { return r.vm.Revision, r.vm.InstanceRevision }
func (r *copiedVM) Node() string                    { return r.vm.Node }
func (r *copiedVM) Identity() domain.Identity       { return r.vm.Identity }
func (r *copiedVM) VM() *domain.VM                  { return r.vm.Clone() }

func (r *copiedVM) Label(key string) (value string, ok bool) {
	value, ok = r.vm.Labels[key]
	return value, ok
}

func (r *copiedVM) Labels(yield func(key, value string) bool) {
	for _, key := range r.keys {
		if !yield(key, r.vm.Labels[key]) {
			return
		}
	}
}

// ItemOf makes the item of a record, for what feeds a [VMCache] by itself.
func ItemOf(r VMRecord) Item[VMRecord] {
	ref := r.Ref()
	revision, instance := r.Revision()
	if instance != "" {
		revision += "/" + instance
	}
	return Item[VMRecord]{Key: ref.Namespace + "/" + ref.Name, UID: ref.UID, Revision: revision, Value: r}
}
