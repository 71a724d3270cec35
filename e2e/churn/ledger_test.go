package churn_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// flaw is a way in which a story can be wrong; what goes into the details wraps it.
type flaw string

func (f flaw) Error() string { return string(f) }

const (
	addedOver   flaw = "ADDED over another"
	becameOther flaw = "MODIFIED to another machine"
	gap         flaw = "does not follow from what was told"
	miscounted  flaw = "does not come and go once"
	misplaced   flaw = "initial at the wrong time"
	nameless    flaw = "a notice of no known type"
	notFresh    flaw = "the cache is not fresh"
	misfiled    flaw = "the record of another"
)

// told is what a consumer knows of one machine.
type told struct{ UID, Revision string }

// ledger is a consumer that believes nothing but its notices: it folds them to a set, and notes each that does not
// follow from those before.
type ledger struct {
	queue int
	// late, while it is locked, keeps the consumer from taking notices, so that they are merged.
	late sync.Mutex

	mu  sync.Mutex
	set map[string]told // by key
	// added and deleted count the notices by UID.
	added, deleted map[string]int
	synced         bool
	synceds        int
	wrong          []error
}

func newLedger(queue int) *ledger {
	return &ledger{queue: queue, set: map[string]told{}, added: map[string]int{}, deleted: map[string]int{}}
}

// follow writes down all notices of a subscription until that is closed, or ctx ends.
func (l *ledger) follow(ctx context.Context, notices *watcher.Subscription[watcher.VMRecord]) {
	for n, err := range notices.All(ctx) {
		if err != nil {
			return // of ctx
		}
		l.late.Lock()
		l.note(n)
		l.late.Unlock()
	}
}

func (l *ledger) note(n watcher.Notice[watcher.VMRecord]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch n.Type {
	case domain.EventSynced, domain.EventRebuilding:
		if n.Type == domain.EventSynced {
			l.synceds++
		}
		l.synced = n.Type == domain.EventSynced
	case domain.EventAdded:
		if was, ok := l.set[n.New.Key]; ok {
			l.complain(addedOver, "%s %s over %s", n.New.Key, n.New.UID, was.UID)
		}
		if n.Initial == (l.synceds > 0) {
			l.complain(misplaced, "%s ADDED, initial: %v, after %d SYNCED", n.New.Key, n.Initial, l.synceds)
		}
		l.added[n.New.UID]++
		l.set[n.New.Key] = of(n.New)
	case domain.EventModified:
		l.expect(n.Type, n.Old)
		if n.Old.Key != n.New.Key || n.Old.UID != n.New.UID {
			l.complain(becameOther, "%s %s to %s %s", n.Old.Key, n.Old.UID, n.New.Key, n.New.UID)
		}
		l.set[n.New.Key] = of(n.New)
	case domain.EventDeleted:
		l.expect(n.Type, n.Old)
		l.deleted[n.Old.UID]++
		delete(l.set, n.Old.Key)
	default:
		l.complain(nameless, "%q", n.Type)
	}
}

// expect says what was told last of a machine of which something new is told.
func (l *ledger) expect(what domain.EventType, old watcher.Item[watcher.VMRecord]) {
	if was, ok := l.set[old.Key]; !ok || was != of(old) {
		l.complain(gap, "%s %s, that was %v, and was told as %v", old.Key, what, of(old), was)
	}
}

func (l *ledger) complain(what flaw, format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Errorf("%w: %s", what, fmt.Sprintf(format, args...)))
}

func of(item watcher.Item[watcher.VMRecord]) told { return told{item.UID, item.Revision} }

// folded is what all notices together say, or nil as long as that is no whole set.
func (l *ledger) folded() map[string]told {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.synced {
		return nil
	}
	return maps.Clone(l.set)
}

// audit holds the notices against the machines that were ever there: each was ADDED at most once, and left by exactly one
// DELETED if it was told and is gone, by none if it is there.
func (l *ledger) audit(made map[string]bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	errs := slices.Clone(l.wrong)
	there := map[string]bool{}
	for _, t := range l.set {
		there[t.UID] = true
		if l.added[t.UID] == 0 {
			errs = append(errs, fmt.Errorf("%w: %s is there and was never ADDED", miscounted, t.UID))
		}
	}
	uids := maps.Clone(l.added)
	maps.Copy(uids, l.deleted)
	for _, uid := range slices.Sorted(maps.Keys(uids)) {
		left := 1
		if there[uid] {
			left = 0
		}
		if !made[uid] || l.added[uid] != 1 || l.deleted[uid] != left {
			errs = append(errs, fmt.Errorf("%w: %s ever there: %v, still there: %v, ADDED %d times, DELETED %d times",
				miscounted, uid, made[uid], there[uid], l.added[uid], l.deleted[uid]))
		}
	}
	return errors.Join(errs[:min(len(errs), 20)]...)
}
