package providertest

import (
	"slices"
	"strconv"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// manyMigrations are more than back ends keep of one VM: KubeVirt keeps the latest five that have ended
// (pkg/virt-controller/watch/migration/migration.go).
const manyMigrations = 7

func checkMigrationForgotten(e *env) {
	e.running("vm")
	var all []*domain.Migration
	for n := range manyMigrations {
		ended := e.arrives("vm", e.moves("vm", provider.MigrateOptions{Name: "move-" + strconv.Itoa(n)}))
		all = append(all, ended)
	}
	first, last := all[0], all[len(all)-1]

	if m := e.migration(first.Name); m != nil {
		e.same("UID of the first one", first.UID, m.UID)
		e.same("end of the first one", first.Phase, m.Phase)
	}
	for _, m := range e.migrations("vm", provider.ListOptions{}).Items {
		e.holds(e.migration(m.Name) != nil, "%s is listed and cannot be read", m.Name)
	}
	vm := e.quiet("vm")
	if vm.Migration == nil {
		e.Fatalf("the VM does not tell of its migrations")
	}
	e.same("migration that the VM tells of", last.UID, vm.Migration.UID)
	e.holds(vm.Migration.Completed && !vm.Migration.Failed && !vm.Migration.EndedAt.IsZero(), "what the VM tells of it: %+v", *vm.Migration)
}

func checkMigrationList(e *env) {
	e.running("vm")
	e.running("other")
	e.arrives("other", e.moves("other", provider.MigrateOptions{}))
	var want []string // the newest first
	for n := range 3 {
		if n > 0 {
			e.sleep(1100 * time.Millisecond) // creation times may be whole seconds
		}
		begun := e.moves("vm", provider.MigrateOptions{})
		want = slices.Insert(want, 0, begun.UID)
		// The last one is active, or has ended just now and is the newest: the first either way.
		e.same("migrations", want, uids(e.migrations("vm", provider.ListOptions{}).Items))
		e.arrives("vm", begun)
	}
	for limit := range 3 {
		var got []string
		opts := provider.ListOptions{Limit: limit + 1}
		for {
			page := e.migrations("vm", opts)
			e.holds(len(page.Items) <= opts.Limit, "a page of %d, where %d is the limit", len(page.Items), opts.Limit)
			got = append(got, uids(page.Items)...)
			if opts.Continue = page.Continue; opts.Continue == "" || len(got) > len(want) {
				break
			}
		}
		e.same("migrations in pages of "+strconv.Itoa(opts.Limit), want, got)
	}
}

func uids(all []*domain.Migration) []string {
	out := make([]string, len(all))
	for n, m := range all {
		out[n] = m.UID
	}
	return out
}
