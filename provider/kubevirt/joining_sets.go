package kubevirt

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// inOrder sorts items by key, which a list usually is.
func inOrder[R any](items []watcher.Item[R]) []watcher.Item[R] {
	byKey := func(a, b watcher.Item[R]) int { return cmp.Compare(a.Key, b.Key) }
	if !slices.IsSortedFunc(items, byKey) {
		slices.SortStableFunc(items, byKey)
	}
	return items
}

// join makes the set of two that are in order, and tells which instances have no VM in it.
func (j *joining) join(vms []vmItem, instances []instanceItem) (set []joinedItem, lone map[string]instance) {
	set, lone = make([]joinedItem, 0, len(vms)), map[string]instance{}
	next := 0
	for _, item := range vms {
		for ; next < len(instances) && instances[next].Key < item.Key; next++ {
			lone[instances[next].Key] = instanceOf(instances[next])
		}
		var found instance
		if next < len(instances) && instances[next].Key == item.Key {
			found = instanceOf(instances[next])
			next++
		}
		joined, taken := j.make(joinedItem{}, item, found)
		if !taken {
			hold(lone, item.Key, found)
		}
		set = append(set, joined)
	}
	for ; next < len(instances); next++ {
		lone[instances[next].Key] = instanceOf(instances[next])
	}
	return set, lone
}

func instanceOf(item instanceItem) instance {
	return instance{item.Value, item.Err != nil}
}

// hold keeps an instance that has no VM.
func hold(lone map[string]instance, key string, i instance) {
	if i != (instance{}) {
		lone[key] = i
	}
}

// make joins a VM and the instance of its name. taken says that the instance is the VM's. old is what there was before.
func (j *joining) make(old joinedItem, item vmItem, found instance) (joined joinedItem, taken bool) {
	if item.Err != nil {
		return joinedItem{Key: item.Key, UID: item.UID, Revision: item.Revision, Err: item.Err}, false
	}
	taken = found.broken || owns(item.Value, found.record)
	if !taken {
		found = instance{}
	}
	return j.renewed(old, item.Value, found), taken
}

// renewed is an item made of its parts, the old one if they are the same.
func (j *joining) renewed(old joinedItem, vm mapper.VMRecord, i instance) joinedItem {
	joined := &joinedVM{of: j.of, vm: vm, instance: i.record, broken: i.broken, unread: i.broken || j.unread.Load()}
	if before := joinedOf(old); before != nil && joined.same(before) {
		return old
	}
	return joined.item()
}

// joinedOf is the value of an item, nil if it has none.
func joinedOf(item joinedItem) *joinedVM {
	joined, _ := item.Value.(*joinedVM)
	return joined
}

// replaceVMs takes a new set of VMs and keeps the instances.
func (j *joining) replaceVMs(ctx context.Context, items []vmItem) error {
	items = inOrder(items)
	set, lone := make([]joinedItem, 0, len(items)), maps.Clone(j.lone)
	next := 0
	add := func(old joinedItem) {
		item := items[next]
		next++
		found := held(old)
		if other, there := lone[item.Key]; there {
			found = other
			delete(lone, item.Key)
		}
		joined, taken := j.make(old, item, found)
		if !taken {
			hold(lone, item.Key, found)
		}
		set = append(set, joined)
	}
	all, _ := j.cache.All()
	for old := range all {
		for next < len(items) && items[next].Key < old.Key {
			add(joinedItem{})
		}
		if next < len(items) && items[next].Key == old.Key {
			add(old)
			continue
		}
		hold(lone, old.Key, held(old))
	}
	for next < len(items) {
		add(joinedItem{})
	}
	if err := j.cache.Replace(ctx, set); err != nil {
		return err
	}
	j.lone = lone
	return nil
}

// held is the instance of a joined VM.
func held(item joinedItem) instance {
	if joined := joinedOf(item); joined != nil {
		return instance{joined.instance, joined.broken}
	}
	return instance{}
}

// replaceInstances takes a new set of instances and keeps the VMs.
func (j *joining) replaceInstances(ctx context.Context, items []instanceItem) error {
	items = inOrder(items)
	set, lone := make([]joinedItem, 0, j.cache.Len()), map[string]instance{}
	next := 0
	all, _ := j.cache.All()
	for old := range all {
		for ; next < len(items) && items[next].Key < old.Key; next++ {
			lone[items[next].Key] = instanceOf(items[next])
		}
		var found instance
		if next < len(items) && items[next].Key == old.Key {
			found = instanceOf(items[next])
			next++
		}
		joined, taken := j.rejoin(old, found)
		if !taken {
			hold(lone, old.Key, found)
		}
		set = append(set, joined)
	}
	for ; next < len(items); next++ {
		lone[items[next].Key] = instanceOf(items[next])
	}
	if err := j.cache.Replace(ctx, set); err != nil {
		return err
	}
	j.lone = lone
	return nil
}

// rejoin joins a VM that is known and an instance of its name.
func (j *joining) rejoin(old joinedItem, found instance) (joined joinedItem, taken bool) {
	before := joinedOf(old)
	if before == nil {
		return old, false
	}
	return j.make(old, vmItem{Value: before.vm}, found)
}
