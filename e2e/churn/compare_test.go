package churn_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
	clientset "kubevirt.io/client-go/kubevirt"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// fact is what makes a machine and its state one of their kind.
type fact struct{ UID, Revision, InstanceRevision string }

// listed is the server's word: consistent lists of machines and instances, joined by owner. No part of the library
// stands between.
func listed(ctx context.Context, client clientset.Interface, namespace string) (map[string]fact, error) {
	machines, err := client.KubevirtV1().VirtualMachines(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	instances, err := client.KubevirtV1().VirtualMachineInstances(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	owned := map[string]*kubevirtv1.VirtualMachineInstance{}
	for n := range instances.Items {
		if owner := metav1.GetControllerOf(&instances.Items[n]); owner != nil {
			owned[string(owner.UID)] = &instances.Items[n]
		}
	}
	facts := map[string]fact{}
	for _, machine := range machines.Items {
		f := fact{UID: string(machine.UID), Revision: machine.ResourceVersion}
		if instance := owned[f.UID]; instance != nil {
			f.InstanceRevision = instance.ResourceVersion
		}
		facts[machine.Namespace+"/"+machine.Name] = f
	}
	return facts, nil
}

// cached is what the records of a cache say, as far as it is of a namespace.
func cached(cache *watcher.VMCache, namespace string) (map[string]fact, map[string]told, error) {
	facts, items := map[string]fact{}, map[string]told{}
	all, fresh := cache.List(namespace)
	if fresh.Status != domain.CacheFresh {
		return nil, nil, errors.Join(fmt.Errorf("%w but %s", notFresh, fresh.Status), cache.State().Err)
	}
	for item := range all {
		if item.Err != nil {
			return nil, nil, fmt.Errorf("%s: %w", item.Key, item.Err)
		}
		ref := item.Value.Ref()
		if key := ref.Namespace + "/" + ref.Name; key != item.Key || ref.UID != item.UID {
			return nil, nil, fmt.Errorf("%w: under %s %s is %s %s", misfiled, item.Key, item.UID, key, ref.UID)
		}
		f := fact{UID: item.UID}
		f.Revision, f.InstanceRevision = item.Value.Revision()
		facts[item.Key], items[item.Key] = f, of(item)
	}
	return facts, items, nil
}

// mapped compares the cache's VMs with a live read. A cache keeps those annotations only that are the library's own, and
// says where it read.
func mapped(ctx context.Context, live provider.VMReader, cache *watcher.VMCache, cluster, namespace string) error {
	fromCache, err := cache.ListVMs(namespace, "")
	if err != nil {
		return err
	}
	var read []*domain.VM
	for vm, err := range provider.VMs(ctx, live, cluster, namespace, provider.ListOptions{Limit: provider.MaxLimit}) {
		if err != nil {
			return err
		}
		maps.DeleteFunc(vm.Annotations, func(key, _ string) bool { return !strings.HasPrefix(key, domain.DefaultLabelPrefix+"/") })
		read = append(read, vm)
	}
	if len(fromCache.ItemErrors) > 0 {
		return fmt.Errorf("in the cache: %w", fromCache.ItemErrors[0])
	}
	if diff := cmp.Diff(read, fromCache.Items, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(domain.Read{}, "From", "At", "Freshness")); diff != "" {
		return fmt.Errorf("a live read and the cache differ (-live +cache):\n%.4000s", diff)
	}
	return nil
}

// agree says what is not as it is to be once nobody writes any more: the server, the cache, a live read and every
// consumer have the same machines in the same state.
func agree(ctx context.Context, client clientset.Interface, live provider.VMReader, cache *watcher.VMCache, cluster, namespace string, consumers map[string]*ledger) error {
	want, err := listed(ctx, client, namespace)
	if err != nil {
		return err
	}
	got, items, err := cached(cache, namespace)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("server and cache differ (-server +cache):\n%.4000s", diff)
	}
	for name, consumer := range consumers {
		folded := consumer.folded()
		if folded == nil {
			return errors.New(name + " waits for a whole set")
		}
		if diff := cmp.Diff(items, folded); diff != "" {
			return fmt.Errorf("the cache and %s differ (-cache +folded):\n%.4000s", name, diff)
		}
	}
	return mapped(ctx, live, cache, cluster, namespace)
}
