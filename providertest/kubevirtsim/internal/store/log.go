package store

import "sort"

// EventType is what happened to an object, by the names that the API has.
type EventType string

// The types of events.
const (
	Added    EventType = "ADDED"
	Modified EventType = "MODIFIED"
	Deleted  EventType = "DELETED"
)

// Event is one change. The object of a deletion is the last state with the deletion's revision.
type Event struct {
	Type   EventType
	Object *Object

	old *Object // the state before
}

// log keeps the last events of a table, in a ring.
type log struct {
	ring   []Event
	first  int
	size   int    // the most that the ring may hold
	oldest uint64 // all events after this revision are kept
}

func (l *log) len() int { return len(l.ring) }

func (l *log) get(i int) *Event { return &l.ring[(l.first+i)%len(l.ring)] }

func (l *log) add(e Event) {
	if len(l.ring) < l.size {
		l.ring = append(l.ring, e)
		return
	}
	l.oldest = l.ring[l.first].Object.Revision
	l.ring[l.first] = e
	l.first = (l.first + 1) % len(l.ring)
}

// after is the index of the first event behind a revision.
func (l *log) after(revision uint64) int {
	return sort.Search(l.len(), func(i int) bool { return l.get(i).Object.Revision > revision })
}
