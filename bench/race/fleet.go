package main

import (
	"context"
	"errors"

	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// fleet is this library: VMs and instances joined, all indexes, and a subscription whose callback makes a domain.VM of
// whatever it is told, as a consumer does that looks at it.
type fleet struct {
	watchList bool // takes the initial set as a stream
	cache     *watcher.VMCache
}

const member = "c1"

func (f *fleet) gets() (vm, shared func(namespace, name string) error) {
	other := errors.New("another VM")
	vm = func(namespace, name string) error {
		vm, err := f.cache.GetVM(namespace, name)
		if err == nil && vm.Name != name {
			err = other
		}
		return err
	}
	shared = func(namespace, name string) error {
		if item, _, ok := f.cache.Get(namespace + "/" + name); !ok || item.Value == nil {
			return other
		}
		return nil
	}
	return vm, shared
}

func (f *fleet) follow(ctx context.Context, host string, told *tally) error {
	clusters := kubevirt.NewClusters()
	if err := clusters.Add(member, &rest.Config{Host: host}, kubevirt.ClusterOptions{QPS: -1}); err != nil {
		return err
	}
	all, err := kubevirt.NewFleet(clusters, kubevirt.FleetOptions{Watch: watcher.Options{WatchList: f.watchList}})
	if err != nil {
		return err
	}
	go func() { _ = all.Run(ctx) }() // ends with ctx, and the process does
	if err := until(ctx, func() (bool, error) { f.cache = all.Cache(member); return f.cache != nil, nil }); err != nil {
		return err
	}
	synced := make(chan struct{})
	go func() { // as above
		_ = f.cache.Each(ctx, watcher.SubscribeOptions[watcher.VMRecord]{}, func(n watcher.Notice[watcher.VMRecord]) error {
			return told.notice(n, synced)
		})
	}()
	select {
	case <-synced:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// notice counts, and looks at the VM. synced is closed when the whole set was told.
func (t *tally) notice(n watcher.Notice[watcher.VMRecord], synced chan struct{}) error {
	switch n.Type {
	case domain.EventAdded, domain.EventModified:
		t.calls.Add(1)
		if vm := n.New.Value.VM(); vm.Status != domain.StatusRunning {
			panic(errors.New("a callback that is told of a VM that does not run"))
		}
		if n.Type == domain.EventModified {
			t.modified.Add(1)
		}
	case domain.EventDeleted:
		t.calls.Add(1)
	case domain.EventSynced:
		select {
		case <-synced: // again, after a rebuild
		default:
			close(synced)
		}
	default:
	}
	return nil
}
