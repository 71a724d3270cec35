package kubevirt

import (
	"context"
	"iter"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

type vmEvent = domain.Event[*domain.VM]

// WatchVMs implements provider.VMWatcher. A stream that begins with the set reads the fleet's cache, if the cluster is
// followed; any other one lists and watches by itself. Its VMs have the annotations that a record keeps.
func (p *Provider) WatchVMs(ctx context.Context, cluster, namespace string, opts provider.WatchOptions) iter.Seq2[vmEvent, error] {
	return func(yield func(vmEvent, error) bool) {
		ref := listRef(cluster, namespace)
		told := func(e vmEvent, err error) bool { return yield(e, args.Error(provider.OpWatchVMs, ref, err)) }
		if err := p.watchVMs(ctx, cluster, namespace, opts, told); err != nil {
			told(vmEvent{}, err)
		}
	}
}

// watchVMs tells a stream. What it returns is to be the last value, nil if nobody listens any more.
func (p *Provider) watchVMs(ctx context.Context, cluster, namespace string, opts provider.WatchOptions, yield func(vmEvent, error) bool) error {
	s, err := newStream(ctx, cluster, namespace, opts)
	if err != nil {
		return err
	}
	c, err := p.clusters.get(cluster)
	if err != nil {
		return err
	}
	defer c.release()

	own, cancel := context.WithCancelCause(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer cancel(nil)
	begin := func(context.Context) {}
	if s.followed = p.fleet.follows(c); s.followed == nil || s.place != "" {
		if s.followed, err = p.follow(own, c, s.namespace, s.place); err != nil {
			return err
		}
		begin = s.followed.run
	}
	subscription := s.subscribe() // before anything changes: a stream that goes on skips what is there
	defer subscription.Close()
	tasks.Go(func() { begin(own) })
	tasks.Go(func() { cancel(s.end(own)) })
	if err = s.tell(own, subscription, yield); err != nil && ctx.Err() == nil {
		err = context.Cause(own)
	}
	return err
}

// newStream checks the arguments of a stream.
func newStream(ctx context.Context, cluster, namespace string, opts provider.WatchOptions) (*vmStream, error) {
	request, err := args.Watch(ctx, cluster, namespace, opts)
	if err != nil {
		return nil, err
	}
	place, err := request.Place()
	if err != nil {
		return nil, err
	}
	where, err := watcher.SelectVMs(opts.Selector)
	if err != nil {
		return nil, err
	}
	s := &vmStream{request: request, where: where, place: place.LastKey}
	if !request.All {
		s.namespace = namespace
	}
	return s, nil
}

// follow makes what follows a cluster for one stream, from a place on if there is one.
func (p *Provider) follow(ctx context.Context, c *cluster, scope, place string) (*followed, error) {
	what := following{member: c, mapper: p.mapper(c.name), scope: scope}
	if p.fleet != nil {
		what = p.fleet.following(c, scope)
		what.cache = watcher.VMCacheOptions{}
	}
	if place == "" {
		return follow(what), nil
	}
	return resume(ctx, what, place)
}

// vmStream is one stream of WatchVMs.
type vmStream struct {
	request   args.WatchRequest
	where     func(watcher.VMRecord) bool
	namespace string // empty is all
	place     string // to go on from; empty begins with the set
	followed  *followed
}

func (s *vmStream) subscribe() *watcher.Subscription[watcher.VMRecord] {
	return s.followed.cache.Subscribe(watcher.SubscribeOptions[watcher.VMRecord]{
		Namespace: s.namespace, Where: s.where, Queue: s.request.Queue, SkipInitial: s.place != "",
	})
}

// tell tells events until ctx ends, or nobody listens.
func (s *vmStream) tell(ctx context.Context, subscription *watcher.Subscription[watcher.VMRecord], yield func(vmEvent, error) bool) error {
	for notice, err := range subscription.All(ctx) {
		if err != nil {
			return err
		}
		e, err := s.followed.cache.Event(notice)
		if e.Revision != "" {
			e.Revision = s.request.Revision(paging.Cursor{LastKey: e.Revision})
		}
		if !yield(e, err) {
			return nil
		}
	}
	return nil
}

// end waits for the state of the cluster that ends the stream, or for ctx.
func (s *vmStream) end(ctx context.Context) error {
	synced := s.place != ""
	for {
		state, changed := s.followed.cache.Changed()
		synced = synced || state.Synced
		if err := ends(state, synced); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// ends is the error with which a state ends a stream, nil if the stream outlives it.
func ends(state watcher.State, synced bool) error {
	switch {
	case state.Phase == domain.SyncStopped:
		return domain.CodeClosed
	case state.Reason == domain.ReasonIdentityChanged:
		return domain.CodeClusterIdentityChanged
	case synced || state.Phase != domain.SyncOpen && state.Phase != domain.SyncBlocked:
		return nil
	case state.Err == nil:
		return domain.CodeClusterUnreachable
	}
	return state.Err
}

var _ provider.VMFollower = (*Provider)(nil)

// AwaitVM implements provider.VMFollower, for clusters that the fleet follows and whose set is fresh.
func (p *Provider) AwaitVM(ctx context.Context, since *domain.VM) error {
	var cache *watcher.VMCache
	if p.fleet != nil {
		cache = p.fleet.Cache(since.Cluster)
	}
	if cache == nil || cache.Freshness().Status != domain.CacheFresh {
		return domain.E(domain.CodeCapabilityUnsupported, since.Ref().Params(), nil)
	}
	return cache.AwaitVM(ctx, since)
}
