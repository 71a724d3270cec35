package contract

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Watching is a call of WatchVMs that is good. Its stream tells of the VMs for which [Watching.Matches] holds; the event
// behind which it may be resumed at a place of yours carries [Watching.Revision] of that place.
type Watching struct {
	// Queue is how many events may wait for the consumer before those of one VM are merged, at least one.
	Queue int
	// Resume is the place to go on behind; empty for a stream that begins with the set. Whether you still know what has
	// happened since is yours to say: REVISION_EXPIRED.
	Resume string

	namespace string
	request   args.WatchRequest
}

// Watch checks a call of WatchVMs: names, INVALID_NAME; queue, INVALID_OPTION; the selector, INVALID_SELECTOR; the
// revision, which must be one that Revision made for the very same stream, INVALID_CURSOR; and ctx. It is called when the
// stream is ranged over, and its error, through [Error], is then the only value.
func Watch(ctx context.Context, cluster, namespace string, opts provider.WatchOptions) (Watching, error) {
	request, err := args.Watch(ctx, cluster, namespace, opts)
	if err != nil {
		return Watching{}, err
	}
	place, err := request.Place()
	if err != nil {
		return Watching{}, err
	}
	return Watching{Queue: request.Queue, Resume: place.LastKey, namespace: namespace, request: request}, nil
}

// Matches says whether the stream tells of a VM of the cluster, by its namespace and by the selector.
func (w Watching) Matches(vm *domain.VM) bool {
	return (w.request.All || vm.Namespace == w.namespace) && w.request.Labels.Matches(vm.Labels)
}

// Revision makes the revision that resumes the stream at a place. A place is not empty.
func (w Watching) Revision(place string) string {
	return w.request.Revision(paging.Cursor{LastKey: place})
}
