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
	k := call{op: provider.OpMigrateVM, ref: ref, write: !opts.DryRun}
	m, err := onVM(ctx, p, k, args.Migrate(opts), func(c *site, r *record) (*domain.Migration, error) { return c.migrate(r, opts) })
	return m, args.Error(provider.OpMigrateVM, ref, err)
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
	c.send()
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
func onMigration[T any](ctx context.Context, p *Provider, k call, f func(*site, *migration) (T, error)) (T, error) {
	var none T
	if err := args.Object(ctx, k.ref.Cluster, k.ref.Namespace, k.ref.Name); err != nil {
		return none, err
	}
	return request(ctx, p, k, func(c *site) (T, error) {
		name := key{k.ref.Namespace, k.ref.Name}
		if m := c.migrations[name]; m != nil {
			c.live(m.vm, now())
		}
		if m := c.migrations[name]; m != nil { // it may have gone since anybody looked
			return f(c, m)
		}
		return none, domain.E(domain.CodeMigrationNotFound, nil, nil)
	})
}

// GetMigration implements provider.Migrator.
func (p *Provider) GetMigration(ctx context.Context, cluster, namespace, name string) (*domain.Migration, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	m, err := onMigration(ctx, p, call{op: provider.OpGetMigration, ref: ref}, func(c *site, m *migration) (*domain.Migration, error) {
		return c.viewMigration(m), nil
	})
	return m, args.Error(provider.OpGetMigration, ref, err)
}

// CancelMigration implements provider.Migrator. The migration is gone when the cancel has had its effect.
func (p *Provider) CancelMigration(ctx context.Context, cluster, namespace, name string, opts provider.CancelOptions) error {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	k := call{op: provider.OpCancelMigration, ref: ref, write: !opts.DryRun}
	_, err := onMigration(ctx, p, k, func(c *site, m *migration) (none nothing, err error) {
		switch {
		case opts.UID != "" && opts.UID != m.uid:
			return none, domain.E(domain.CodeUIDConflict, domain.Params{domain.ParamUID: m.uid}, nil)
		case m.state.Over():
			return none, domain.E(domain.CodeOperationNotActive, domain.Params{domain.ParamUID: m.uid}, nil)
		}
		c.send()
		if !opts.DryRun && !m.state.Canceled {
			c.happen(m.vm, vmsim.Event{Kind: vmsim.CancelMigration})
		}
		return none, nil
	})
	return args.Error(provider.OpCancelMigration, ref, err)
}

// ListMigrations implements provider.Migrator. A VM that does not exist has none.
func (p *Provider) ListMigrations(ctx context.Context, cluster, namespace, vm string, opts provider.ListOptions) (*domain.MigrationList, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: vm}
	page, err := p.listMigrations(ctx, call{op: provider.OpListMigrations, ref: ref}, opts)
	return page, args.Error(provider.OpListMigrations, ref, err)
}

func (p *Provider) listMigrations(ctx context.Context, k call, opts provider.ListOptions) (*domain.MigrationList, error) {
	if err := args.Object(ctx, k.ref.Cluster, k.ref.Namespace, k.ref.Name); err != nil {
		return nil, err
	}
	// The VM is part of what a cursor is bound to.
	listing, err := args.List(ctx, k.op+"/"+k.ref.Name, k.ref.Cluster, k.ref.Namespace, opts)
	if err != nil {
		return nil, err
	}
	return request(ctx, p, k, func(c *site) (*domain.MigrationList, error) {
		var all []*domain.Migration
		if r := c.find(key{k.ref.Namespace, k.ref.Name}, now()); r != nil {
			all = c.viewMigrations(r)
		}
		return args.PageOfMigrations(listing, all), nil
	})
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
