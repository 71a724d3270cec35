package mock

import (
	"context"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// MigrateVM implements provider.Migrator. The Mock's nodes have no labels, so a node selector is checked and not used.
func (p *Provider) MigrateVM(ctx context.Context, cluster, namespace, name string, opts provider.MigrateOptions) (*domain.Migration, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	var out *domain.Migration
	err := p.onVM(ctx, ref, args.Migrate(opts), func(c *site, r *record) (err error) {
		out, err = c.migrate(r, opts)
		return err
	})
	return out, args.Error(provider.OpMigrateVM, ref, err)
}

func (c *site) migrate(r *record, opts provider.MigrateOptions) (*domain.Migration, error) {
	if err := r.sameUID(opts.UID); err != nil {
		return nil, err
	}
	if m := c.migrations[key{r.key.namespace, opts.Name}]; m != nil {
		if m.vm == r {
			return c.viewMigration(m), nil
		}
		return nil, domain.E(domain.CodeMigrationAlreadyExists, domain.Params{domain.ParamMigration: opts.Name}, nil)
	}
	begin := vmsim.Event{Kind: vmsim.Migrate}
	if err := r.refusal(begin); err != nil {
		return nil, err
	}
	if opts.DryRun {
		return &domain.Migration{Cluster: c.name, Namespace: r.key.namespace, Name: opts.Name, VMName: r.key.name, Phase: domain.PhasePending}, nil
	}
	return c.viewMigration(c.beginMigration(r, opts.Name)), nil
}

// beginMigration begins a migration that is allowed.
func (c *site) beginMigration(r *record, name string) *migration {
	c.happen(r, vmsim.Event{Kind: vmsim.Migrate})
	return c.newMigration(r, name)
}

// onMigration runs f on a migration as it is at this moment.
func (p *Provider) onMigration(ctx context.Context, ref domain.Ref, f func(*site, *migration) error) error {
	if err := args.Object(ctx, ref.Cluster, ref.Namespace, ref.Name); err != nil {
		return err
	}
	return p.locked(ref.Cluster, func(c *site) error {
		k := key{ref.Namespace, ref.Name}
		if m := c.migrations[k]; m != nil {
			c.live(m.vm, now())
		}
		if m := c.migrations[k]; m != nil { // it may have gone since anybody looked
			return f(c, m)
		}
		return domain.E(domain.CodeMigrationNotFound, nil, nil)
	})
}

// GetMigration implements provider.Migrator.
func (p *Provider) GetMigration(ctx context.Context, cluster, namespace, name string) (out *domain.Migration, err error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	err = p.onMigration(ctx, ref, func(c *site, m *migration) error {
		out = c.viewMigration(m)
		return nil
	})
	return out, args.Error(provider.OpGetMigration, ref, err)
}

// CancelMigration implements provider.Migrator. The migration is gone when the cancel has had its effect.
func (p *Provider) CancelMigration(ctx context.Context, cluster, namespace, name string, opts provider.CancelOptions) error {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	err := p.onMigration(ctx, ref, func(c *site, m *migration) error {
		switch {
		case opts.UID != "" && opts.UID != m.uid:
			return domain.E(domain.CodeUIDConflict, domain.Params{domain.ParamUID: m.uid}, nil)
		case m.state.Over():
			return domain.E(domain.CodeOperationNotActive, domain.Params{domain.ParamUID: m.uid}, nil)
		case !opts.DryRun && !m.state.Canceled:
			c.happen(m.vm, vmsim.Event{Kind: vmsim.CancelMigration})
		}
		return nil
	})
	return args.Error(provider.OpCancelMigration, ref, err)
}

// ListMigrations implements provider.Migrator. A VM that does not exist has none.
func (p *Provider) ListMigrations(ctx context.Context, cluster, namespace, vm string, opts provider.ListOptions) (*domain.MigrationList, error) {
	page, err := p.listMigrations(ctx, cluster, namespace, vm, opts)
	return page, args.Error(provider.OpListMigrations, domain.Ref{Cluster: cluster, Namespace: namespace, Name: vm}, err)
}

func (p *Provider) listMigrations(ctx context.Context, cluster, namespace, vm string, opts provider.ListOptions) (page *domain.MigrationList, err error) {
	if err := args.Object(ctx, cluster, namespace, vm); err != nil {
		return nil, err
	}
	// The VM is part of what a cursor is bound to.
	request, err := args.List(ctx, provider.OpListMigrations+"/"+vm, cluster, namespace, opts)
	if err != nil {
		return nil, err
	}
	err = p.locked(cluster, func(c *site) error {
		var all []*domain.Migration
		if r := c.find(key{namespace, vm}, now()); r != nil {
			all = c.viewMigrations(r)
		}
		page = args.PageOfMigrations(request, all)
		return nil
	})
	return page, err
}

// viewMigrations are the migrations of a VM, the active one first, then the newest.
func (c *site) viewMigrations(r *record) []*domain.Migration {
	all := make([]*domain.Migration, 0, len(r.migrations))
	for _, m := range r.migrations {
		all = append(all, c.viewMigration(m))
	}
	args.SortMigrations(all)
	return all
}
