package provider_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestEnsureHoldsWhatItPromises puts a VM into every situation that the verbs of power lead to, and asks for each state:
// what is answered nil comes true by itself, and what is TRANSITION_IN_PROGRESS becomes nil when one asks again.
func TestEnsureHoldsWhatItPromises(t *testing.T) {
	ensures := map[string]struct {
		ask   func(context.Context, provider.Provider) error
		holds func(*domain.VM) bool
	}{
		"running": {
			func(ctx context.Context, p provider.Provider) error {
				return provider.EnsureRunning(ctx, p, cluster, namespace, name, provider.StartOptions{})
			},
			func(vm *domain.VM) bool { return vm.Status == domain.StatusRunning },
		},
		"stopped": {
			func(ctx context.Context, p provider.Provider) error {
				return provider.EnsureStopped(ctx, p, cluster, namespace, name, provider.StopOptions{})
			},
			func(vm *domain.VM) bool {
				return vm.Instance != domain.InstanceLive && vm.Instance != domain.InstanceStarting
			},
		},
		"paused": {
			func(ctx context.Context, p provider.Provider) error {
				return provider.EnsurePaused(ctx, p, cluster, namespace, name, provider.PauseOptions{})
			},
			func(vm *domain.VM) bool { return vm.Status == domain.StatusPaused },
		},
	}
	tried := 0
	for _, s := range situations() {
		for what, e := range ensures {
			synctest.Test(t, func(t *testing.T) {
				p := mock.New(mock.Options{Clusters: []string{cluster}})
				if p.Situate(domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}, s) != nil {
					return // it cannot be
				}
				tried++
				err := e.ask(t.Context(), p)
				for asked := 0; domain.CodeOf(err) == domain.CodeTransitionInProgress && asked < 120; asked++ {
					time.Sleep(5 * time.Second)
					err = e.ask(t.Context(), p)
				}
				switch code := domain.CodeOf(err); {
				case code == domain.CodeStartNotSupported && s.Strategy == domain.RunStrategyOnce:
					return // its one instance has ended
				case code != "":
					t.Fatalf("%s, from %+v: %v", what, s, err)
				}
				time.Sleep(10 * time.Minute)
				vm, err := p.GetVM(t.Context(), cluster, namespace, name)
				if err != nil || !e.holds(vm) {
					t.Errorf("%s, from %+v: nil, and ten minutes later %s of %+v, %v", what, s, vm.Status, vm.Situation(), err)
				}
			})
		}
	}
	if tried == 0 {
		t.Error("nothing was tried")
	}
}

// situations are those of power.
func situations() (all []domain.Situation) {
	flags := []bool{false, true}
	for _, strategy := range domain.RunStrategies() {
		if strategy == domain.RunStrategyWaitAsReceiver {
			continue // it takes no verb of power
		}
		for _, instance := range domain.InstanceStates() {
			for _, paused := range flags {
				for _, stopping := range flags {
					for _, queued := range flags {
						all = append(all, domain.Situation{Strategy: strategy, Instance: instance, Paused: paused, StopPending: stopping, ChangeQueued: queued})
					}
				}
			}
		}
	}
	return all
}
