package kubevirt

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// listsAtOnce is how many lists a fleet takes at once by default: a list needs memory and one core.
const listsAtOnce = 4

// FleetOptions configure a Fleet. The zero value is ready to use.
type FleetOptions struct {
	// LabelPrefix of the governance labels and annotations, as Options.LabelPrefix: the two must be the same.
	LabelPrefix string
	// RecordAnnotations are the keys of annotations that the caches keep, besides those under LabelPrefix.
	RecordAnnotations []string
	// Watch configures each watcher, of which there are two for each cluster. Its Lists is shared by all of them; nil means
	// four at once. Its Fingerprint and Revision are not used.
	Watch watcher.Options
	// Cache configures the cache of each cluster. Its KeepStrings and State are not used.
	Cache watcher.VMCacheOptions
}

// Fleet keeps the VMs of all members of a Clusters in memory, each cluster by itself: trouble with one touches no other.
//
//	fleet, err := kubevirt.NewFleet(clusters, kubevirt.FleetOptions{})
//	p, err := kubevirt.New(clusters, kubevirt.Options{Fleet: fleet})
//	guarded := provider.Wrap(p, fleet.Gate(watcher.GateOptions{}))
//	go fleet.Run(ctx)
//	...
//	vm, err := fleet.Cache("c1").GetVM("team-a", "web")
//
// It is safe for concurrent use.
type Fleet struct {
	clusters *Clusters
	opts     FleetOptions
	running  atomic.Bool

	mu      sync.RWMutex
	members map[string]*followed
	changed chan struct{} // closed when members change
}

// NewFleet makes a fleet that follows nothing yet. An option that cannot be used is INVALID_OPTION.
func NewFleet(clusters *Clusters, opts FleetOptions) (*Fleet, error) {
	if opts.LabelPrefix == "" {
		opts.LabelPrefix = domain.DefaultLabelPrefix
	}
	switch {
	case clusters == nil:
		return nil, args.Option("clusters", domain.FieldRequired)
	case !names.IsSubdomain(opts.LabelPrefix):
		return nil, args.Option("labelPrefix", domain.FieldInvalid)
	}
	if opts.Watch.Lists == nil {
		opts.Watch.Lists = watcher.NewLimiter(listsAtOnce)
	}
	opts.Watch.Fingerprint = ""
	return &Fleet{clusters: clusters, opts: opts, members: map[string]*followed{}, changed: make(chan struct{})}, nil
}

// Run follows the clusters until ctx ends, and returns nil then; nothing is left running. A cluster that is added is
// followed from then on, one that is removed no more. A fleet runs once: a second Run is CLOSED.
func (f *Fleet) Run(ctx context.Context) error {
	if !f.running.CompareAndSwap(false, true) {
		return domain.E(domain.CodeClosed, nil, errors.New("a fleet runs once"))
	}
	var tasks sync.WaitGroup
	defer tasks.Wait()
	for {
		members, changed := f.clusters.list()
		for _, name := range members {
			if member := f.begin(name); member != nil {
				tasks.Go(func() {
					defer member.member.release()
					member.run(ctx)
					f.end(ctx, name, member)
				})
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// begin makes what follows a cluster, unless something does; it holds the cluster.
func (f *Fleet) begin(name string) *followed {
	c, err := f.clusters.get(name)
	if err != nil {
		return nil // removed meanwhile
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if before := f.members[name]; before != nil && before.member == c {
		c.release()
		return nil
	}
	member := follow(f.following(c, ""))
	f.members[name] = member
	f.notify()
	return member
}

// following is how the fleet follows a cluster, or a namespace of it.
func (f *Fleet) following(c *cluster, scope string) following {
	m := mapper.New(mapper.Options{Cluster: c.name, LabelPrefix: f.opts.LabelPrefix, RecordAnnotations: f.opts.RecordAnnotations})
	return following{member: c, mapper: m, scope: scope, watch: f.opts.Watch, cache: f.opts.Cache}
}

// end forgets a cluster that was removed. One that is merely not followed any more keeps its set, and says so.
func (f *Fleet) end(ctx context.Context, name string, member *followed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() == nil && f.members[name] == member {
		delete(f.members, name)
		f.notify()
	}
}

// notify wakes those who wait for a member. The caller holds the lock.
func (f *Fleet) notify() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// follows returns what follows a member, nil if nothing does. A nil fleet follows nothing.
func (f *Fleet) follows(c *cluster) *followed {
	if f == nil {
		return nil
	}
	member, _ := f.member(c.name)
	if member == nil || member.member != c || member.state().Phase == domain.SyncStopped {
		return nil
	}
	return member
}

func (f *Fleet) member(cluster string) (member *followed, changed <-chan struct{}) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.members[cluster], f.changed
}

// Cache returns the VMs of a cluster, nil for one that is not followed. It is that of the cluster's membership: a cluster
// that was removed and added again has another one.
func (f *Fleet) Cache(cluster string) *watcher.VMCache {
	if member, _ := f.member(cluster); member != nil {
		return member.cache
	}
	return nil
}

// State returns where a cluster stands: where the worse of its two watchers does. ok is false for one that is not
// followed.
func (f *Fleet) State(cluster string) (state watcher.State, ok bool) {
	member, _ := f.member(cluster)
	if member == nil {
		return watcher.State{}, false
	}
	return member.state(), true
}

// FleetStats tells what was done about one cluster.
type FleetStats struct {
	VMs, Instances watcher.Stats
	Cache          watcher.CacheStats
}

// Stats returns what was done about a cluster. ok is false for one that is not followed.
func (f *Fleet) Stats(cluster string) (stats FleetStats, ok bool) {
	member, _ := f.member(cluster)
	if member == nil {
		return FleetStats{}, false
	}
	return FleetStats{member.vms.Stats(), member.instances.Stats(), member.cache.Stats()}, true
}

// WaitSynced waits until the sets of clusters were whole at least once, those that are members now if none is named.
// A cluster that is removed meanwhile is waited for no more. The end of ctx is its coded error.
func (f *Fleet) WaitSynced(ctx context.Context, clusters ...string) error {
	if len(clusters) == 0 {
		clusters = f.clusters.Names()
	}
	for _, name := range clusters {
		if err := f.waitSynced(ctx, name); err != nil {
			return args.Error("", domain.Ref{Cluster: name}, err)
		}
	}
	return nil
}

func (f *Fleet) waitSynced(ctx context.Context, name string) error {
	for {
		members, others := f.clusters.list()
		member, begun := f.member(name)
		if !slices.Contains(members, name) {
			return nil
		}
		var told <-chan struct{}
		if member != nil {
			var state watcher.State
			if state, told = member.cache.Changed(); state.Synced {
				return nil
			}
		}
		select {
		case <-others:
		case <-begun:
		case <-told:
		case <-ctx.Done():
			return domain.E(domain.CodeOf(ctx.Err()), nil, context.Cause(ctx))
		}
	}
}

// Gate returns the hook that holds back writes to a cluster whose set cannot be trusted; see [watcher.Gate].
func (f *Fleet) Gate(opts watcher.GateOptions) provider.Hook { return watcher.Gate(f.State, opts) }
