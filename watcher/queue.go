package watcher

import "github.com/kv-shepherd/shepherd-go/domain"

// pending is what waits for a consumer: a change of one key, or a word on the whole set.
type pending[T any] struct {
	change[T]
	gone     bool // the object of change.old went, whatever came then
	what     domain.EventType
	state    State
	previous *pending[T]
	next     *pending[T]
}

// merge lets a change follow the one that waits.
func (p *pending[T]) merge(ch change[T]) {
	if !p.gone && p.old != nil && (ch.new == nil || ch.new.item.UID != p.old.item.UID) {
		p.gone, p.unknown = true, ch.unknown
	}
	p.new = ch.new // its place stays: others that come later may wait behind it
}

// nothing says that changes have cancelled each other.
func (p *pending[T]) nothing() bool {
	if p.old == nil || p.new == nil {
		return p.old == p.new
	}
	return p.old.item.UID == p.new.item.UID && sameItem(p.old.item, p.new.item)
}

// queue holds what a consumer is to be told, in order. Up to a limit each change stands for itself. Beyond it there is
// one per key: what came first keeps its place, what came last is told. So it has at most as many more as there are
// objects that the consumer knows or should know.
type queue[T any] struct {
	limit       int
	first, last *pending[T]
	length      int
	merged      int64
	// latest has the last change of each key, while there is need for it.
	latest map[string]*pending[T]
	// rebuilding and synced are the last such words that wait.
	rebuilding, synced *pending[T]
}

func (q *queue[T]) push(ch change[T]) {
	if q.length >= q.limit && q.latest == nil {
		q.look()
	}
	key := keyOf(ch)
	if p := q.latest[key]; p != nil {
		q.merged++
		if p.merge(ch); p.nothing() {
			delete(q.latest, key) // p may know no key any more
			q.remove(p)
		}
		return
	}
	p := q.append(&pending[T]{change: ch})
	p.gone = ch.old != nil && (ch.new == nil || ch.new.item.UID != ch.old.item.UID)
	if q.latest != nil {
		q.latest[key] = p
	}
}

func keyOf[T any](ch change[T]) string {
	if ch.new != nil {
		return ch.new.item.Key
	}
	return ch.old.item.Key
}

// look finds the last change of each key.
func (q *queue[T]) look() {
	q.latest = make(map[string]*pending[T], q.length)
	for p := q.first; p != nil; p = p.next {
		if p.what == "" {
			q.latest[keyOf(p.change)] = p
		}
	}
}

// announce queues SYNCED or REBUILDING, which take turns. Beyond the limit a rebuilding within one that was not told
// yet is the same one.
func (q *queue[T]) announce(what domain.EventType, state State) {
	if what == domain.EventRebuilding && q.rebuilding != nil && q.length >= q.limit {
		if q.synced != nil {
			q.remove(q.synced)
		}
		return
	}
	p := q.append(&pending[T]{what: what, state: state})
	if what == domain.EventRebuilding {
		q.rebuilding = p
	} else {
		q.synced = p
	}
}

func (q *queue[T]) append(p *pending[T]) *pending[T] {
	p.previous = q.last
	if q.last != nil {
		q.last.next = p
	} else {
		q.first = p
	}
	q.last = p
	q.length++
	return p
}

func (q *queue[T]) remove(p *pending[T]) {
	if p.previous != nil {
		p.previous.next = p.next
	} else {
		q.first = p.next
	}
	if p.next != nil {
		p.next.previous = p.previous
	} else {
		q.last = p.previous
	}
	p.previous, p.next = nil, nil
	q.length--
	switch p {
	case q.rebuilding:
		q.rebuilding = nil
	case q.synced:
		q.synced = nil
	}
}

// pop takes the first out, nil if there is none. With half of the room free again changes stand for themselves.
func (q *queue[T]) pop() *pending[T] {
	p := q.first
	if p == nil {
		return nil
	}
	q.remove(p)
	switch {
	case q.latest == nil:
	case q.length <= q.limit/2:
		q.latest = nil
	case p.what == "" && q.latest[keyOf(p.change)] == p:
		delete(q.latest, keyOf(p.change))
	}
	return p
}
