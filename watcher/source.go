package watcher

import (
	"context"
	"time"
)

// Item is one object as a watcher hands it on. It needs no methods on T: identity and place stand beside the value.
type Item[T any] struct {
	// Key is "namespace/name", UID the object's identity, Revision its resourceVersion.
	Key, UID, Revision string
	Value              T
	// Err is set for an object that could not be decoded; Value means nothing then. Such an object is kept, so that
	// it is neither missing nor a reason to list again.
	Err error
}

// Source lists and watches one resource of one cluster. Its errors are coded (package domain), and the code alone
// decides what the watcher does; see the table in the package's documentation.
//
// It repeats nothing by itself: one call is one request. A Source is used by one watcher; Identity, and a List of one
// item, may be called while a stream is open.
type Source[T any] interface {
	// List returns one page of the set as it is now: of a consistent read, never of a server's cache.
	List(ctx context.Context, opts ListOptions) (*Page[T], error)
	// Watch opens a stream of the changes since a revision. It returns once the server has accepted it. ctx is the
	// life of the stream: when it ends, so does Next.
	Watch(ctx context.Context, opts WatchOptions) (Stream[T], error)
	// Identity returns what tells this cluster from another one behind the same address; "" when it may not be read.
	Identity(ctx context.Context) (string, error)
}

// ListOptions of one page.
type ListOptions struct {
	// Limit of items, and the token of the page before.
	Limit    int
	Continue string
	// Revision, if given, is the one at which the set is wanted: as it was, not as it is. One that is older than the
	// server's history is REVISION_EXPIRED. A [Watcher] never asks for one; see [Options].Revision.
	Revision string
}

// Page is one page of a list. Continue is empty on the last one. Revision is that of the whole list.
type Page[T any] struct {
	Items              []Item[T]
	Continue, Revision string
}

// WatchOptions of one stream.
type WatchOptions struct {
	// Revision after which changes are wanted.
	Revision string
	// Initial asks for the whole set first, as ADDED frames up to a SYNCED one (Kubernetes' watch-list). Revision is
	// empty then. A server that does not offer it is answered by the code CAPABILITY_UNSUPPORTED.
	Initial bool
	// Timeout is after how long the server is to end the stream in good order.
	Timeout time.Duration
}

// Stream is an open watch. Next and Close are called by one goroutine each.
type Stream[T any] interface {
	// Next waits for the next frame. It returns io.EOF when the server ended the stream in good order, and a coded
	// error otherwise; nothing follows an error.
	Next() (Frame[T], error)
	// Close ends the stream and frees its connection; a Next under way returns.
	Close()
}

// FrameType says what a frame of a stream is.
type FrameType uint8

// The frame types.
const (
	FrameUnknown  FrameType = iota // of a newer API: skipped
	FrameAdded                     // Item is there, or has been told as there before
	FrameModified                  // Item has changed
	FrameDeleted                   // Item is gone; it is as it was at the end
	FrameBookmark                  // nothing happened until Item.Revision; nothing else of Item is set
	FrameSynced                    // a bookmark, after the last item of the initial set
)

// Frame is one event of a stream.
type Frame[T any] struct {
	Type FrameType
	Item Item[T]
}
