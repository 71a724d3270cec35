package mock

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// MigrateVM implements provider.Migrator. The Mock's nodes have no labels, so a node selector is checked and not used.
func (p *Provider) MigrateVM(ctx context.Context, cluster, namespace, name string, opts provider.MigrateOptions) (*domain.Migration, error) {
	ref := domain.Ref{Cluster: cluster, Namespace: namespace, Name: name}
	var out *domain.Migration
	err := p.onVM(ctx, ref, migrateOptions(opts), func(c *site, r *record) (err error) {
		out, err = c.migrate(r, opts)
		return err
	})
	return out, args.Error(provider.OpMigrateVM, ref, err)
}

func migrateOptions(opts provider.MigrateOptions) error {
	if opts.Name != "" {
		if err := names.Check(names.ObjectNew("migration", opts.Name)); err != nil {
			return err
		}
	}
	if bad := names.Labels("nodeSelector", opts.NodeSelector); len(bad) > 0 {
		return &domain.Error{Code: domain.CodeInvalidOption, Params: domain.Params{domain.ParamField: "nodeSelector"}, Fields: bad}
	}
	return nil
}

func (c *site) migrate(r *record, opts provider.MigrateOptions) (*domain.Migration, error) {
	if err := r.sameUID(opts.UID); err != nil {
		return nil, err
	}
	if m := c.migrations[key{r.key.namespace, opts.Name}]; m != nil {
		if m.vm == r {
			return c.viewMigration(m), nil
		}
		return nil, domain.E(domain.CodeMigrationAlreadyExists, domain.Params{"migration": opts.Name}, nil)
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
		page = &domain.MigrationList{Items: []*domain.Migration{}}
		if r := c.find(key{namespace, vm}, now()); r != nil {
			c.pageMigrations(r, request, page)
		}
		return nil
	})
	return page, err
}

func (c *site) pageMigrations(r *record, request args.ListRequest, page *domain.MigrationList) {
	all := slices.Clone(r.migrations)
	slices.SortFunc(all, func(a, b *migration) int { return strings.Compare(a.order(), b.order()) })
	labels := map[string]string{"kubevirt.io/vmi-name": r.key.name}
	last := ""
	for _, m := range all {
		if m.order() <= request.Cursor.LastKey || !request.Labels.Matches(labels) || !request.Fields.Matches(m.namespace, m.name) {
			continue
		}
		if len(page.Items) == request.Limit {
			page.Continue = request.Next(paging.Cursor{LastKey: last})
			return
		}
		page.Items = append(page.Items, c.viewMigration(m))
		last = m.order()
	}
}

// order sorts active migrations first, then the newest.
func (m *migration) order() string {
	group := "active/"
	if m.state.Over() {
		group = "ended/"
	}
	age := strconv.FormatUint(^uint64(m.serial), 10) // as wide for every number that there can be
	return group + age + "/" + m.name
}
