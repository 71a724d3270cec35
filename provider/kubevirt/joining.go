package kubevirt

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/keyed"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

type (
	vmItem       = watcher.Item[mapper.VMRecord]
	instanceItem = watcher.Item[mapper.InstanceRecord]
	joinedItem   = watcher.Item[watcher.VMRecord]
)

// joining is what two watchers feed, one of VMs and one of instances, to fill one cache. An instance belongs to the VM
// whose UID its owner has; until that comes, and after it went, the instance is held back.
//
// The cache gets its first set when both sets are there. Where instances may not be read, VMs are joined without them,
// and say so.
type joining struct {
	of    *origin
	cache *watcher.VMCache
	// unread says that instances may not be read.
	unread atomic.Bool

	mu             sync.Mutex
	vms            part
	instances      part
	earlyVMs       keyed.Set[vmItem] // until the sets are joined
	earlyInstances keyed.Set[instanceItem]
	joined         bool
	lone           map[string]instance // by key, those without their VM
}

// part is one of the two watchers, as it told last.
type part struct {
	state watcher.State
	place string // in the cluster's history; empty is lost
	whole bool   // its first set was there
}

// instance is what is known of one.
type instance struct {
	record mapper.InstanceRecord
	broken bool // it is there, and cannot be decoded
}

func newJoining(of *origin) *joining {
	return &joining{
		of:             of,
		earlyVMs:       keyed.Set[vmItem]{Key: func(i vmItem) string { return i.Key }},
		earlyInstances: keyed.Set[instanceItem]{Key: func(i instanceItem) string { return i.Key }},
		lone:           map[string]instance{},
	}
}

// vmSink and instanceSink are the two ends.
type (
	vmSink       struct{ *joining }
	instanceSink struct{ *joining }
)

var (
	_ watcher.Sink[mapper.VMRecord]       = vmSink{}
	_ watcher.Sink[mapper.InstanceRecord] = instanceSink{}
)

// SetState implements watcher.Sink.
func (j vmSink) SetState(ctx context.Context, state watcher.State) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.vms.state, j.vms.place = state, state.Revision
	return j.cache.SetState(ctx, j.state())
}

// SetState implements watcher.Sink.
func (j instanceSink) SetState(ctx context.Context, state watcher.State) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.instances.state, j.instances.place = state, state.Revision
	forbidden := state.Phase == domain.SyncBlocked && state.Reason == domain.ReasonForbidden
	if forbidden || state.Phase == domain.SyncLive {
		if err := j.setUnread(ctx, forbidden); err != nil {
			return err
		}
	}
	return j.cache.SetState(ctx, j.state())
}

// state is that of the whole.
func (j *joining) state() watcher.State {
	return joinedState(j.vms.state, j.instances.state, j.unread.Load(), j.place())
}

// place is that of the whole: both, or none.
func (j *joining) place() string {
	instances := j.instances.place
	if j.unread.Load() {
		instances = unreadRevision
	}
	if j.vms.place == "" || instances == "" {
		return ""
	}
	return j.vms.place + "/" + instances
}

// setUnread notes whether instances may be read. The VMs change with that.
func (j *joining) setUnread(ctx context.Context, unread bool) error {
	if j.unread.Load() == unread {
		return nil
	}
	j.unread.Store(unread)
	renew := j.joinFirst
	if j.joined {
		renew = func(ctx context.Context) error { return j.cache.Replace(ctx, j.remarked()) }
	}
	err := renew(ctx)
	if err != nil {
		j.unread.Store(!unread)
	}
	return err
}

// remarked is the present set with VMs that say whether instances may be read.
func (j *joining) remarked() []joinedItem {
	set := make([]joinedItem, 0, j.cache.Len())
	all, _ := j.cache.All()
	for item := range all {
		if old := joinedOf(item); old != nil {
			item = j.renewed(item, old.vm, held(item))
		}
		set = append(set, item)
	}
	return set
}

// Replace implements watcher.Sink.
func (j vmSink) Replace(ctx context.Context, items []vmItem) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.vms.whole = true
	if j.joined {
		return j.replaceVMs(ctx, items)
	}
	j.earlyVMs.Fill(items)
	return j.joinFirst(ctx)
}

// Replace implements watcher.Sink.
func (j instanceSink) Replace(ctx context.Context, items []instanceItem) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.instances.whole = true
	if j.joined {
		return j.replaceInstances(ctx, items)
	}
	j.earlyInstances.Fill(items)
	return j.joinFirst(ctx)
}

// joinFirst joins the two first sets, when they are there.
func (j *joining) joinFirst(ctx context.Context) error {
	if !j.vms.whole || !j.instances.whole && !j.unread.Load() {
		return nil
	}
	set, lone := j.join(inOrder(j.earlyVMs.Values()), inOrder(j.earlyInstances.Values()))
	if err := j.cache.Replace(ctx, set); err != nil {
		return err
	}
	j.joined, j.lone = true, lone
	j.earlyVMs.Fill(nil)
	j.earlyInstances.Fill(nil)
	return nil
}

// Apply implements watcher.Sink.
func (j vmSink) Apply(ctx context.Context, events []watcher.Event[mapper.VMRecord]) error {
	return apply(ctx, j.joining, &j.vms, &j.earlyVMs, events, j.vmEvent)
}

// Apply implements watcher.Sink.
func (j instanceSink) Apply(ctx context.Context, events []watcher.Event[mapper.InstanceRecord]) error {
	return apply(ctx, j.joining, &j.instances, &j.earlyInstances, events, j.instanceEvent)
}

// apply takes the events of one part; means tells what one of them means to the cache, once the sets are joined.
func apply[R any](ctx context.Context, j *joining, of *part, before *keyed.Set[watcher.Item[R]], events []watcher.Event[R],
	means func(*watcher.Event[R]) watcher.Event[watcher.VMRecord],
) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for n := range events {
		e := &events[n]
		of.place = e.Place
		if !j.joined {
			early(before, e.Type, e.Item)
			continue
		}
		if err := j.tell(ctx, means(e)); err != nil {
			return err
		}
	}
	return nil
}

// early takes a change of a set that is not joined yet.
func early[R any](set *keyed.Set[watcher.Item[R]], what domain.EventType, item watcher.Item[R]) {
	if what == domain.EventDeleted {
		set.Remove(item.Key)
		return
	}
	set.Put(item)
}

// tell has the cache take what an event means to it. One without a key means nothing.
func (j *joining) tell(ctx context.Context, e watcher.Event[watcher.VMRecord]) error {
	if e.Item.Key == "" {
		return nil
	}
	e.Place = j.place()
	return j.cache.Apply(ctx, []watcher.Event[watcher.VMRecord]{e})
}

// vmEvent is what an event of a VM means to the cache.
func (j *joining) vmEvent(e *watcher.Event[mapper.VMRecord]) watcher.Event[watcher.VMRecord] {
	key := e.Item.Key
	old, _, _ := j.cache.Get(key)
	found := j.lone[key]
	if found == (instance{}) {
		found = held(old)
	}
	if e.Type == domain.EventDeleted {
		if old.UID == e.Item.UID {
			hold(j.lone, key, found)
		}
		return watcher.Event[watcher.VMRecord]{Type: e.Type, Item: joinedItem{Key: key, UID: e.Item.UID, Revision: e.Item.Revision}}
	}
	joined, taken := j.make(old, e.Item, found)
	if taken {
		delete(j.lone, key)
	} else {
		hold(j.lone, key, found)
	}
	return watcher.Event[watcher.VMRecord]{Type: e.Type, Item: joined}
}

// instanceEvent is what an event of an instance means to the cache.
func (j *joining) instanceEvent(e *watcher.Event[mapper.InstanceRecord]) watcher.Event[watcher.VMRecord] {
	key := e.Item.Key
	var found instance
	if e.Type != domain.EventDeleted {
		found = instanceOf(e.Item)
	}
	old, _, there := j.cache.Get(key)
	joined, taken := j.rejoin(old, found)
	delete(j.lone, key)
	if !taken {
		hold(j.lone, key, found)
	}
	if !there {
		return watcher.Event[watcher.VMRecord]{}
	}
	return watcher.Event[watcher.VMRecord]{Type: domain.EventModified, Item: joined}
}
