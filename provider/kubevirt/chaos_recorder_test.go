package kubevirt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// recorder hears what a subscription is told, and holds it against what was told before:
//
//	unique          nothing is told twice
//	ordered         of one object no revision falls
//	reliable        folding gives a set; whatever entered it leaves it once, and does not come back
//	previous value  what is said to have been is what was told last
//	identity        no change is of two objects
//	quiet           nothing is told of what has not changed
type recorder[T any] struct {
	joined  bool // of VMs with their instances
	loose   bool // the history of one part may have gone back, or that of both: there is no order, until there is peace
	mu      sync.Mutex
	set     map[string]watcher.Item[T]
	told    map[string]map[string]bool // kind and revision, of each uid
	last    map[string][2]string       // the last revisions of each uid
	gone    map[string]bool            // uids that have left
	been    map[string]bool            // uid and revision of all that was told
	objects int                        // notices of objects
	wrong   []string
}

func newRecorder[T any]() *recorder[T] {
	return &recorder[T]{
		set: map[string]watcher.Item[T]{}, been: map[string]bool{},
		told: map[string]map[string]bool{}, last: map[string][2]string{}, gone: map[string]bool{},
	}
}

// forget begins a new history: that of the server went back, and revisions and objects come again.
func (r *recorder[T]) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loose = r.joined
	r.told, r.last, r.gone = map[string]map[string]bool{}, map[string][2]string{}, map[string]bool{}
}

// hear is told a notice.
func (r *recorder[T]) hear(n watcher.Notice[T]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch n.Type {
	case domain.EventAdded:
		r.added(n)
	case domain.EventModified:
		r.previous(n)
		if n.Old.UID != n.New.UID {
			r.complain("identity: %s becomes %s", place(n.Old), place(n.New))
		}
		if n.Old.Revision == n.New.Revision {
			r.complain("quiet: %s has not changed", place(n.New))
		}
		r.is(n.New, n.Type)
	case domain.EventDeleted:
		r.previous(n)
		if r.gone[n.Old.UID] && !r.loose {
			r.complain("reliable: %s goes twice", place(n.Old))
		}
		r.gone[n.Old.UID] = true
		delete(r.set, n.Old.Key)
		r.objects++
	default:
	}
}

func (r *recorder[T]) added(n watcher.Notice[T]) {
	if had, there := r.set[n.New.Key]; there {
		r.complain("reliable: %s comes while %s is there", place(n.New), place(had))
	}
	if r.gone[n.New.UID] && !r.loose {
		r.complain("reliable: %s comes back", place(n.New))
	}
	r.is(n.New, n.Type)
}

// previous holds what a notice says to have been.
func (r *recorder[T]) previous(n watcher.Notice[T]) {
	had, there := r.set[n.Old.Key]
	if !there || had.UID != n.Old.UID || had.Revision != n.Old.Revision {
		r.complain("previous value: %s of %s, but %s was told last", n.Type, place(n.Old), place(had))
	}
}

// is takes a state of an object.
func (r *recorder[T]) is(item watcher.Item[T], kind domain.EventType) {
	r.objects++
	if !r.loose {
		r.once(item, kind)
	}
	r.been[item.UID+" at "+item.Revision] = true
	now, before := revisionsOf(item.Revision), r.last[item.UID]
	for n, revision := range now {
		if revision == "" {
			now[n] = before[n]
		} else if !r.loose && before[n] != "" && older(revision, before[n]) {
			r.complain("ordered: %s after %s", place(item), before[n])
		}
	}
	r.last[item.UID], r.set[item.Key] = now, item
}

// once holds that nothing is told twice. A VM whose instance goes, or can be read no more, is as it was before.
func (r *recorder[T]) once(item watcher.Item[T], kind domain.EventType) {
	revisions := revisionsOf(item.Revision)
	if strings.Contains(item.Revision, unreadRevision) || r.joined && revisions[1] == "" {
		delete(r.told, item.UID)
		return
	}
	if r.told[item.UID] == nil {
		r.told[item.UID] = map[string]bool{}
	}
	what := string(kind) + " at " + item.Revision
	if r.told[item.UID][what] {
		r.complain("unique: %s is told twice as %s", place(item), kind)
	}
	r.told[item.UID][what] = true
}

// revisionsOf are those of a VM and of its instance, or of one of them.
func revisionsOf(revision string) [2]string {
	vm, instance, _ := strings.Cut(revision, "/")
	return [2]string{vm, strings.TrimLeft(instance, unreadRevision+"/")}
}

func (r *recorder[T]) complain(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// older compares decimal revisions.
func older(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

func place[T any](item watcher.Item[T]) string {
	return fmt.Sprintf("%s/%s at %s", item.Key, item.UID, item.Revision)
}

// heard is what the recorder knows.
func (r *recorder[T]) heard() (set map[string]string, objects int, wrong []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set = map[string]string{}
	for key, item := range r.set {
		set[key] = item.UID + " at " + item.Revision
	}
	return set, r.objects, r.wrong
}

// states are the states of objects that were told of, each as uid and revision.
func (r *recorder[T]) states() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.been))
}

// items are the objects as they were told last.
func (r *recorder[T]) items() []watcher.Item[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.set))
}
