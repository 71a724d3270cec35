package args

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/internal/paging"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Migrate checks the options of a migration.
func Migrate(opts provider.MigrateOptions) error {
	if opts.Name != "" {
		if e := names.ObjectNew("name", opts.Name); e != nil {
			return Option("name", e.Reason)
		}
	}
	if errs := names.Labels("nodeSelector", opts.NodeSelector); len(errs) > 0 {
		return &domain.Error{Code: domain.CodeInvalidOption, Params: domain.Params{domain.ParamField: errs[0].Field}, Fields: errs}
	}
	return nil
}

// PageOfMigrations cuts one page out of all migrations of a VM, which are few. Migrations have no labels of ours, so
// that a label selector, if any, selects none.
func PageOfMigrations(r ListRequest, all []*domain.Migration) *domain.MigrationList {
	list := &domain.MigrationList{}
	past := r.Cursor.LastKey == ""
	for _, migration := range all {
		switch {
		case !past:
			past = migration.UID == r.Cursor.LastKey
		case !r.Labels.Matches(nil) || !r.Fields.Matches(migration.Namespace, migration.Name):
		case len(list.Items) == r.Limit:
			list.Continue = r.Next(paging.Cursor{LastKey: list.Items[r.Limit-1].UID})
			return list
		default:
			list.Items = append(list.Items, migration)
		}
	}
	return list
}
