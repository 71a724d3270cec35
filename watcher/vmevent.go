package watcher

import (
	"context"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Event is what a notice of the cache's subscription means to one who follows VMs: the event, with a VM that belongs to
// the caller, or a [domain.ItemError] for a VM that is there and cannot be read. One of those that goes is DELETED with a
// VM that has nothing but its names and UID.
func (c *VMCache) Event(n Notice[VMRecord]) (domain.Event[*domain.VM], error) {
	e := domain.Event[*domain.VM]{Type: n.Type, Revision: n.Revision, FinalStateUnknown: n.FinalStateUnknown}
	item := n.New
	switch n.Type {
	case domain.EventSynced, domain.EventRebuilding:
		return e, nil
	case domain.EventDeleted:
		item = n.Old
	default:
	}
	switch {
	case item.Err == nil:
		e.Value = vmOf(item, c.Freshness())
	case n.Type != domain.EventDeleted:
		return domain.Event[*domain.VM]{}, c.undecoded(item)
	default:
		namespace, name, _ := strings.Cut(item.Key, "/")
		e.Value = &domain.VM{Cluster: c.cluster, Namespace: namespace, Name: name, UID: item.UID}
	}
	return e, nil
}

// AwaitVM waits until the cache knows more of a VM than since, which somebody read of the cluster, or until ctx ends, whose
// coded error it returns then. That a cache knows less, because it lags behind, is nothing to wake up for.
func (c *VMCache) AwaitVM(ctx context.Context, since *domain.VM) error {
	changed := false
	return c.Await(ctx, since.Namespace+"/"+since.Name, func(item Item[VMRecord], ok bool) bool {
		before := changed
		changed = true
		if !ok || item.Err != nil {
			return before // at first it may only lag behind
		}
		vm, instance := item.Value.Revision()
		known := since.InstanceRevision
		if known == "" {
			known = since.Revision // a new instance is younger than that
		}
		return newer(vm, since.Revision, before) || instance != since.InstanceRevision && newer(instance, known, before)
	})
}

// newer says whether a revision is newer than another; where that cannot be known, whether it may be.
func newer(revision, than string, maybe bool) bool {
	older, comparable := olderRevision(than, revision)
	if !comparable {
		return maybe && revision != than
	}
	return older
}
