package mock_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestConcurrency: many callers, many verbs, nothing but the codes there are; run it under the race detector.
func TestConcurrency(t *testing.T) {
	c := on(t, mock.Options{Clusters: []string{"mock", "other"}, Timing: mock.Timing{Observe: -1, Schedule: time.Millisecond, Boot: time.Millisecond, Shutdown: time.Millisecond, Migrate: time.Millisecond}})
	p, ctx := c.p, c.ctx()
	calls := []func(cluster, name string) error{
		func(cl, n string) error {
			return second(p.CreateVM(ctx, cl, "team", spec(n), provider.CreateOptions{}))
		},
		func(cl, n string) error { return second(p.ApplyVM(ctx, cl, "team", spec(n), provider.ApplyOptions{})) },
		func(cl, n string) error { return second(p.GetVM(ctx, cl, "team", n)) },
		func(cl, n string) error { return second(p.ListVMs(ctx, cl, "*", provider.ListOptions{Limit: 3})) },
		func(cl, n string) error { return p.StartVM(ctx, cl, "team", n, provider.StartOptions{}) },
		func(cl, n string) error { return p.StopVM(ctx, cl, "team", n, provider.StopOptions{}) },
		func(cl, n string) error { return p.RestartVM(ctx, cl, "team", n, provider.RestartOptions{}) },
		func(cl, n string) error { return p.PauseVM(ctx, cl, "team", n, provider.PauseOptions{}) },
		func(cl, n string) error { return p.DeleteVM(ctx, cl, "team", n, provider.DeleteOptions{}) },
		func(cl, n string) error { return second(p.MigrateVM(ctx, cl, "team", n, provider.MigrateOptions{})) },
		func(cl, n string) error { return second(p.ListMigrations(ctx, cl, "team", n, provider.ListOptions{})) },
		func(cl, n string) error {
			return p.SetKnobs(domain.Ref{Cluster: cl, Namespace: "team", Name: n}, mock.Knobs{})
		},
		func(cl, n string) error {
			return p.Situate(domain.Ref{Cluster: cl, Namespace: "team", Name: n},
				domain.Situation{Strategy: domain.RunStrategyAlways, Instance: domain.InstanceLive})
		},
		func(cl, n string) error {
			p.Requests()
			return p.Faults(mock.Fault{Cluster: cl, Name: n, Probability: 0.5, Count: 9, Delay: time.Millisecond, Code: domain.CodeThrottled, After: true})
		},
		func(string, string) error { return p.Faults() },
		func(string, string) error { p.ExpireStreams(); return nil },
		func(cl, n string) error { return p.AddInstanceType(domain.InstanceType{Cluster: cl, Name: n}) },
		func(cl, n string) error {
			_, _, err := p.UpdateVM(ctx, cl, "team", n, domain.VMChange{Labels: map[string]*string{"a": new("b")}, CPU: &domain.CPU{Sockets: 4}}, provider.UpdateOptions{})
			return err
		},
		func(cl, n string) error {
			return p.Edit(domain.Ref{Cluster: cl, Namespace: "team", Name: n}, "kubectl", domain.VMChange{Labels: map[string]*string{"x": new("y")}})
		},
	}
	var wg, streams sync.WaitGroup
	for n := range 8 {
		streams.Go(func() { followToEnd(t, p, []string{"mock", "other"}[n%2], 1+n*n) })
	}
	for worker := range 64 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(5, uint64(worker)))
			for range 300 {
				cluster := []string{"mock", "other"}[random.IntN(2)]
				name := string(rune('a' + random.IntN(8)))
				err := calls[random.IntN(len(calls))](cluster, name)
				if kind := domain.KindOf(err); kind == domain.KindInternal || kind == domain.KindUnsupported {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	c.good(p.Faults())
	for _, cluster := range []string{"mock", "other"} {
		c.good(second(p.CreateVM(ctx, cluster, "team", spec("the-end"), provider.CreateOptions{})))
	}
	streams.Wait()
	uids := map[string]bool{}
	for _, cluster := range []string{"mock", "other"} {
		for vm, err := range provider.VMs(ctx, p, cluster, "*", provider.ListOptions{}) {
			if err != nil || uids[vm.UID] {
				t.Errorf("%+v, %v", vm, err)
			}
			uids[vm.UID] = true
		}
	}
}

// followToEnd follows a cluster until VM the-end comes, and finds fault with what does not fit together. Faults may keep
// a stream from beginning.
func followToEnd(t *testing.T, p *mock.Provider, cluster string, queue int) {
	known := map[string]string{}
	revision := ""
	for {
		events := 0
		for event, err := range p.WatchVMs(t.Context(), cluster, "team", provider.WatchOptions{Revision: revision, Queue: queue}) {
			if err != nil {
				if domain.CodeOf(err) == domain.CodeRevisionExpired {
					revision, known = "", map[string]string{}
				} else if domain.CodeOf(err) != domain.CodeThrottled {
					t.Error(err)
					return
				}
				break
			}
			if revision = event.Revision; event.Value != nil {
				vm := event.Value
				uid, there := known[vm.Name]
				if there == (event.Type == domain.EventAdded) || there && uid != vm.UID {
					t.Errorf("%s of %s with UID %s, known was %q", event.Type, vm.Name, vm.UID, uid)
				}
				if known[vm.Name] = vm.UID; event.Type == domain.EventDeleted {
					delete(known, vm.Name)
				}
				if vm.Name == "the-end" {
					return
				}
			}
			if events++; events%50 == 0 && revision != "" {
				break // and go on from there
			}
		}
		runtime.Gosched()
	}
}
