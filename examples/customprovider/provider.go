// Package customprovider is a provider of VMs that has nothing to do with Kubernetes, to be read by who writes one for
// another back end: its VMs are rows of a table. It reads, lists, creates and deletes VMs that are on or off, starts,
// stops and restarts them, and says of all else that it has it not.
//
// The back end is in table.go, the provider in this file. What a provider does comes to five things:
//
//   - Embed provider.Unimplemented, by value: it answers CAPABILITY_UNSUPPORTED for every method that is not here, and for
//     those of a version to come. An option that a method of yours does not have is handed on to it as well.
//   - Begin every method with the check of package contract that has its name, and end it with contract.Error.
//   - Ask domain.Decide before a verb does anything, in the same transaction in which it then does it.
//   - Return copies. Let a change of a VM change its revision, give a new VM a new UID, and a new run a new instance id.
//   - Hold it against providertest.Run, as conformance_test.go does.
package customprovider

import (
	"cmp"
	"context"
	"maps"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/contract"
)

// Provider keeps VMs in memory. Make it with [New].
type Provider struct {
	provider.Unimplemented
	tables map[string]*table // by cluster; never changes
}

var _ provider.Provider = (*Provider)(nil)

// New makes a Provider of clusters without VMs.
func New(clusters ...string) *Provider {
	p := &Provider{tables: map[string]*table{}}
	for _, cluster := range clusters {
		p.tables[cluster] = &table{cluster: cluster, rows: map[string]*domain.VM{}}
	}
	return p
}

func (p *Provider) table(cluster string) (*table, error) {
	if t, ok := p.tables[cluster]; ok {
		return t, nil
	}
	return nil, domain.E(domain.CodeClusterNotFound, nil, nil)
}

// GetVM implements provider.VMReader.
func (p *Provider) GetVM(ctx context.Context, cluster, namespace, name string) (*domain.VM, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	vm, err := p.get(ctx, ref)
	return vm, contract.Error(provider.OpGetVM, ref, err)
}

func (p *Provider) get(ctx context.Context, ref domain.Ref) (*domain.VM, error) {
	if err := contract.Object(ctx, ref); err != nil {
		return nil, err
	}
	t, err := p.table(ref.Cluster)
	if err != nil {
		return nil, err
	}
	if vm := t.read(contract.Key(ref.Namespace, ref.Name)); vm != nil {
		return vm, nil
	}
	return nil, domain.E(domain.CodeVMNotFound, nil, nil)
}

// ListVMs implements provider.VMReader.
func (p *Provider) ListVMs(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.VMList, error) {
	page, err := p.list(ctx, cluster, namespace, opts)
	return page, contract.Error(provider.OpListVMs, domain.Ref{Cluster: cluster, Namespace: namespace}, err)
}

func (p *Provider) list(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.VMList, error) {
	listing, err := contract.List(ctx, cluster, namespace, opts)
	if err != nil {
		return nil, err
	}
	t, err := p.table(cluster)
	if err != nil {
		return nil, err
	}
	page := &domain.VMList{Items: []*domain.VM{}, Total: new(int64)}
	last := ""
	for _, vm := range t.readAll() {
		if !listing.Matches(vm) {
			continue
		}
		*page.Total++
		switch key := contract.Key(vm.Namespace, vm.Name); {
		case key <= listing.After: // on a page before
		case len(page.Items) < listing.Limit:
			page.Items, last = append(page.Items, vm), key
		case page.Continue == "": // the first one of the next page
			page.Continue = listing.Next(last)
		}
	}
	return page, nil
}

// CreateVM implements provider.VMWriter.
func (p *Provider) CreateVM(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts provider.CreateOptions) (*domain.VM, error) {
	if opts.DryRun || opts.IdempotencyKey != "" || spec.Manifest != nil || spec.CloudInit != nil || spec.InstanceType != nil || spec.Preference != nil {
		return p.Unimplemented.CreateVM(ctx, cluster, namespace, spec, opts)
	}
	vm, err := p.create(ctx, cluster, namespace, spec, opts)
	return vm, contract.Error(provider.OpCreateVM, domain.Ref{Cluster: cluster, Namespace: namespace, Name: spec.Name}, err)
}

func (p *Provider) create(ctx context.Context, cluster, namespace string, spec domain.VMSpec, opts provider.CreateOptions) (*domain.VM, error) {
	if err := contract.Create(ctx, cluster, namespace, spec, opts); err != nil {
		return nil, err
	}
	if spec.RunStrategy != domain.RunStrategyAlways && spec.RunStrategy != domain.RunStrategyHalted {
		return nil, domain.Invalid(domain.FieldError{Field: "runStrategy", Reason: domain.FieldNotSupported})
	}
	t, err := p.table(cluster)
	if err != nil {
		return nil, err
	}
	return t.write(contract.Key(namespace, spec.Name), func(old *domain.VM) (*domain.VM, error) {
		if old != nil {
			return nil, domain.E(domain.CodeVMAlreadyExists, domain.Params{domain.ParamUID: old.UID}, nil)
		}
		vm := asked(spec)
		vm.Cluster, vm.Namespace, vm.UID, vm.CreatedAt = cluster, namespace, t.id("vm"), now()
		if t.end(vm); vm.RunStrategy == domain.RunStrategyAlways {
			t.begin(vm)
		}
		return vm, nil
	})
}

// asked is the part of a VM that was asked for. It shares memory with the spec until the table copies it.
func asked(spec domain.VMSpec) *domain.VM {
	spec.Identity.ManagedBy = domain.ManagedBy
	labels := spec.Identity.Labels("")
	maps.Copy(labels, spec.Labels)
	return &domain.VM{
		Name: spec.Name, RunStrategy: spec.RunStrategy, Identity: spec.Identity, Labels: labels,
		Annotations: spec.Annotations, GuestLabels: spec.GuestLabels, NodeSelector: spec.NodeSelector, Tolerations: spec.Tolerations,
		CPU: spec.CPU, Memory: domain.Memory{Bytes: spec.MemoryBytes}, Disks: spec.Disks, Networks: spec.Networks,
	}
}

// DeleteVM implements provider.VMWriter. The VM is gone at once.
func (p *Provider) DeleteVM(ctx context.Context, cluster, namespace, name string, opts provider.DeleteOptions) error {
	if opts.DryRun {
		return p.Unimplemented.DeleteVM(ctx, cluster, namespace, name, opts)
	}
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID}
	return p.verb(provider.OpDeleteVM, domain.VerbDelete, ref, contract.Object(ctx, ref), func(_ *table, vm *domain.VM) (*domain.VM, error) {
		if opts.Revision != "" && opts.Revision != vm.Revision {
			return nil, domain.E(domain.CodeRevisionConflict, domain.Params{domain.ParamUID: vm.UID}, nil)
		}
		return nil, nil
	})
}

// StartVM implements provider.Power.
func (p *Provider) StartVM(ctx context.Context, cluster, namespace, name string, opts provider.StartOptions) error {
	if opts.DryRun || opts.Paused {
		return p.Unimplemented.StartVM(ctx, cluster, namespace, name, opts)
	}
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID}
	return p.verb(provider.OpStartVM, domain.VerbStart, ref, contract.Object(ctx, ref), func(t *table, vm *domain.VM) (*domain.VM, error) {
		vm.RunStrategy = domain.RunStrategyAlways
		t.begin(vm)
		return vm, nil
	})
}

// StopVM implements provider.Power. A row needs no time to end: the grace period is checked, and that is all.
func (p *Provider) StopVM(ctx context.Context, cluster, namespace, name string, opts provider.StopOptions) error {
	if opts.DryRun {
		return p.Unimplemented.StopVM(ctx, cluster, namespace, name, opts)
	}
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID}
	return p.verb(provider.OpStopVM, domain.VerbStop, ref, contract.Stop(ctx, ref, opts), func(t *table, vm *domain.VM) (*domain.VM, error) {
		vm.RunStrategy = domain.RunStrategyHalted
		t.end(vm)
		return vm, nil
	})
}

// RestartVM implements provider.Power.
func (p *Provider) RestartVM(ctx context.Context, cluster, namespace, name string, opts provider.RestartOptions) error {
	if opts.DryRun {
		return p.Unimplemented.RestartVM(ctx, cluster, namespace, name, opts)
	}
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name, UID: opts.UID}
	return p.verb(provider.OpRestartVM, domain.VerbRestart, ref, contract.Restart(ctx, ref, opts), func(t *table, vm *domain.VM) (*domain.VM, error) {
		t.begin(vm)
		return vm, nil
	})
}

// verb lets a verb happen to a VM that exists, that is the one meant, and whose state allows it. One that is refused, be
// it by the check that came before, changes nothing. What do returns takes the VM's place, nil takes the VM away.
func (p *Provider) verb(op provider.Op, verb domain.Verb, ref domain.Ref, refused error, do func(*table, *domain.VM) (*domain.VM, error)) error {
	t, err := p.table(ref.Cluster)
	if refused == nil && err == nil {
		_, err = t.write(contract.Key(ref.Namespace, ref.Name), func(vm *domain.VM) (*domain.VM, error) {
			if vm == nil {
				return nil, domain.E(domain.CodeVMNotFound, nil, nil)
			}
			params := domain.Params{domain.ParamUID: vm.UID, domain.ParamStatus: string(vm.Status)}
			if ref.UID != "" && ref.UID != vm.UID {
				return nil, domain.E(domain.CodeUIDConflict, params, nil)
			}
			if code := domain.Decide(verb, vm.Situation()); code != "" {
				return nil, domain.E(code, params, nil)
			}
			return do(t, vm)
		})
	}
	ref.UID = "" // the one that was meant; the error tells of the one that is there
	return contract.Error(op, ref, cmp.Or(refused, err))
}
