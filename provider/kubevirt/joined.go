package kubevirt

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// joinedVM is a VM and its instance as a cache keeps them: two small records, from which the domain value is made when
// somebody asks for it.
type joinedVM struct {
	of       *origin
	vm       mapper.VMRecord
	instance mapper.InstanceRecord // zero when there is none
	// unread says that nobody could read the instance: none may be read, or this one is broken.
	unread, broken bool
}

// origin is what the VMs of one cluster share.
type origin struct {
	cluster string
	mapper  *mapper.Mapper
}

var _ watcher.VMRecord = (*joinedVM)(nil)

func (j *joinedVM) Ref() domain.Ref {
	return domain.Ref{Cluster: j.of.cluster, Namespace: j.vm.Namespace(), Name: j.vm.Name(), UID: j.vm.UID()}
}

func (j *joinedVM) Revision() (vm, instance string) {
	if !j.unread && !j.instance.IsZero() {
		instance = j.instance.Revision()
	}
	return j.vm.Revision(), instance
}

func (j *joinedVM) Node() string {
	if j.unread || j.instance.IsZero() {
		return ""
	}
	return j.instance.Node()
}

func (j *joinedVM) Identity() domain.Identity { return j.of.mapper.Identity(j.vm) }

func (j *joinedVM) Label(key string) (value string, ok bool) { return j.vm.Label(key) }

func (j *joinedVM) Labels(yield func(key, value string) bool) { j.vm.Labels()(yield) }

func (j *joinedVM) VM() *domain.VM {
	if j.unread {
		return j.of.mapper.JoinDegraded(j.vm)
	}
	return j.of.mapper.Join(j.vm, j.instance)
}

// What stands for the revision of an instance that may not be read, and of one that cannot be decoded.
const (
	unreadRevision = "?"
	brokenRevision = "!"
)

// item makes the item of a cache. Its revision is the pair of those of its parts: nothing changed if neither did.
func (j *joinedVM) item() watcher.Item[watcher.VMRecord] {
	revision := j.vm.Revision()
	if j.unread {
		revision += "/" + unreadRevision
	}
	switch { // also of an instance that was read before
	case j.broken:
		revision += "/" + brokenRevision
	case !j.instance.IsZero():
		revision += "/" + j.instance.Revision()
	}
	return watcher.Item[watcher.VMRecord]{Key: j.vm.Key(), UID: j.vm.UID(), Revision: revision, Value: j}
}

// same says whether nothing changed.
func (j *joinedVM) same(other *joinedVM) bool {
	return j.vm == other.vm && j.instance == other.instance && j.unread == other.unread && j.broken == other.broken
}

// owns says whether an instance is of a VM: a VM made anew may find that of the one before it.
func owns(vm mapper.VMRecord, instance mapper.InstanceRecord) bool {
	return !instance.IsZero() && instance.OwnerUID() == vm.UID()
}
