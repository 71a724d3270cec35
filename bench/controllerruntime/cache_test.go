package controllerruntime

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	toolscache "k8s.io/client-go/tools/cache"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// TestCache: what controller-runtime's cache knows of a crowd of VMs, and what it tells a handler, is in the end what a
// list says, whatever happened to history and connections.
func TestCache(t *testing.T) {
	for form, name := range map[kubevirtsim.ExpiredForm]string{
		kubevirtsim.ExpiredInStream: "expired in the stream", kubevirtsim.ExpiredAsStatus: "expired as a status", kubevirtsim.ExpiredMidStream: "expired in the midst",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { follow(t, form) })
		})
	}
}

const byStatus = "status.printableStatus"

func follow(t *testing.T, form kubevirtsim.ExpiredForm) {
	s := newSite(t, kubevirtsim.Options{Seed: uint64(form), History: 50})
	s.SetExpiredForm(form)
	for n := range 5 {
		noError(t, "create", s.Create(t.Context(), newVM(fmt.Sprint("vm-", n), nil)))
	}
	cached, err := cache.New(s.config("cache"), cache.Options{Scheme: s.scheme})
	noError(t, "cache", err)
	noError(t, "index", cached.IndexField(t.Context(), &kubevirtv1.VirtualMachine{}, byStatus, func(o client.Object) []string {
		return []string{string(o.(*kubevirtv1.VirtualMachine).Status.PrintableStatus)} //nolint:forcetypeassert // it is asked for VMs only
	}))
	informer, err := cached.GetInformer(t.Context(), &kubevirtv1.VirtualMachine{}, cache.BlockUntilSynced(false))
	noError(t, "informer", err)
	told := &told{revisions: map[string]string{}}
	_, err = informer.AddEventHandler(told.handler())
	noError(t, "handler", err)

	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := cached.Start(ctx); err != nil {
			t.Errorf("the cache ends with %v", err)
		}
	})
	if !cached.WaitForCacheSync(ctx) {
		t.Fatal("the cache does not fill")
	}
	storm(t, s, uint64(form))
	equal(t, s, cached, told)
	stop()
	running.Wait()
}

// told is what a handler knows by what it was told.
type told struct {
	mu        sync.Mutex
	revisions map[string]string
}

func (k *told) handler() toolscache.ResourceEventHandler {
	set := func(o any) {
		vm := o.(*kubevirtv1.VirtualMachine) //nolint:forcetypeassert // it is told of VMs only
		k.mu.Lock()
		defer k.mu.Unlock()
		k.revisions[vm.Name] = vm.ResourceVersion
	}
	return toolscache.ResourceEventHandlerFuncs{AddFunc: set, UpdateFunc: func(_, o any) { set(o) }, DeleteFunc: func(o any) {
		key, _ := toolscache.DeletionHandlingObjectToName(o) // there is no object without a name
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.revisions, key.Name)
	}}
}

// storm makes, changes and deletes VMs while history and connections break.
func storm(t *testing.T, s *site, seed uint64) {
	random, ctx := rand.New(rand.NewPCG(seed, 0)), t.Context()
	faults := []kubevirtsim.Fault{
		{Do: kubevirtsim.Reset, After: 3}, {Do: kubevirtsim.Truncate, Into: 60}, {Do: kubevirtsim.Garbage, After: 2, Body: "<html>\n"}, {Do: kubevirtsim.Answer, Status: 503},
	}
	for n := range 200 {
		vm := newVM(fmt.Sprint("vm-", random.IntN(30)), nil)
		err := s.Get(ctx, client.ObjectKeyFromObject(vm), vm)
		switch {
		case apierrors.IsNotFound(err):
			err = s.Create(ctx, vm)
		case err == nil && random.IntN(3) == 0 && vm.DeletionTimestamp == nil:
			err = s.Delete(ctx, vm)
		case err == nil:
			base := vm.DeepCopy()
			vm.Annotations = map[string]string{"turn": fmt.Sprint(n)}
			err = s.Patch(ctx, vm, client.MergeFrom(base))
		}
		noError(t, "write", err)
		switch random.IntN(8) {
		case 0:
			s.Compact()
		case 1:
			s.EndWatches()
		case 2:
			f := faults[random.IntN(len(faults))]
			f.Client, f.Count = "cache", 1+random.IntN(2)
			s.SetFaults(f)
			s.EndWatches()
		case 3:
			s.BreakConnections()
		}
		time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
	}
	s.SetFaults()
	s.Compact()
	s.BreakConnections()
	time.Sleep(2 * time.Minute) // an informer's patience with a broken server grows to about half a minute
	synctest.Wait()
}

// equal holds the cache and the handler against a list.
func equal(t *testing.T, s *site, cached cache.Cache, told *told) {
	ctx := t.Context()
	revisions := func(r client.Reader, opts ...client.ListOption) map[string]string {
		t.Helper()
		var list kubevirtv1.VirtualMachineList
		noError(t, "list", r.List(ctx, &list, opts...))
		got := map[string]string{}
		for _, vm := range list.Items {
			got[vm.Name] = vm.ResourceVersion
		}
		return got
	}
	want := revisions(s)
	if len(want) == 0 {
		t.Fatal("no VM is left")
	}
	if diff := cmp.Diff(want, revisions(cached)); diff != "" {
		t.Errorf("the cache knows (-want +got):\n%s", diff)
	}
	told.mu.Lock()
	defer told.mu.Unlock()
	if diff := cmp.Diff(want, told.revisions); diff != "" {
		t.Errorf("the handler knows (-want +got):\n%s", diff)
	}
	running := revisions(cached, client.InNamespace("default"), client.MatchingFields{byStatus: string(kubevirtv1.VirtualMachineStatusRunning)})
	if diff := cmp.Diff(want, running); diff != "" { // after two minutes all of them run
		t.Errorf("the index knows (-want +got):\n%s", diff)
	}
	for name, revision := range want {
		var vm kubevirtv1.VirtualMachine
		if err := cached.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &vm); err != nil || vm.ResourceVersion != revision {
			t.Errorf("get of %s from the cache: revision %s, want %s: %v", name, vm.ResourceVersion, revision, err)
		}
	}
}
