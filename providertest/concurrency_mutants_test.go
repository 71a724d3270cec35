package providertest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

var concurrencyMutants = slices.Concat(raceMutants, readMutants)

// overlap is time enough in a bubble for every other call to come in between.
const overlap = time.Microsecond

var raceMutants = []mutant{
	{"two reads of one VM at the same time are INTERNAL", func(Backend) provider.Hook {
		var busy atomic.Bool
		return only(provider.OpGetVM, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			if !busy.CompareAndSwap(false, true) {
				return domain.E(domain.CodeInternal, nil, nil)
			}
			defer busy.Store(false)
			time.Sleep(overlap)
			return next(ctx)
		})
	}},
	{"a soft reboot beside a restart panics", func(Backend) provider.Hook {
		var restarting atomic.Int32
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			switch call.Op {
			case provider.OpRestartVM:
				restarting.Add(1)
				defer restarting.Add(-1)
				time.Sleep(overlap)
			case provider.OpSoftRebootVM:
				time.Sleep(overlap / 2)
				if restarting.Load() > 0 {
					panic("concurrent map writes")
				}
			}
			return next(ctx)
		}
	}},
	{"a create that comes too late answers the other's VM", func(b Backend) provider.Hook {
		return only(provider.OpCreateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) != domain.CodeVMAlreadyExists {
				return err
			}
			vm, readErr := b.Provider.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
			if readErr != nil || time.Since(vm.CreatedAt) > overlap {
				return err
			}
			call.Result = vm
			return nil
		})
	}},
	{"a start that loses a race is REVISION_CONFLICT", func(Backend) provider.Hook {
		var won atomic.Int64
		return only(provider.OpStartVM, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if err == nil {
				won.Store(time.Now().UnixNano())
			} else if time.Since(time.Unix(0, won.Load())) <= overlap {
				return recoded(err, domain.CodeRevisionConflict)
			}
			return err
		})
	}},
	{"a second start makes a second instance", func(b Backend) provider.Hook {
		return only(provider.OpStartVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeStartNotSupported {
				go func() {
					at := call.Ref
					_, gone := provider.WaitVM(ctx, b.Provider, at.Cluster, at.Namespace, at.Name,
						provider.In(domain.StatusRunning), provider.WaitOptions{Interval: time.Millisecond, MaxInterval: time.Millisecond})
					if gone == nil {
						_ = b.Provider.RestartVM(ctx, at.Cluster, at.Namespace, at.Name, provider.RestartOptions{})
					}
				}()
			}
			return err
		})
	}},
	{"an update writes back all labels that it has read", writingBack},
	{"a start makes a VM that was deleted meanwhile", func(b Backend) provider.Hook {
		return only(provider.OpStartVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) != domain.CodeVMDeleting {
				return err
			}
			at := call.Ref
			if err := provider.WaitVMGone(ctx, b.Provider, at.Cluster, at.Namespace, at.Name, provider.WaitOptions{}); err != nil {
				return err
			}
			_, err = b.Provider.CreateVM(ctx, at.Cluster, at.Namespace, domain.VMSpec{Name: at.Name, RunStrategy: domain.RunStrategyAlways}, provider.CreateOptions{})
			if domain.CodeOf(err) == domain.CodeVMAlreadyExists {
				return nil
			}
			return err
		})
	}},
}

// writingBack replaces the map of labels by what it was when the update was called, and the change.
func writingBack(b Backend) provider.Hook {
	return only(provider.OpUpdateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		at := call.Ref
		read, err := b.Provider.GetVM(ctx, at.Cluster, at.Namespace, at.Name)
		if err != nil {
			return next(ctx)
		}
		time.Sleep(overlap)
		now, err := b.Provider.GetVM(ctx, at.Cluster, at.Namespace, at.Name)
		if err != nil {
			return next(ctx)
		}
		change, _ := call.Input.(domain.VMChange)
		labels := map[string]*string{}
		for key := range now.Labels {
			if _, was := read.Labels[key]; !was {
				labels[key] = nil
			}
		}
		maps.Copy(labels, change.Labels)
		change.Labels = labels
		call.Input = change
		return next(ctx)
	})
}

var readMutants = []mutant{
	{"an instance of the VM's name is the VM's, whoever owns it", func(b Backend) provider.Hook {
		p, _ := b.Provider.(*mock.Provider)
		return only(provider.OpGetVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if err := next(ctx); err != nil {
				return err
			}
			vm, ok := call.Result.(*domain.VM)
			if knobs, _ := p.Knobs(call.Ref); ok && knobs.ForeignInstance {
				vm.Status, vm.Instance, vm.InstanceID, vm.Node = domain.StatusRunning, domain.InstanceLive, "foreign", "node-1"
			}
			return nil
		})
	}},
	{"an instance began whenever it is read", answering(provider.OpGetVM, func(_ *provider.Call, vm *domain.VM) *domain.VM {
		if !vm.StartedAt.IsZero() {
			vm.StartedAt = time.Now()
		}
		return vm
	})},
	{"a read lags behind an update", lagging(provider.OpUpdateVM)},
	{"a read lags behind a start", lagging(provider.OpStartVM)},
	{"a delete shows only when the VM is gone", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		for _, vm := range page.Items {
			if vm.Deleting {
				vm.Deleting, vm.Status = false, domain.StatusStopped
			}
		}
		return page
	})},
	{"the calls to all clusters share a few slots", func(Backend) provider.Hook {
		slots := make(chan struct{}, 16)
		return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return domain.E(domain.CodeOf(ctx.Err()), nil, nil)
			}
			defer func() { <-slots }()
			return next(ctx)
		}
	}},
}

// lagging answers a read, for a little while after a write, with what an earlier one has found.
func lagging(write provider.Op) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		var mu sync.Mutex
		old, until := map[domain.Ref]*domain.VM{}, time.Time{}
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			mu.Lock()
			vm, lags := old[call.Ref], time.Now().Before(until)
			mu.Unlock()
			if call.Op == provider.OpGetVM && vm != nil && lags {
				copied := *vm
				call.Result = &copied
				return nil
			}
			var before *domain.VM
			if call.Op == write {
				before, _ = b.Provider.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
			}
			err := next(ctx)
			if err == nil && before != nil {
				mu.Lock()
				old[call.Ref], until = before, time.Now().Add(time.Millisecond)
				mu.Unlock()
			}
			return err
		}
	}
}
