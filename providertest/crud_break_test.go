package providertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Ways to break how a provider makes, reads, changes and deletes VMs.

// telling rewrites the spec or change that a verb is given.
func telling[T any](op provider.Op, rewrite func(*T)) func(Backend) provider.Hook {
	return on(op, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if input, ok := call.Input.(T); ok {
			rewrite(&input)
			call.Input = input
		}
		return next(ctx)
	})
}

// spoiling spoils the errors of one code.
func spoiling(code domain.Code, spoil func(*domain.Error)) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			own, ok := errors.AsType[*domain.Error](err)
			if !ok || own.Code != code {
				return err
			}
			other := *own
			other.Fields, other.Params = slices.Clone(own.Fields), maps.Clone(own.Params)
			spoil(&other)
			return &other
		}
	}
}

// recovering makes something else of a refusal.
func recovering(op provider.Op, code domain.Code, instead func(ctx context.Context, p provider.Provider, call *provider.Call) (any, error)) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		return only(op, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) != code {
				return err
			}
			call.Result, err = instead(ctx, b.Provider, call)
			return err
		})
	}
}

// found is the VM that has the name.
func found(ctx context.Context, p provider.Provider, call *provider.Call) (any, error) {
	return p.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
}

// appliedToAny applies a spec to whichever VM has the name.
func appliedToAny(ctx context.Context, p provider.Provider, call *provider.Call) (any, error) {
	vm, err := p.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
	if err != nil {
		return nil, err
	}
	spec, _ := call.Input.(domain.VMSpec)
	opts, _ := call.Options.(provider.ApplyOptions)
	opts.UID = vm.UID
	return p.ApplyVM(ctx, call.Ref.Cluster, call.Ref.Namespace, spec, opts)
}

// relabel sets labels of a VM, whoever owns them.
func relabel(ctx context.Context, p provider.Provider, ref domain.Ref, labels map[string]string) error {
	change := domain.VMChange{Labels: map[string]*string{"written": new("again")}}
	for key, value := range labels {
		change.Labels[key] = &value
	}
	_, _, err := p.UpdateVM(ctx, ref.Cluster, ref.Namespace, ref.Name, change, provider.UpdateOptions{Force: true})
	return err
}

// drops has every VM that a verb has changed lose something, whoever it belongs to.
func drops(op provider.Op, lost func(vm *domain.VM, call *provider.Call) domain.VMChange) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		return only(op, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if err := next(ctx); err != nil {
				return err
			}
			vm, err := b.Provider.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
			if err != nil {
				return nil // a dry run of an apply that would make it
			}
			change := lost(vm, call)
			if len(change.Labels)+len(change.Annotations)+len(change.RemoveDisks) == 0 {
				return nil
			}
			_, _, err = b.Provider.UpdateVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name, change, provider.UpdateOptions{Force: true})
			return err
		})
	}
}

// plugged are the disks of a VM that others plugged in.
func plugged(vm *domain.VM) domain.VMChange {
	var names []string
	for _, disk := range vm.Disks {
		if disk.Hotpluggable {
			names = append(names, disk.Name)
		}
	}
	return domain.VMChange{RemoveDisks: names}
}

// keeping has a provider keep the labels of the VMs that a verb answers, and hand the very same map to every reader.
func keeping(op provider.Op) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		var kept shared
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			rewritten(call, func(vm *domain.VM) {
				kept.give(vm)
				if call.Op == op {
					kept.keep(vm.UID, vm.Labels)
				}
			})
			return err
		}
	}
}

// retaining has a provider keep the labels that it is given with a spec, and hand them to every reader.
func retaining(op provider.Op) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		var kept shared
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			rewritten(call, func(vm *domain.VM) {
				if spec, ok := call.Input.(domain.VMSpec); ok && call.Op == op {
					kept.keep(vm.UID, spec.Labels)
				}
				kept.overlay(vm)
			})
			return err
		}
	}
}

// shared are maps that a provider shares with its callers, by the UID of their VM.
type shared struct {
	mu     sync.Mutex
	labels map[string]map[string]string
	asKept map[string]map[string]string
}

func (s *shared) keep(uid string, labels map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.labels == nil {
		s.labels, s.asKept = map[string]map[string]string{}, map[string]map[string]string{}
	}
	s.labels[uid], s.asKept[uid] = labels, maps.Clone(labels)
}

// give hands out the kept map where it is that of the VM still.
func (s *shared) give(vm *domain.VM) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.labels[vm.UID]; kept != nil && maps.Equal(s.asKept[vm.UID], vm.Labels) {
		vm.Labels = kept
	}
}

// overlay lays the kept map over the labels of the VM, as far as they are its own still.
func (s *shared) overlay(vm *domain.VM) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, value := range s.asKept[vm.UID] {
		if vm.Labels[key] == value {
			vm.Labels[key] = s.labels[vm.UID][key]
		}
	}
}
