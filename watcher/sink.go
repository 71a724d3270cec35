package watcher

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Event is one change of one object. Type is ADDED, MODIFIED or DELETED as the server said it: what it means to a sink
// follows from what the sink has, by key and UID. Item is the object after the change, or as it was when it went.
type Event[T any] struct {
	Type domain.EventType
	Item Item[T]
	// Place is where a stream goes on after this event ([Options].Revision); empty when that is not known.
	Place string
}

// Sink takes what a watcher sees. Its methods are called in order, by one goroutine, and inline: a slow sink slows its
// own cluster's stream, and no other. They must return when ctx ends.
//
// An error, or a panic, keeps the batch: it is tried again with growing pauses, and after the third failure of one
// batch the watcher lists everything anew and calls Replace. So a sink must bear the same batch twice.
//
// [Cache] is a Sink; hosts that only want to be told subscribe to a cache.
type Sink[T any] interface {
	// Replace is told the whole set; whatever is not in it does not exist any more. The sink may sort the slice and keep
	// what is in it; after an error it is given the same slice again.
	Replace(ctx context.Context, items []Item[T]) error
	// Apply is told changes, in the order of the stream. The slice is the watcher's, and valid during the call.
	Apply(ctx context.Context, events []Event[T]) error
	// SetState is told each change of phase or reason, before the Replace or Apply that follows from it; and every half a
	// minute that the cluster was seen again, when it was.
	SetState(ctx context.Context, state State) error
}
