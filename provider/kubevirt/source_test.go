package kubevirt

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// setSink keeps what a watcher tells it.
type setSink[R any] struct {
	mu       sync.Mutex
	set      map[string]watcher.Item[R]
	replaces int
	phases   []string
}

func (s *setSink[R]) Replace(_ context.Context, items []watcher.Item[R]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaces++
	s.set = map[string]watcher.Item[R]{}
	for _, item := range items {
		s.set[item.Key] = item
	}
	return nil
}

func (s *setSink[R]) Apply(_ context.Context, events []watcher.Event[R]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if e.Type == domain.EventDeleted {
			delete(s.set, e.Item.Key)
		} else {
			s.set[e.Item.Key] = e.Item
		}
	}
	return nil
}

func (s *setSink[R]) SetState(_ context.Context, state watcher.State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phases = append(s.phases, strings.TrimSuffix(string(state.Phase)+"/"+string(state.Reason), "/"))
	return nil
}

func (s *setSink[R]) revisions() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]string{}
	for key, item := range s.set {
		found[key] = item.Revision
	}
	return found
}

// sourceRig is a watcher on the VMs of a simulated cluster.
type sourceRig struct {
	t    *testing.T
	sim  *kubevirtsim.Server
	p    *Provider
	sink *setSink[mapper.VMRecord]
	w    *watcher.Watcher[mapper.VMRecord]
}

const clusterName = "c1"

// inFollowed runs a test in a bubble, over a simulator behind pipes in memory.
func inFollowed(t *testing.T, sim kubevirtsim.Options, opts watcher.Options, test func(f *sourceRig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server, err := kubevirtsim.New(sim)
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		clusters := NewClusters()
		config := &rest.Config{Host: "http://sim", Dial: server.Dial}
		if err := clusters.Add(clusterName, config, ClusterOptions{QPS: -1}); err != nil {
			t.Fatal(err)
		}
		p, err := New(clusters, Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := &sourceRig{t: t, sim: server, p: p, sink: &setSink[mapper.VMRecord]{}}
		c, err := clusters.get(clusterName)
		if err != nil {
			t.Fatal(err)
		}
		f.w = watcher.New(vmSource(c, p.mapper(clusterName), ""), f.sink, opts)
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = f.w.Run(ctx) })
		f.settle(time.Second)
		test(f)
		cancel()
		run.Wait()
		c.release()
		if err := clusters.Close(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	})
}

func (f *sourceRig) settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (f *sourceRig) create(names ...string) {
	f.t.Helper()
	for _, name := range names {
		object := fmt.Sprintf(`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"namespace":"default","name":%q},
"spec":{"runStrategy":"Manual","template":{"spec":{"domain":{"devices":{},"memory":{"guest":"128Mi"}}}}}}`, name)
		if err := f.sim.Inject([]byte(object)); err != nil {
			f.t.Fatal(err)
		}
	}
}

// same holds that the sink has what a list has.
func (f *sourceRig) same(want int) {
	f.t.Helper()
	listed := map[string]string{}
	c, err := f.p.clusters.get(clusterName)
	if err != nil {
		f.t.Fatal(err)
	}
	defer c.release()
	page, err := vmSource(c, f.p.mapper(clusterName), "").List(f.t.Context(), watcher.ListOptions{Limit: 1000})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, item := range page.Items {
		listed[item.Key] = item.Revision
	}
	if diff := cmp.Diff(listed, f.sink.revisions()); diff != "" || len(listed) != want {
		f.t.Errorf("of %d VMs the sink has (-list +sink):\n%s", len(listed), diff)
	}
}

func TestSourceFollows(t *testing.T) {
	for name, opts := range map[string]watcher.Options{"pages": {PageSize: 2}, "watch-list": {WatchList: true}} {
		t.Run(name, func(t *testing.T) {
			inFollowed(t, kubevirtsim.Options{}, opts, func(f *sourceRig) {
				f.create("a", "b", "c")
				f.settle(time.Second)
				f.same(3)
				f.sim.EndWatches()
				f.sim.Compact()
				f.create("d")
				f.settle(5 * time.Second)
				f.same(4)
				if diff := cmp.Diff("LIVE", f.sink.phases[len(f.sink.phases)-1]); diff != "" {
					t.Errorf("phase (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestSourceExpired: in all three forms in which a server says that a place is too old, one list is taken, and the
// breaker counts nothing.
func TestSourceExpired(t *testing.T) {
	for name, form := range map[string]kubevirtsim.ExpiredForm{
		"in the stream": kubevirtsim.ExpiredInStream, "as a status": kubevirtsim.ExpiredAsStatus, "in midstream": kubevirtsim.ExpiredMidStream,
	} {
		t.Run(name, func(t *testing.T) {
			inFollowed(t, kubevirtsim.Options{}, watcher.Options{}, func(f *sourceRig) {
				f.create("a", "b")
				f.settle(time.Second)
				f.sim.SetExpiredForm(form)
				f.sim.SetNetwork(kubevirtsim.NetworkRefused)
				f.sim.BreakConnections()
				f.create("c")
				f.settle(100 * time.Millisecond)
				f.sim.Compact()
				f.sim.SetNetwork(kubevirtsim.NetworkUp)
				f.settle(time.Minute)
				f.same(3)
				stats := f.w.Stats()
				if stats.Lists != 2 || stats.Expired == 0 {
					t.Errorf("%d lists, %d expired places", stats.Lists, stats.Expired)
				}
			})
		})
	}
}

// TestInstanceSource: instances are followed as VMs are.
func TestInstanceSource(t *testing.T) {
	inFollowed(t, kubevirtsim.Options{}, watcher.Options{}, func(f *sourceRig) {
		f.create("a")
		c, err := f.p.clusters.get(clusterName)
		if err != nil {
			f.t.Fatal(err)
		}
		defer c.release()
		sink := &setSink[mapper.InstanceRecord]{}
		w := watcher.New(instanceSource(c, f.p.mapper(clusterName), "default"), sink, watcher.Options{})
		ctx, cancel := context.WithCancel(f.t.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = w.Run(ctx) })
		f.settle(time.Second)
		if err := f.p.StartVM(ctx, clusterName, "default", "a", provider.StartOptions{}); err != nil {
			f.t.Error(err)
		}
		f.settle(time.Second)
		if got := sink.set["default/a"].Value; got.Name() != "a" || got.OwnerUID() != f.sink.set["default/a"].UID {
			f.t.Errorf("the instance is %q of %q", got.Name(), got.OwnerUID())
		}
		cancel()
		run.Wait()
	})
}
