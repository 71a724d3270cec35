package main

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	kubevirtv1 "kubevirt.io/api/core/v1"
	kubevirt "kubevirt.io/client-go/kubevirt"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// informers are two of client-go's shared informers on KubeVirt's typed clientset, as a generated factory makes them.
type informers struct {
	strip bool // of managedFields
}

func (i *informers) gets() (vm, shared func(namespace, name string) error) { return nil, nil }

func (i *informers) follow(ctx context.Context, host string, told *tally) error {
	set, err := kubevirt.NewForConfig(&rest.Config{Host: host, QPS: -1})
	if err != nil {
		return err
	}
	vms, instances := set.KubevirtV1().VirtualMachines(metav1.NamespaceAll), set.KubevirtV1().VirtualMachineInstances(metav1.NamespaceAll)
	var synced []cache.InformerSynced
	for _, one := range []struct {
		lw      *cache.ListWatch
		example runtime.Object
	}{
		{listWatch(vms.List, vms.Watch), &kubevirtv1.VirtualMachine{}},
		{listWatch(instances.List, instances.Watch), &kubevirtv1.VirtualMachineInstance{}},
	} {
		informer := cache.NewSharedIndexInformer(one.lw, one.example, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
		if i.strip {
			if err := informer.SetTransform(stripManagedFields); err != nil {
				return err
			}
		}
		registration, err := informer.AddEventHandler(told.handler())
		if err != nil {
			return err
		}
		go informer.RunWithContext(ctx) // ends with ctx, and the process does
		synced = append(synced, registration.HasSynced)
	}
	return untilSynced(ctx, synced...)
}

// listWatch is what a generated informer has.
func listWatch[L runtime.Object](list func(context.Context, metav1.ListOptions) (L, error), follow func(context.Context, metav1.ListOptions) (watch.Interface, error)) *cache.ListWatch {
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) { return list(ctx, opts) },
		WatchFuncWithContext: func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
			opts.Watch = true
			return follow(ctx, opts)
		},
	}
}

func stripManagedFields(o any) (any, error) {
	if object, ok := o.(metav1.Object); ok {
		object.SetManagedFields(nil)
	}
	return o, nil
}

// untilSynced waits as cache.WaitForCacheSync does, but looks more often than its 100 ms.
func untilSynced(ctx context.Context, synced ...cache.InformerSynced) error {
	for _, done := range synced {
		for !done() {
			select {
			case <-time.After(2 * time.Millisecond):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// handler counts, and looks at the objects as little as a consumer can.
func (t *tally) handler() cache.ResourceEventHandler {
	look := func(o any) {
		t.calls.Add(1)
		if object, ok := o.(client.Object); !ok || object.GetName() == "" {
			panic(errors.New("a callback that is told of nothing"))
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    look,
		UpdateFunc: func(_, o any) { look(o); t.modified.Add(1) },
		DeleteFunc: look,
	}
}
