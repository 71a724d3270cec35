package kubevirt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// fleetRig is a fleet over simulated clusters.
type fleetRig struct {
	t        *testing.T
	clusters *Clusters
	sims     map[string]*kubevirtsim.Server
	fleet    *Fleet
	p        *Provider
}

// inFleet runs a test in a bubble, with a fleet over clusters behind pipes in memory.
func inFleet(t *testing.T, opts FleetOptions, names []string, test func(t *testing.T, f *fleetRig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fleetRig{t: t, clusters: NewClusters(), sims: map[string]*kubevirtsim.Server{}}
		for _, name := range names {
			f.add(name)
		}
		var err error
		if f.fleet, err = NewFleet(f.clusters, opts); err != nil {
			t.Fatal(err)
		}
		if f.p, err = New(f.clusters, Options{Fleet: f.fleet}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() {
			if err := f.fleet.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		defer func() { // also when a test is given up: a bubble must end
			cancel()
			run.Wait()
			if err := f.clusters.Close(context.WithoutCancel(ctx)); err != nil {
				t.Error(err)
			}
			for _, sim := range f.sims {
				sim.Close()
			}
		}()
		f.settle(time.Second)
		test(t, f)
	})
}

// add adds a cluster whose faults are there before the fleet asks for anything.
func (f *fleetRig) add(name string, faults ...kubevirtsim.Fault) {
	f.t.Helper()
	sim, err := kubevirtsim.New(kubevirtsim.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.sims[name] = sim
	sim.SetFaults(faults...)
	if err := f.clusters.Add(name, &rest.Config{Host: "http://" + name, Dial: sim.Dial}, ClusterOptions{QPS: -1}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleetRig) settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (f *fleetRig) create(cluster string, names ...string) {
	f.t.Helper()
	for _, name := range names {
		spec := domain.VMSpec{Name: name, RunStrategy: domain.RunStrategyManual, MemoryBytes: 128 << 20}
		if _, err := f.p.CreateVM(f.t.Context(), cluster, "default", spec, provider.CreateOptions{}); err != nil {
			f.t.Fatal(err)
		}
	}
}

// same holds that the cache has what reads of the cluster say.
func (f *fleetRig) same(cluster string, want int) {
	f.t.Helper()
	live, err := f.p.ListVMs(f.t.Context(), cluster, provider.AllNamespaces, provider.ListOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	cached, err := f.fleet.Cache(cluster).ListVMs(provider.AllNamespaces, "")
	if err != nil {
		f.t.Fatal(err)
	}
	if diff := cmp.Diff(live.Items, cached.Items, cmpopts.IgnoreFields(domain.VM{}, "Read", "Annotations"), cmpopts.EquateEmpty()); diff != "" || len(live.Items) != want {
		f.t.Errorf("%d VMs; the cache has (-live +cache):\n%s", len(live.Items), diff)
	}
}

// phase holds where a cluster stands.
func (f *fleetRig) phase(cluster string, phase domain.SyncState, status domain.CacheStatus) {
	f.t.Helper()
	state, ok := f.fleet.State(cluster)
	if !ok || state.Phase != phase || state.Status(time.Now()) != status {
		f.t.Errorf("%s is %s/%s (%s), want %s and %s", cluster, state.Phase, state.Reason, state.Status(time.Now()), phase, status)
	}
	if got := f.fleet.Cache(cluster).Freshness().Status; got != status {
		f.t.Errorf("%s: readers see %s, want %s", cluster, got, status)
	}
}

func TestFleetFollows(t *testing.T) {
	inFleet(t, FleetOptions{}, []string{"c1", "c2"}, func(t *testing.T, f *fleetRig) {
		if err := f.fleet.WaitSynced(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.phase("c1", domain.SyncLive, domain.CacheFresh)
		f.create("c1", "a", "b", "c")
		f.settle(time.Second)
		if err := f.p.StartVM(t.Context(), "c1", "default", "a", provider.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		f.settle(5 * time.Second)
		f.same("c1", 3)
		f.same("c2", 0)
		vm, err := f.fleet.Cache("c1").GetVM("default", "a")
		if err != nil || vm.Status != domain.StatusRunning || vm.Read.From != domain.ReadCache || vm.Read.Freshness != domain.CacheFresh {
			t.Errorf("the cache reads %+v, %v", vm, err)
		}
		if err := f.p.DeleteVM(t.Context(), "c1", "default", "a", provider.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		f.settle(time.Minute)
		f.same("c1", 2)
		f.settle(10 * time.Minute)
		f.phase("c1", domain.SyncLive, domain.CacheFresh)
	})
}

// TestFleetMembers: clusters come and go at run time.
func TestFleetMembers(t *testing.T) {
	inFleet(t, FleetOptions{}, []string{"c1"}, func(t *testing.T, f *fleetRig) {
		f.add("c2")
		if err := f.fleet.WaitSynced(t.Context(), "c2"); err != nil {
			t.Fatal(err)
		}
		f.phase("c2", domain.SyncLive, domain.CacheFresh)
		old := f.fleet.Cache("c1")
		if err := f.clusters.Remove(t.Context(), "c1"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, ok := f.fleet.State("c1"); ok || f.fleet.Cache("c1") != nil || old.State().Phase != domain.SyncStopped {
			t.Errorf("a cluster that was removed is followed: %+v", old.State())
		}
		f.sims["c1"].Close()
		f.add("c1")
		f.settle(time.Second)
		f.phase("c1", domain.SyncLive, domain.CacheFresh)
		f.create("c1", "again")
		f.settle(time.Second)
		f.same("c1", 1)
		if old.Len() != 0 {
			t.Error("the cache of the cluster before it is fed")
		}
		if err := f.fleet.Run(t.Context()); !errors.Is(err, domain.CodeClosed) {
			t.Errorf("a second run: %v", err)
		}
	})
}

// TestFleetExpired: a place that is lost is a rebuilding of this cluster alone, which holds back writes.
func TestFleetExpired(t *testing.T) {
	inFleet(t, FleetOptions{}, []string{"c1", "c2"}, func(t *testing.T, f *fleetRig) {
		f.create("c1", "a", "b")
		f.settle(time.Second)
		sim := f.sims["c1"]
		sim.SetNetwork(kubevirtsim.NetworkRefused)
		sim.BreakConnections()
		f.settle(100 * time.Millisecond)
		f.phase("c1", domain.SyncRetrying, domain.CacheFresh)
		if err := sim.Inject([]byte(strings.ReplaceAll(manifest, "NAME", "c"))); err != nil {
			t.Fatal(err)
		}
		f.settle(100 * time.Millisecond)
		sim.Compact()
		sim.SetFaults(kubevirtsim.Fault{Path: "/apis/kubevirt.io/v1/virtualmachines", NoWatch: true, Do: kubevirtsim.Hang})
		sim.SetNetwork(kubevirtsim.NetworkUp)
		f.settle(20 * time.Second)
		f.phase("c1", domain.SyncRebuilding, domain.CacheStale)
		f.phase("c2", domain.SyncLive, domain.CacheFresh)
		guarded := provider.Wrap(f.p, f.fleet.Gate(watcher.GateOptions{}))
		err := guarded.StartVM(t.Context(), "c1", "default", "a", provider.StartOptions{})
		if e, ok := errors.AsType[*domain.Error](err); !ok || e.Code != domain.CodeClusterRebuilding || e.RetryAfter == 0 {
			t.Errorf("a write to a cluster that is rebuilt: %v", err)
		}
		sim.SetFaults()
		f.settle(time.Minute)
		f.phase("c1", domain.SyncLive, domain.CacheFresh)
		f.same("c1", 3)
		if err := guarded.StartVM(t.Context(), "c1", "default", "a", provider.StartOptions{}); err != nil {
			t.Error(err)
		}
	})
}

const manifest = `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"namespace":"default","name":"NAME"},
"spec":{"runStrategy":"Manual","template":{"spec":{"domain":{"devices":{},"memory":{"guest":"128Mi"}}}}}}`

// TestFleetForbiddenInstances: VMs are told without their instances, and say so, as long as those may not be read.
func TestFleetForbiddenInstances(t *testing.T) {
	inFleet(t, FleetOptions{}, nil, func(t *testing.T, f *fleetRig) {
		forbidden := kubevirtsim.Fault{Path: "/apis/kubevirt.io/v1/virtualmachineinstances", Do: kubevirtsim.Answer, Status: 403, Reason: "Forbidden"}
		f.add("c1", forbidden)
		f.settle(time.Second)
		f.phase("c1", domain.SyncLive, domain.CacheFresh)
		f.create("c1", "a")
		if err := f.p.StartVM(t.Context(), "c1", "default", "a", provider.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		f.settle(10 * time.Second)
		read := func(unread bool) {
			t.Helper()
			vm, err := f.fleet.Cache("c1").GetVM("default", "a")
			if err != nil || vm.Status != domain.StatusRunning || vm.Read.InstanceUnread != unread {
				t.Errorf("the cache reads %s, unread %t (%v); want RUNNING, unread %t", vm.Status, vm.Read.InstanceUnread, err, unread)
			}
		}
		read(true)
		f.sims["c1"].SetFaults()
		f.settle(10 * time.Minute)
		read(false)
		f.same("c1", 1)
		f.sims["c1"].SetFaults(forbidden)
		f.sims["c1"].BreakConnections()
		f.settle(20 * time.Second)
		f.phase("c1", domain.SyncLive, domain.CacheFresh)
		read(true)
	})
}

// words are the events of a stream, until there are n of them.
func (f *fleetRig) words(ctx context.Context, p provider.VMWatcher, cluster, namespace string, opts provider.WatchOptions, n int, act func(told int)) (words []string, last string) {
	f.t.Helper()
	for e, err := range p.WatchVMs(ctx, cluster, namespace, opts) {
		switch {
		case err != nil:
			return append(words, string(domain.CodeOf(err))), last
		case e.Value != nil:
			words = append(words, fmt.Sprint(e.Type, " ", e.Value.Name))
		default:
			words = append(words, string(e.Type))
		}
		last = e.Revision
		if len(words) == n {
			return words, last
		}
		act(len(words))
	}
	return words, last
}

func TestWatchVMs(t *testing.T) {
	for name, followed := range map[string]bool{"of a fleet": true, "by itself": false} {
		t.Run(name, func(t *testing.T) {
			inFleet(t, FleetOptions{}, []string{"c1"}, func(t *testing.T, f *fleetRig) {
				f.create("c1", "a", "b")
				f.settle(time.Minute)
				p := f.p
				if !followed {
					var err error
					if p, err = New(f.clusters, Options{}); err != nil {
						t.Fatal(err)
					}
				}
				words, last := f.words(t.Context(), p, "c1", "default", provider.WatchOptions{}, 5, func(told int) {
					if told == 3 {
						if err := f.p.DeleteVM(t.Context(), "c1", "default", "a", provider.DeleteOptions{}); err != nil {
							t.Error(err)
						}
					}
				})
				if diff := cmp.Diff([]string{"ADDED a", "ADDED b", "SYNCED", "MODIFIED a", "DELETED a"}, words); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				f.create("c1", "c")
				f.settle(time.Minute)
				words, _ = f.words(t.Context(), p, "c1", "default", provider.WatchOptions{Revision: last}, 2, func(int) {})
				if diff := cmp.Diff([]string{"SYNCED", "ADDED c"}, words); diff != "" {
					t.Errorf("resumed (-want +got):\n%s", diff)
				}
				f.sims["c1"].Compact()
				words, _ = f.words(t.Context(), p, "c1", "default", provider.WatchOptions{Revision: last}, 2, func(int) {})
				if diff := cmp.Diff([]string{string(domain.CodeRevisionExpired)}, words); diff != "" {
					t.Errorf("resumed too late (-want +got):\n%s", diff)
				}
				ctx, cancel := context.WithCancel(t.Context())
				words, _ = f.words(ctx, p, "c1", provider.AllNamespaces, provider.WatchOptions{}, 9, func(told int) {
					if told == 3 {
						cancel()
					}
				})
				if diff := cmp.Diff([]string{"ADDED b", "ADDED c", "SYNCED", string(domain.CodeCanceled)}, words); diff != "" {
					t.Errorf("canceled (-want +got):\n%s", diff)
				}
				words, _ = f.words(t.Context(), p, "c1", "default", provider.WatchOptions{}, 9, func(told int) {
					if told == 3 {
						go func() { _ = f.clusters.Remove(t.Context(), "c1") }()
					}
				})
				if diff := cmp.Diff([]string{"ADDED b", "ADDED c", "SYNCED", string(domain.CodeClosed)}, words); diff != "" {
					t.Errorf("removed (-want +got):\n%s", diff)
				}
				words, _ = f.words(t.Context(), p, "c1", "default", provider.WatchOptions{}, 9, func(int) {})
				if diff := cmp.Diff([]string{string(domain.CodeClusterNotFound)}, words); diff != "" {
					t.Errorf("of no cluster (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestWatchVMsBegins: what keeps a stream from beginning ends it.
func TestWatchVMsBegins(t *testing.T) {
	cases := map[string]struct {
		fault kubevirtsim.Fault
		want  domain.Code
	}{
		"no permission":  {kubevirtsim.Fault{Do: kubevirtsim.Answer, Status: 403, Reason: "Forbidden"}, domain.CodePermissionDenied},
		"no credential":  {kubevirtsim.Fault{Do: kubevirtsim.Answer, Status: 401, Reason: "Unauthorized"}, domain.CodeClusterCredentials},
		"no KubeVirt":    {kubevirtsim.Fault{Do: kubevirtsim.Answer, Status: 404, Body: "404 page not found", ContentType: "text/plain"}, domain.CodeKubeVirtMissing},
		"out of reach":   {kubevirtsim.Fault{Do: kubevirtsim.Reset}, domain.CodeClusterUnreachable},
		"a server's bug": {kubevirtsim.Fault{Do: kubevirtsim.Answer, Status: 500, Reason: "InternalError"}, domain.CodeInternal},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inFleet(t, FleetOptions{}, nil, func(t *testing.T, f *fleetRig) {
				c.fault.Path = "/apis/kubevirt.io/v1/virtualmachines"
				f.add("c1", c.fault)
				alone, err := New(f.clusters, Options{})
				if err != nil {
					t.Fatal(err)
				}
				for p, of := range map[*Provider]string{f.p: "fleet", alone: "alone"} {
					words, _ := f.words(t.Context(), p, "c1", provider.AllNamespaces, provider.WatchOptions{}, 9, func(int) {})
					if diff := cmp.Diff([]string{string(c.want)}, words); diff != "" {
						t.Errorf("%s (-want +got):\n%s", of, diff)
					}
				}
			})
		})
	}
}

// TestWaitVMOfFleet: a VM that is followed is read when it changes.
func TestWaitVMOfFleet(t *testing.T) {
	inFleet(t, FleetOptions{}, []string{"c1"}, func(t *testing.T, f *fleetRig) {
		f.create("c1", "a")
		f.settle(time.Minute)
		reads := 0
		counted := provider.Wrap(f.p, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if call.Op == provider.OpGetVM {
				reads++
			}
			return next(ctx)
		})
		began := time.Now()
		time.AfterFunc(29*time.Second, func() {
			if err := f.p.StartVM(t.Context(), "c1", "default", "a", provider.StartOptions{}); err != nil {
				t.Error(err)
			}
		})
		vm, err := provider.WaitVM(t.Context(), counted, "c1", "default", "a", provider.In(domain.StatusRunning), provider.WaitOptions{})
		if err != nil || vm.Status != domain.StatusRunning || vm.Read.From != domain.ReadLive {
			t.Errorf("%+v, %v", vm, err)
		}
		changes := 12 // of a VM that starts, at most
		if took := time.Since(began); took > 30*time.Second || reads > changes {
			t.Errorf("%d reads in %v", reads, took)
		}
		if err := f.p.DeleteVM(t.Context(), "c1", "default", "a", provider.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := provider.WaitVMGone(t.Context(), f.p, "c1", "default", "a", provider.WaitOptions{}); err != nil {
			t.Error(err)
		}
	})
}

func TestFleetOptions(t *testing.T) {
	clusters := NewClusters()
	fleet, err := NewFleet(clusters, FleetOptions{LabelPrefix: "acme.io"})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := New(clusters, Options{Fleet: fleet}); err != nil || p.prefix != "acme.io" {
		t.Errorf("the prefix of the fleet: %v", err)
	}
	for name, err := range map[string]error{
		"no clusters":    second(NewFleet(nil, FleetOptions{})),
		"a bad prefix":   second(NewFleet(clusters, FleetOptions{LabelPrefix: "_"})),
		"two prefixes":   second(New(clusters, Options{Fleet: fleet, LabelPrefix: "other.io"})),
		"other clusters": second(New(NewClusters(), Options{Fleet: fleet})),
	} {
		if !errors.Is(err, domain.CodeInvalidOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
