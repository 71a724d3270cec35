package args

import (
	"cmp"
	"slices"
	"strings"
	"time"

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

// SortMigrations puts the active ones first, then the newest.
func SortMigrations(all []*domain.Migration) { slices.SortFunc(all, compareMigrations) }

func compareMigrations(a, b *domain.Migration) int {
	switch ended := a.Phase.Ended(); {
	case ended == b.Phase.Ended():
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Name, b.Name))
	case ended:
		return 1
	}
	return -1
}

// PageOfMigrations cuts one page out of the sorted migrations of a VM, which are few. The token holds the place of the
// last one, so that it serves when that one is forgotten meanwhile. Migrations have no labels of ours, so that a label
// selector, if any, selects those that lack them.
func PageOfMigrations(r ListRequest, all []*domain.Migration) *domain.MigrationList {
	list := &domain.MigrationList{}
	after := placeOf(r.Cursor.LastKey)
	for _, migration := range all {
		switch {
		case after != nil && compareMigrations(migration, after) <= 0:
		case !r.Labels.Matches(nil) || !r.Fields.Matches(migration.Namespace, migration.Name):
		case len(list.Items) == r.Limit:
			list.Continue = r.Next(paging.Cursor{LastKey: placeText(list.Items[r.Limit-1])})
			return list
		default:
			list.Items = append(list.Items, migration)
		}
	}
	return list
}

// placeText is where a migration stands in the order: its phase, time and name.
func placeText(m *domain.Migration) string {
	return string(m.Phase) + " " + m.CreatedAt.UTC().Format(time.RFC3339Nano) + " " + m.Name
}

// placeOf reads placeText; nil for the beginning.
func placeOf(text string) *domain.Migration {
	phase, rest, _ := strings.Cut(text, " ")
	at, name, ok := strings.Cut(rest, " ")
	created, err := time.Parse(time.RFC3339Nano, at)
	if !ok || err != nil {
		return nil
	}
	return &domain.Migration{Phase: domain.Phase(phase), CreatedAt: created, Name: name}
}
