package kubevirt

import (
	"context"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// resumePage is the size of the pages of a set that is read as it was.
const resumePage = 500

// resume makes what follows a cluster from a place on. It reads the set as it was there, which tells what later changes
// mean; a place that is older than the server's history is REVISION_EXPIRED.
func resume(ctx context.Context, what following, place string) (*followed, error) {
	var both bool
	if what.vms, what.instances, both = strings.Cut(place, "/"); !both || what.vms == "" || what.instances == "" {
		return nil, args.ForeignRevision()
	}
	unread := what.instances == unreadRevision
	if unread {
		what.instances = "" // they are looked for anew
	}
	f := follow(what)
	vms, err := setAt(ctx, f.from.vms, what.vms)
	if err != nil {
		return nil, err
	}
	var instances []instanceItem
	if !unread {
		if instances, err = setAt(ctx, f.from.instances, what.instances); err != nil {
			return nil, err
		}
	}
	return f, f.joining.begin(ctx, vms, instances, unread, place)
}

// setAt reads a set as it was at a revision.
func setAt[R any](ctx context.Context, from *source[R], revision string) (items []watcher.Item[R], err error) {
	opts := watcher.ListOptions{Limit: resumePage, Revision: revision}
	for {
		page, err := from.page(ctx, opts)
		if err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if opts.Continue = page.Continue; opts.Continue == "" {
			return items, nil
		}
	}
}

// page is List in the time that a page of a list may take.
func (s *source[R]) page(ctx context.Context, opts watcher.ListOptions) (*watcher.Page[R], error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cluster.list, domain.CodeVerbTimeout)
	defer cancel()
	page, err := s.List(ctx, opts)
	if domain.CodeOf(err) == domain.CodeCursorExpired { // in the midst of the set
		err = domain.E(domain.CodeRevisionExpired, nil, err)
	}
	return page, err
}

// begin takes the two sets as they were at a place, before anything else is taken.
func (j *joining) begin(ctx context.Context, vms []vmItem, instances []instanceItem, unread bool, place string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	live := watcher.State{Phase: domain.SyncLive, Synced: true, Revision: place}
	j.vms, j.instances = part{state: live, whole: true}, part{state: live, whole: true}
	j.vms.place, j.instances.place, _ = strings.Cut(place, "/")
	j.unread.Store(unread)
	j.earlyVMs.Fill(vms)
	j.earlyInstances.Fill(instances)
	if err := j.joinFirst(ctx); err != nil {
		return err
	}
	return j.cache.SetState(ctx, live)
}
