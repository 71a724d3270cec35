package kubevirt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// joinModel is what a cluster has, beside what the sinks were told of it.
type joinModel struct {
	*rapid.T

	joining   *joining
	mapper    *mapper.Mapper
	clock     int
	vms       map[string]vmItem
	instances map[string]instanceItem
	gone      map[string]string // the UID of the VM that had a key
	live      [2]bool           // the watcher of VMs, of instances, had its first set
	forbidden bool
	// seen is what a subscriber knows, in words, by key.
	subscription *watcher.Subscription[watcher.VMRecord]
	seen         map[string]string
}

// TestJoining holds the joined cache against a model: whatever comes in which order, it has every VM with the instance that
// it owns, and a subscriber who folds what it is told has the same.
func TestJoining(t *testing.T) {
	rapid.Check(t, checkJoining)
}

func checkJoining(t *rapid.T) {
	m := &joinModel{
		T: t, mapper: mapper.New(mapper.Options{Cluster: "c1"}),
		vms: map[string]vmItem{}, instances: map[string]instanceItem{}, gone: map[string]string{}, seen: map[string]string{},
	}
	m.joining = newJoining(&origin{"c1", m.mapper})
	cache := watcher.NewVMCache("c1", watcher.VMCacheOptions{CacheOptions: watcher.CacheOptions[watcher.VMRecord]{KeepStrings: true}})
	m.joining.cache = cache
	m.subscription = cache.Subscribe(watcher.SubscribeOptions[watcher.VMRecord]{})
	defer m.subscription.Close()
	t.Repeat(map[string]func(*rapid.T){
		"put a VM":                                 m.putVM,
		"delete a VM":                              m.deleteVM,
		"put an instance":                          m.putInstance,
		"delete an instance":                       m.deleteInstance,
		"list the VMs":                             func(*rapid.T) { m.listVMs() },
		"list the instances":                       func(*rapid.T) { m.listInstances() },
		"miss what happens to VMs, and list":       func(t *rapid.T) { m.miss(t, 0, m.putVM, m.deleteVM, m.listVMs) },
		"miss what happens to instances, and list": func(t *rapid.T) { m.miss(t, 1, m.putInstance, m.deleteInstance, m.listInstances) },
		"forbid instances":                         func(*rapid.T) { m.forbid() },
		"an event comes late":                      m.repeat,
		"":                                         func(*rapid.T) { m.check() },
	})
}

var joinKeys = rapid.SampledFrom([]string{"n/a", "n/b", "n/c"})

func (m *joinModel) next() string { m.clock++; return strconv.Itoa(m.clock) }

func (m *joinModel) meta(key, uid string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: key[:1], Name: key[2:], UID: types.UID(uid), ResourceVersion: m.next()}
}

func (m *joinModel) must(err error) {
	if err != nil {
		m.Fatal(err)
	}
}

// putVM makes a VM, changes it, or makes it anew; it may be one that cannot be decoded.
func (m *joinModel) putVM(t *rapid.T) {
	key := joinKeys.Draw(t, "key")
	uid := m.vms[key].UID
	if uid == "" {
		uid = m.gone[key] // a cluster that was restored has it again
	}
	if uid == "" || rapid.Bool().Draw(t, "anew") {
		uid = "vm-" + m.next()
	}
	object := &kubevirtv1.VirtualMachine{ObjectMeta: m.meta(key, uid)}
	record, err := m.mapper.VMRecord(object)
	m.must(err)
	item := vmItem{Key: key, UID: uid, Revision: object.ResourceVersion, Value: record}
	if rapid.IntRange(0, 5).Draw(t, "broken") == 0 {
		item.Value, item.Err = mapper.VMRecord{}, domain.CodeIncompatibleSchema
	}
	m.vms[key] = item
	m.tellVM(domain.EventModified, item)
}

func (m *joinModel) deleteVM(t *rapid.T) {
	key := joinKeys.Draw(t, "key")
	item, there := m.vms[key]
	if !there {
		return
	}
	delete(m.vms, key)
	m.gone[key] = item.UID
	item.Revision = m.next()
	m.tellVM(domain.EventDeleted, item)
}

func (m *joinModel) tellVM(what domain.EventType, item vmItem) {
	if m.live[0] {
		m.must(vmSink{m.joining}.Apply(m.Context(), []watcher.Event[mapper.VMRecord]{{Type: what, Item: item, Place: item.Revision}}))
	}
}

// putInstance makes an instance of a VM, of the one before it, or of nobody; or changes one.
func (m *joinModel) putInstance(t *rapid.T) {
	key := joinKeys.Draw(t, "key")
	uid := m.instances[key].UID
	if uid == "" || rapid.Bool().Draw(t, "anew") {
		uid = "vmi-" + m.next()
	}
	object := &kubevirtv1.VirtualMachineInstance{ObjectMeta: m.meta(key, uid)}
	if owner := rapid.SampledFrom([]string{m.vms[key].UID, "another", ""}).Draw(t, "owner"); owner != "" {
		object.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: "kubevirt.io/v1", Kind: "VirtualMachine", Name: object.Name, UID: types.UID(owner), Controller: new(true),
		}}
	}
	record, err := m.mapper.InstanceRecord(object)
	m.must(err)
	item := instanceItem{Key: key, UID: uid, Revision: object.ResourceVersion, Value: record}
	if rapid.IntRange(0, 5).Draw(t, "broken") == 0 {
		item.Value, item.Err = mapper.InstanceRecord{}, domain.CodeIncompatibleSchema
	}
	m.instances[key] = item
	m.tellInstance(domain.EventModified, item)
}

func (m *joinModel) deleteInstance(t *rapid.T) {
	key := joinKeys.Draw(t, "key")
	item, there := m.instances[key]
	if !there {
		return
	}
	delete(m.instances, key)
	m.tellInstance(domain.EventDeleted, item)
}

func (m *joinModel) tellInstance(what domain.EventType, item instanceItem) {
	if m.live[1] && !m.forbidden {
		m.must(instanceSink{m.joining}.Apply(m.Context(), []watcher.Event[mapper.InstanceRecord]{{Type: what, Item: item, Place: item.Revision}}))
	}
}

// repeat tells of a VM and of an instance once more.
func (m *joinModel) repeat(t *rapid.T) {
	key := joinKeys.Draw(t, "key")
	if item, there := m.vms[key]; there {
		m.tellVM(domain.EventAdded, item)
	}
	if item, there := m.instances[key]; there {
		m.tellInstance(domain.EventAdded, item)
	}
}

// miss lets things happen of which one watcher sees nothing but the next list.
func (m *joinModel) miss(t *rapid.T, which int, put, remove func(*rapid.T), list func()) {
	was := m.live[which]
	m.live[which] = false
	for range rapid.IntRange(1, 4).Draw(t, "changes") {
		if rapid.Bool().Draw(t, "delete") {
			remove(t)
		} else {
			put(t)
		}
	}
	m.live[which] = was
	list()
}

func (m *joinModel) state(phase domain.SyncState, reason domain.SyncReason, synced bool) watcher.State {
	return watcher.State{Phase: phase, Reason: reason, Synced: synced, Revision: strconv.Itoa(m.clock)}
}

func (m *joinModel) listVMs() {
	s := vmSink{m.joining}
	if m.live[0] {
		m.must(s.SetState(m.Context(), m.state(domain.SyncRebuilding, domain.ReasonExpired, true)))
	}
	m.must(s.Replace(m.Context(), slices.Collect(maps.Values(m.vms))))
	m.live[0] = true
	m.must(s.SetState(m.Context(), m.state(domain.SyncLive, "", true)))
}

func (m *joinModel) listInstances() {
	s := instanceSink{m.joining}
	m.must(s.Replace(m.Context(), slices.Collect(maps.Values(m.instances))))
	m.live[1], m.forbidden = true, false
	m.must(s.SetState(m.Context(), m.state(domain.SyncLive, "", true)))
}

func (m *joinModel) forbid() {
	m.forbidden = true
	m.must(instanceSink{m.joining}.SetState(m.Context(), m.state(domain.SyncBlocked, domain.ReasonForbidden, m.live[1])))
}

// check compares the cache, and what the subscriber knows, with the model.
func (m *joinModel) check() {
	want := map[string]string{}
	if m.live[0] && (m.live[1] || m.forbidden) {
		for key, vm := range m.vms {
			want[key] = m.wanted(vm, m.instances[key])
		}
	}
	got := map[string]string{}
	all, fresh := m.joining.cache.All()
	for item := range all {
		if item.Key != markKey {
			got[item.Key] = word(item)
		}
	}
	if !maps.Equal(want, got) {
		m.Fatalf("the cache has %v, want %v", got, want)
	}
	m.checkLone()
	if synced := m.live[0] && (m.live[1] || m.forbidden); synced != (fresh.Status == domain.CacheFresh) {
		m.Fatalf("readers see %s", fresh.Status)
	}
	if m.joining.joined { // before that the cache must be empty for its first set
		m.fold()
	}
	if !maps.Equal(want, m.seen) {
		m.Fatalf("the subscriber has %v, want %v", m.seen, want)
	}
}

// checkLone holds that exactly those instances are held back that no VM owns.
func (m *joinModel) checkLone() {
	if !m.joining.joined || m.forbidden {
		return
	}
	for key, i := range m.instances {
		vm, there := m.vms[key]
		owned := there && vm.Err == nil && (i.Err != nil || i.Value.OwnerUID() == vm.UID)
		if _, held := m.joining.lone[key]; held == owned {
			m.Fatalf("an instance of %s, owned %t, is held back: %t", key, owned, held)
		}
	}
	for key := range m.joining.lone {
		if _, there := m.instances[key]; !there {
			m.Fatalf("an instance of %s is held back that does not exist", key)
		}
	}
}

// wanted is a VM as it should be, instances of another owner left out. What is forbidden stays as it was.
func (m *joinModel) wanted(vm vmItem, instance instanceItem) string {
	switch {
	case vm.Err != nil:
		return vm.UID + " broken"
	case m.forbidden:
		return fmt.Sprint(vm.UID, " ", vm.Revision, " unread")
	case instance.Err != nil:
		return fmt.Sprint(vm.UID, " ", vm.Revision, " unread")
	case instance.Value.IsZero() || instance.Value.OwnerUID() != vm.UID:
		return fmt.Sprint(vm.UID, " ", vm.Revision, " ")
	}
	return fmt.Sprint(vm.UID, " ", vm.Revision, " ", instance.Revision)
}

// word is an item of the cache in the model's words.
func word(item joinedItem) string {
	if item.Err != nil {
		return item.UID + " broken"
	}
	vm := item.Value.VM()
	instance := vm.InstanceRevision
	if vm.Read.InstanceUnread {
		instance = "unread"
	} else if revision := strings.TrimSuffix(vm.Revision+"/"+instance, "/"); item.Revision != revision {
		return fmt.Sprint("revision ", item.Revision, " of ", revision) // else what is no change would be told as one
	}
	return fmt.Sprint(vm.UID, " ", vm.Revision, " ", instance)
}

// markKey is that of an item which only says that everything before it has been told.
const markKey = "z/mark"

// fold takes what the subscription tells.
func (m *joinModel) fold() {
	mark := watcher.Item[watcher.VMRecord]{Key: markKey, UID: "mark-" + m.next(), Err: domain.CodeIncompatibleSchema}
	m.must(m.joining.cache.Apply(m.Context(), []watcher.Event[watcher.VMRecord]{{Type: domain.EventAdded, Item: mark}}))
	for {
		n, err := m.subscription.Next(m.Context())
		m.must(err)
		switch {
		case n.Type == domain.EventAdded && n.New.UID == mark.UID:
			return
		case n.New.Key == markKey || n.Old.Key == markKey:
			continue
		}
		switch n.Type {
		case domain.EventDeleted:
			m.left(n.Old)
		case domain.EventModified:
			if n.Old.UID != n.New.UID {
				m.Fatalf("%s became %s", n.Old.UID, n.New.UID)
			}
			m.seen[n.New.Key] = word(n.New)
		case domain.EventAdded:
			if before, there := m.seen[n.New.Key]; there {
				m.Fatalf("%s is added over %s", n.New.UID, before)
			}
			m.seen[n.New.Key] = word(n.New)
		default:
		}
	}
}

func (m *joinModel) left(item joinedItem) {
	if before := m.seen[item.Key]; before != word(item) {
		m.Fatalf("%s goes, and was told as %q", word(item), before)
	}
	delete(m.seen, item.Key)
}
