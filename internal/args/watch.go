package args

import (
	"context"
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/internal/selector"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// DefaultQueue is how many events wait for a slow consumer, by default.
const DefaultQueue = 4096

// WatchRequest is a checked call of WatchVMs.
type WatchRequest struct {
	// Labels is the parsed selector.
	Labels selector.Selector
	// Queue is at least one.
	Queue int
	// All is true for provider.AllNamespaces.
	All bool

	revision string
	listing  paging.Listing
}

// Watch checks the arguments of a stream, but for its revision, which has a form of its own in each provider: see
// [WatchRequest.Place].
func Watch(ctx context.Context, cluster, namespace string, opts provider.WatchOptions) (WatchRequest, error) {
	r := WatchRequest{
		Queue:    opts.Queue,
		All:      namespace == provider.AllNamespaces,
		revision: opts.Revision,
		listing:  paging.Listing{Kind: provider.OpWatchVMs, Cluster: cluster, Namespace: namespace, LabelSelector: opts.Selector},
	}
	checks := []*domain.FieldError{names.Cluster("cluster", cluster)}
	if !r.All {
		checks = append(checks, names.Namespace("namespace", namespace))
	}
	if err := names.Check(checks...); err != nil {
		return r, err
	}
	switch {
	case opts.Queue < 0:
		return r, Option("queue", domain.FieldOutOfRange)
	case opts.Queue == 0:
		r.Queue = DefaultQueue
	}
	var err error
	if r.Labels, err = selector.Parse(opts.Selector); err != nil {
		return r, err
	}
	return r, Context(ctx)
}

// Revision makes the text of a place in the stream. It is bound to cluster, namespace and selector.
func (r WatchRequest) Revision(place paging.Cursor) string { return paging.Encode(r.listing, place) }

// Place reads the revision that was asked for, the zero Cursor without one. What [WatchRequest.Revision] did not make for
// this very stream is INVALID_CURSOR.
func (r WatchRequest) Place() (paging.Cursor, error) {
	place, err := paging.Decode(r.listing, r.revision)
	if e, ok := errors.AsType[*domain.Error](err); ok {
		e.Params[domain.ParamField] = "revision"
	}
	return place, err
}

// ForeignRevision is the error for a revision whose place is not one of the provider that is asked to go on behind it.
func ForeignRevision() error {
	return domain.E(domain.CodeInvalidCursor, domain.Params{domain.ParamField: "revision", domain.ParamReason: "malformed"}, nil)
}
