package provider_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

const (
	cluster   = "east-1"
	namespace = "team"
	name      = "web"
)

// counted wraps a Mock and counts what writes.
func counted(writes *int) provider.Provider {
	return provider.Wrap(mock.New(mock.Options{Clusters: []string{cluster}}),
		func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			switch call.Op {
			case provider.OpGetVM, provider.OpListVMs:
			default:
				*writes++
			}
			return next(ctx)
		})
}

func create(t *testing.T, p provider.Provider, strategy domain.RunStrategy) *domain.VM {
	t.Helper()
	vm, err := p.CreateVM(t.Context(), cluster, namespace,
		domain.VMSpec{Name: name, RunStrategy: strategy, MemoryBytes: 1 << 30}, provider.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func await(t *testing.T, p provider.Provider, statuses ...domain.VMStatus) *domain.VM {
	t.Helper()
	vm, err := provider.WaitVM(t.Context(), p, cluster, namespace, name, provider.In(statuses...), provider.WaitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

// TestEnsure brings a VM of each run strategy from each power state to each: what is reached, and that asking again
// writes nothing.
func TestEnsure(t *testing.T) {
	reach := map[domain.VMStatus]func(context.Context, provider.Provider) error{
		domain.StatusRunning: func(ctx context.Context, p provider.Provider) error {
			return provider.EnsureRunning(ctx, p, cluster, namespace, name, provider.StartOptions{})
		},
		domain.StatusStopped: func(ctx context.Context, p provider.Provider) error {
			return provider.EnsureStopped(ctx, p, cluster, namespace, name, provider.StopOptions{})
		},
		domain.StatusPaused: func(ctx context.Context, p provider.Provider) error {
			return provider.EnsurePaused(ctx, p, cluster, namespace, name, provider.PauseOptions{})
		},
	}
	for _, strategy := range []domain.RunStrategy{domain.RunStrategyAlways, domain.RunStrategyHalted, domain.RunStrategyManual, domain.RunStrategyRerunOnFailure} {
		for from := range reach {
			for to := range reach {
				t.Run(fmt.Sprintf("%s/%s to %s", strategy, from, to), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						ctx, writes := t.Context(), 0
						p := counted(&writes)
						create(t, p, strategy)
						await(t, p, domain.StatusRunning, domain.StatusStopped)
						for _, status := range []domain.VMStatus{from, to} {
							if err := reach[status](ctx, p); err != nil {
								t.Fatalf("ensure %s: %v", status, err)
							}
							await(t, p, status)
						}
						before := writes
						if err := reach[to](ctx, p); err != nil || writes != before {
							t.Errorf("asking again: %v, %d writes", err, writes-before)
						}
					})
				})
			}
		}
	}
}

func TestEnsureDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, writes := t.Context(), 0
		p := counted(&writes)
		vm := create(t, p, domain.RunStrategyHalted)
		for _, uid := range []string{"another", vm.UID, vm.UID} {
			if err := provider.EnsureDeleted(ctx, p, cluster, namespace, name, provider.DeleteOptions{UID: uid}); err != nil {
				t.Errorf("EnsureDeleted(%s) = %v", uid, err)
			}
			if uid == "another" {
				if _, err := p.GetVM(ctx, cluster, namespace, name); err != nil {
					t.Errorf("a VM of another UID was deleted: %v", err)
				}
				continue
			}
			if err := provider.WaitVMGone(ctx, p, cluster, namespace, name, provider.WaitOptions{}); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestEnsureStoppedDuringRestart: a stop would be taken and undone by the start that is queued behind it.
func TestEnsureStoppedDuringRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, writes := t.Context(), 0
		p := counted(&writes)
		create(t, p, domain.RunStrategyAlways)
		first := await(t, p, domain.StatusRunning)
		if err := p.RestartVM(ctx, cluster, namespace, name, provider.RestartOptions{}); err != nil {
			t.Fatal(err)
		}
		stopped := func() error { return provider.EnsureStopped(ctx, p, cluster, namespace, name, provider.StopOptions{}) }
		if err := stopped(); domain.CodeOf(err) != domain.CodeTransitionInProgress {
			t.Errorf("while the restart is under way: %v", err)
		}
		if err := p.StopVM(ctx, cluster, namespace, name, provider.StopOptions{}); domain.CodeOf(err) != domain.CodeTransitionInProgress {
			t.Errorf("a strict stop: %v", err)
		}
		for vm := first; vm.InstanceID == first.InstanceID || vm.Status != domain.StatusRunning || vm.ChangeQueued; {
			vm = await(t, p, domain.StatusRunning, domain.StatusStopping, domain.StatusStarting, domain.StatusPending)
			time.Sleep(time.Millisecond)
		}
		if err := stopped(); err != nil {
			t.Fatal(err)
		}
		if vm := await(t, p, domain.StatusStopped); vm.RunStrategy != domain.RunStrategyHalted {
			t.Errorf("run strategy %s", vm.RunStrategy)
		}
	})
}

func TestEnsureErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, writes := t.Context(), 0
		p := counted(&writes)
		create(t, p, domain.RunStrategyHalted)
		for what, err := range map[string]error{
			"running": provider.EnsureRunning(ctx, p, cluster, namespace, name, provider.StartOptions{UID: "another"}),
			"stopped": provider.EnsureStopped(ctx, p, cluster, namespace, name, provider.StopOptions{UID: "another"}),
			"paused":  provider.EnsurePaused(ctx, p, cluster, namespace, name, provider.PauseOptions{UID: "another"}),
		} {
			if domain.CodeOf(err) != domain.CodeUIDConflict {
				t.Errorf("%s with another UID: %v", what, err)
			}
		}
		if err := provider.EnsureRunning(ctx, p, cluster, namespace, "nope", provider.StartOptions{}); domain.CodeOf(err) != domain.CodeVMNotFound {
			t.Errorf("a missing VM: %v", err)
		}
		if writes != 1 {
			t.Errorf("%d writes besides the create", writes-1)
		}
	})
}
