package kubevirt

import (
	"context"
	"log/slog"
	"sync"

	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// followed is a cluster, or one namespace of it, whose VMs are kept up to date in a cache.
type followed struct {
	member    *cluster
	joining   *joining
	cache     *watcher.VMCache
	vms       *watcher.Watcher[mapper.VMRecord]
	instances *watcher.Watcher[mapper.InstanceRecord]
	from      sources
}

// sources are what the two watchers read from.
type sources struct {
	vms       *source[mapper.VMRecord]
	instances *source[mapper.InstanceRecord]
}

// following says what to follow, and how.
type following struct {
	member *cluster
	mapper *mapper.Mapper
	scope  string // a namespace; empty is all of them
	watch  watcher.Options
	cache  watcher.VMCacheOptions
	// vms and instances are the places at which the watchers begin; empty begins with a list.
	vms, instances string
}

func follow(what following) *followed {
	f := &followed{member: what.member, joining: newJoining(&origin{what.member.name, what.mapper})}
	what.cache.KeepStrings = true // they are parts of the records
	what.cache.State = f.state
	f.cache = watcher.NewVMCache(what.member.name, what.cache)
	f.joining.cache = f.cache
	f.from = sources{vmSource(what.member, what.mapper, what.scope), instanceSource(what.member, what.mapper, what.scope)}
	f.vms = watcher.New(f.from.vms, vmSink{f.joining}, optionsOf(what, onVM, what.vms))
	f.instances = watcher.New(f.from.instances, instanceSink{f.joining}, optionsOf(what, onInstance, what.instances))
	return f
}

func optionsOf(what following, resource, place string) watcher.Options {
	opts := what.watch
	opts.Revision = place
	if opts.Logger != nil {
		opts.Logger = opts.Logger.With(slog.String("cluster", what.member.name), slog.String("resource", resource))
	}
	return opts
}

// run follows until ctx ends, or the cluster is removed. Nothing is left running then.
func (f *followed) run(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(f.member.life, stop)()
	var both sync.WaitGroup
	both.Go(func() { _ = f.vms.Run(ctx) }) // a watcher that runs once ends with its context, and without an error
	both.Go(func() { _ = f.instances.Run(ctx) })
	both.Wait()
}

// state is where the cluster stands now.
func (f *followed) state() watcher.State {
	vms, instances := f.vms.State(), f.instances.State()
	return joinedState(vms, instances, f.joining.unread.Load(), "")
}
