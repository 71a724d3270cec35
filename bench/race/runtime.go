package main

import (
	"context"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	kubevirtv1 "kubevirt.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// runtimeCache is controller-runtime's cache on both types.
type runtimeCache struct {
	strip bool // of managedFields
}

func (r *runtimeCache) gets() (vm, shared func(namespace, name string) error) { return nil, nil }

func (r *runtimeCache) follow(ctx context.Context, host string, told *tally) error {
	ctrl.SetLogger(logr.Discard())
	scheme := runtime.NewScheme()
	if err := kubevirtv1.AddToScheme(scheme); err != nil {
		return err
	}
	objects := []client.Object{&kubevirtv1.VirtualMachine{}, &kubevirtv1.VirtualMachineInstance{}}
	opts := cache.Options{Scheme: scheme, ByObject: map[client.Object]cache.ByObject{}}
	for _, object := range objects {
		var by cache.ByObject
		if r.strip {
			by.Transform = cache.TransformStripManagedFields()
		}
		opts.ByObject[object] = by
	}
	cached, err := cache.New(&rest.Config{Host: host, QPS: -1}, opts)
	if err != nil {
		return err
	}
	go func() { _ = cached.Start(ctx) }() // ends with ctx, and the process does
	var synced []toolscache.InformerSynced
	for _, object := range objects {
		informer, err := cached.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		registration, err := informer.AddEventHandler(told.handler())
		if err != nil {
			return err
		}
		synced = append(synced, registration.HasSynced)
	}
	return untilSynced(ctx, synced...)
}
