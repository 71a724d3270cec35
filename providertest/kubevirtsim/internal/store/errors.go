package store

import (
	"errors"
	"fmt"
)

// What a write is refused for.
var (
	ErrExists   = errors.New("store: the key exists")
	ErrNotFound = errors.New("store: the key does not exist")
	ErrConflict = errors.New("store: the object has another revision")
)

// ErrEnded is returned by a watch that a restored history ended.
var ErrEnded = errors.New("store: the watch was ended")

// ExpiredError says that the state at a revision is not kept any longer.
type ExpiredError struct{ Asked uint64 }

func (e *ExpiredError) Error() string { return fmt.Sprintf("store: revision %d is not kept", e.Asked) }

// FutureError says that a revision is ahead of the store.
type FutureError struct{ Asked, Current uint64 }

func (e *FutureError) Error() string {
	return fmt.Sprintf("store: revision %d is ahead of %d", e.Asked, e.Current)
}

// TooOldError says that the log does not reach back to where a watch wants to go on; Oldest is the revision from which
// one can.
type TooOldError struct{ Asked, Oldest uint64 }

func (e *TooOldError) Error() string {
	return fmt.Sprintf("store: events after revision %d are not kept, only those after %d", e.Asked, e.Oldest)
}
