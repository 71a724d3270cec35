package watcher

import "github.com/kv-shepherd/shepherd-go/domain"

// Notice is what a subscription is told.
type Notice[T any] struct {
	// Type is ADDED, MODIFIED or DELETED for an object; SYNCED when the set is whole, REBUILDING when that is no longer
	// known, which another SYNCED ends.
	Type domain.EventType
	// New is the object as it is, for ADDED and MODIFIED; Old is what was delivered of it before, for MODIFIED and
	// DELETED. Both have the same UID. Either may be an item with Err, which has no value.
	Old, New Item[T]
	// Initial marks an ADDED before the first SYNCED.
	Initial bool
	// FinalStateUnknown says of a DELETED that nobody saw the object go, and so neither its last state.
	FinalStateUnknown bool
	// State is that of the watcher, for SYNCED and REBUILDING.
	State State
	// Revision is the place after this notice, where another watcher may begin ([Options].Revision). It is empty while the
	// set is not whole, and for the first of two notices on one name. After notices that were merged a place may be earlier:
	// what comes then has been told in part.
	Revision string
}

// between is what a consumer is told that was told old, or nothing, and that is to know new, or nothing.
func between[T any](old, new *entry[T], unknown bool, tell func(Notice[T])) {
	switch {
	case old == nil && new == nil:
	case old == nil:
		tell(Notice[T]{Type: domain.EventAdded, New: new.item})
	case new == nil:
		tell(Notice[T]{Type: domain.EventDeleted, Old: old.item, FinalStateUnknown: unknown})
	case old.item.UID != new.item.UID:
		tell(Notice[T]{Type: domain.EventDeleted, Old: old.item, FinalStateUnknown: unknown})
		tell(Notice[T]{Type: domain.EventAdded, New: new.item})
	case sameItem(old.item, new.item): // went and came back between
	default:
		tell(Notice[T]{Type: domain.EventModified, Old: old.item, New: new.item})
	}
}
