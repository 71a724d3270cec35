package mock_test

import (
	"math/rand/v2"
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
		func(cl, n string) error { return p.AddInstanceType(domain.InstanceType{Cluster: cl, Name: n}) },
		func(cl, n string) error {
			_, _, err := p.UpdateVM(ctx, cl, "team", n, domain.VMChange{Labels: map[string]*string{"a": new("b")}, CPU: &domain.CPU{Sockets: 4}}, provider.UpdateOptions{})
			return err
		},
		func(cl, n string) error {
			return p.Edit(domain.Ref{Cluster: cl, Namespace: "team", Name: n}, "kubectl", domain.VMChange{Labels: map[string]*string{"x": new("y")}})
		},
	}
	var wg sync.WaitGroup
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
