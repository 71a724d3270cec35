package kubevirt

import (
	"context"
	"crypto/rand"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// MigrateVM implements provider.Migrator. It creates the migration object itself: KubeVirt's migrate subresource gives
// no name back and hides refusals in 500.
func (p *Provider) MigrateVM(ctx context.Context, clusterName, namespace, name string, opts provider.MigrateOptions) (*domain.Migration, error) {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: name}
	migration, err := onMember(ctx, p, ref, func(ctx context.Context, c *cluster, ref domain.Ref) (*domain.Migration, error) {
		if err := args.Migrate(opts); err != nil {
			return nil, err
		}
		return p.migrate(ctx, c, ref, opts)
	})
	return migration, args.Error(provider.OpMigrateVM, ref, err)
}

func (p *Provider) migrate(ctx context.Context, c *cluster, ref domain.Ref, opts provider.MigrateOptions) (*domain.Migration, error) {
	if opts.Name != "" {
		done, err := p.repeated(ctx, c, ref, opts)
		if done != nil || err != nil {
			return done, err
		}
	}
	v := verb{verb: domain.VerbMigrate, uid: opts.UID}
	at, err := p.decide(ctx, c, ref, v)
	if err != nil {
		return nil, p.nameActive(ctx, c, ref, err)
	}
	if active, err := p.active(ctx, c, ref); err != nil || active != nil {
		if err == nil {
			err = inProgress(active)
		}
		return nil, err
	}
	object := &kubevirtv1.VirtualMachineInstanceMigration{
		ObjectMeta: metav1.ObjectMeta{Name: opts.Name, Namespace: ref.Namespace},
		Spec:       kubevirtv1.VirtualMachineInstanceMigrationSpec{VMIName: ref.Name, AddedNodeSelector: opts.NodeSelector},
	}
	if opts.Name == "" {
		object.Name = generatedName(ref.Name)
	}
	var made *kubevirtv1.VirtualMachineInstanceMigration
	err = call{cluster: c, ref: ref, write: !opts.DryRun, spec: true}.do(ctx, func(ctx context.Context) (err error) {
		made, err = c.set.KubevirtV1().VirtualMachineInstanceMigrations(ref.Namespace).
			Create(ctx, object, metav1.CreateOptions{FieldManager: p.manager, DryRun: dryRun(opts.DryRun)})
		return err
	})
	if err != nil {
		return nil, p.nameActive(ctx, c, ref, p.explain(ctx, c, ref, v, at, err))
	}
	return p.mapper(ref.Cluster).MapMigration(made)
}

// repeated returns the migration that an earlier call of the same name made, if there is one.
func (p *Provider) repeated(ctx context.Context, c *cluster, ref domain.Ref, opts provider.MigrateOptions) (*domain.Migration, error) {
	at, err := p.read(ctx, c, ref)
	if err == nil {
		err = sameUID(at.vm, opts.UID)
	}
	if err != nil {
		return nil, err
	}
	job := domain.Ref{Cluster: ref.Cluster, Namespace: ref.Namespace, Name: opts.Name}
	done, err := p.migration(ctx, c, job)
	switch {
	case domain.CodeOf(err) == domain.CodeMigrationNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case done.VMName != ref.Name, done.CreatedAt.Before(at.vm.CreatedAt): // the latter is of an earlier VM of this name
		return nil, domain.E(domain.CodeMigrationAlreadyExists, domain.Params{domain.ParamMigration: opts.Name}, nil)
	}
	return done, nil
}

// generatedName is the VM's name, cut to leave room, and a random end.
func generatedName(vm string) string {
	const room = names.MaxSubdomain - 27 // a dash and 26 characters of rand.Text
	return strings.TrimRight(vm[:min(len(vm), room)], "-.") + "-" + strings.ToLower(rand.Text())
}

// active returns the unfinished migration of a VM, or nil.
func (p *Provider) active(ctx context.Context, c *cluster, ref domain.Ref) (*domain.Migration, error) {
	all, err := p.migrationsOf(ctx, c, ref)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if !m.Phase.Ended() {
			return m, nil
		}
	}
	return nil, nil
}

func inProgress(active *domain.Migration) error {
	return domain.E(domain.CodeMigrationInProgress, domain.Params{domain.ParamMigration: active.Name}, nil)
}

// nameActive adds the active migration's name to MIGRATION_IN_PROGRESS; other errors stay as they are.
func (p *Provider) nameActive(ctx context.Context, c *cluster, ref domain.Ref, err error) error {
	e, ok := err.(*domain.Error) //nolint:errorlint // ours, unwrapped
	if !ok || e.Code != domain.CodeMigrationInProgress {
		return err
	}
	if active, readErr := p.active(ctx, c, ref); readErr == nil && active != nil {
		return e.With(domain.ParamMigration, active.Name)
	}
	return err
}

// GetMigration implements provider.Migrator.
func (p *Provider) GetMigration(ctx context.Context, clusterName, namespace, name string) (*domain.Migration, error) {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: name}
	migration, err := onMember(ctx, p, ref, p.migration)
	return migration, args.Error(provider.OpGetMigration, ref, err)
}

func (p *Provider) migration(ctx context.Context, c *cluster, ref domain.Ref) (*domain.Migration, error) {
	var object *kubevirtv1.VirtualMachineInstanceMigration
	err := call{cluster: c, ref: ref}.do(ctx, func(ctx context.Context) (err error) {
		object, err = c.set.KubevirtV1().VirtualMachineInstanceMigrations(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.mapper(ref.Cluster).MapMigration(object)
}

// ListMigrations implements provider.Migrator.
func (p *Provider) ListMigrations(ctx context.Context, clusterName, namespace, vm string, opts provider.ListOptions) (*domain.MigrationList, error) {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: vm}
	list, err := onMember(ctx, p, ref, func(ctx context.Context, c *cluster, ref domain.Ref) (*domain.MigrationList, error) {
		r, err := args.List(ctx, provider.OpListMigrations+"/"+vm, clusterName, namespace, opts)
		if err != nil {
			return nil, err
		}
		all, err := p.migrationsOf(ctx, c, ref)
		if err != nil {
			return nil, err
		}
		return args.PageOfMigrations(r, all), nil
	})
	return list, args.Error(provider.OpListMigrations, ref, err)
}

// migrationsOf returns all migrations of a VM, active ones first, then the newest: one unfinished and five finished ones
// at the most, as KubeVirt keeps no more (pkg/virt-controller/watch/migration, v1.9).
func (p *Provider) migrationsOf(ctx context.Context, c *cluster, ref domain.Ref) ([]*domain.Migration, error) {
	opts := metav1.ListOptions{}
	if names.IsLabelValue(ref.Name) { // a longer name is no label value; those few are told apart below
		opts.LabelSelector = kubevirtv1.MigrationSelectorLabel + "=" + ref.Name
	}
	var page *kubevirtv1.VirtualMachineInstanceMigrationList
	err := call{cluster: c, ref: ref, limit: c.list}.do(ctx, func(ctx context.Context) (err error) {
		page, err = c.set.KubevirtV1().VirtualMachineInstanceMigrations(ref.Namespace).List(ctx, opts)
		return err
	})
	if err != nil {
		return nil, err
	}
	m := p.mapper(ref.Cluster)
	var found []*domain.Migration
	for n := range page.Items {
		migration, err := m.MapMigration(&page.Items[n])
		if err != nil {
			return nil, err
		}
		if migration.VMName == ref.Name {
			found = append(found, migration)
		}
	}
	args.SortMigrations(found)
	return found, nil
}

// CancelMigration implements provider.Migrator. KubeVirt cancels a migration when its object is deleted.
func (p *Provider) CancelMigration(ctx context.Context, clusterName, namespace, name string, opts provider.CancelOptions) error {
	ref := domain.Ref{Cluster: clusterName, Namespace: namespace, Name: name}
	_, err := onMember(ctx, p, ref, func(ctx context.Context, c *cluster, ref domain.Ref) (*domain.Migration, error) {
		migration, err := p.migration(ctx, c, ref)
		if err != nil {
			return nil, err
		}
		params := domain.Params{domain.ParamUID: migration.UID}
		switch {
		case opts.UID != "" && opts.UID != migration.UID:
			return nil, domain.E(domain.CodeUIDConflict, params, nil)
		case migration.Phase.Ended():
			return nil, domain.E(domain.CodeOperationNotActive, params, nil)
		}
		return migration, p.deleteMigration(ctx, c, ref, migration.UID, opts.DryRun)
	})
	return args.Error(provider.OpCancelMigration, ref, err)
}

// deleteMigration deletes the very migration that was read: one that ended meanwhile goes, which cancels nothing.
func (p *Provider) deleteMigration(ctx context.Context, c *cluster, ref domain.Ref, uid string, dry bool) error {
	exactly := types.UID(uid)
	err := call{cluster: c, ref: ref, write: !dry}.do(ctx, func(ctx context.Context) error {
		return c.set.KubevirtV1().VirtualMachineInstanceMigrations(ref.Namespace).Delete(ctx, ref.Name,
			metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &exactly}, DryRun: dryRun(dry)})
	})
	if domain.CodeOf(err) == domain.CodeRevisionConflict { // the uid is all that was asked for
		return domain.E(domain.CodeUIDConflict, nil, err)
	}
	return err
}
