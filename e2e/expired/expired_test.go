// Package expired_test runs the KubeVirt provider against an API server that keeps no snapshots of its cache, so that a
// compaction of the database expires what is older.
package expired_test

import (
	"fmt"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func TestMain(m *testing.M) {
	harness.MainWith(m, controlplane.Options{APIServerArgs: []string{"--feature-gates=ListFromCacheSnapshot=false"}})
}

// TestExpiredToken: a token that is too old is CURSOR_EXPIRED, and listing again from the start works.
func TestExpiredToken(t *testing.T) {
	site := setup.New(t, harness.Namespace(t))
	var vms []*setup.VM
	for n := range 30 {
		vms = append(vms, site.Create(t, setup.Spec(fmt.Sprintf("vm-%02d", n), domain.RunStrategyAlways)))
	}
	for _, vm := range vms {
		vm.WaitRunning(t)
	}
	for _, limit := range []int{7, 10} { // instances one by one, and by their list
		page, err := site.ListVMs(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{Limit: limit})
		setup.Must(t, "first page", err)
		if page.Continue == "" {
			t.Fatal("the first page is the last")
		}
		next := provider.ListOptions{Limit: limit, Continue: page.Continue}
		_, err = site.ListVMs(t.Context(), setup.Cluster, site.Namespace, next)
		setup.Must(t, "second page", err)

		// A token is good as long as its revision is the present one.
		vms[0].Annotate(t, "touched", fmt.Sprint(limit))
		setup.Must(t, "compact", harness.Get(t).Compact(t.Context()))
		_, err = site.ListVMs(t.Context(), setup.Cluster, site.Namespace, next)
		setup.Code(t, fmt.Sprintf("limit %d: second page after a compaction", limit), domain.CodeCursorExpired, err)
		setup.Diff(t, "kind", domain.KindExpired, domain.KindOf(err))

		seen := 0
		for _, err := range provider.VMs(t.Context(), site, setup.Cluster, site.Namespace, provider.ListOptions{Limit: limit}) {
			setup.Must(t, "walk from the start", err)
			seen++
		}
		setup.Diff(t, "VMs of the new walk", len(vms), seen)
	}
}

// TestExpiredInstanceType: the same for lists that are no VMs.
func TestExpiredInstanceType(t *testing.T) {
	site := setup.New(t, harness.Namespace(t))
	for n := range 5 {
		setup.InstanceType(t, site.Namespace, fmt.Sprintf("size-%d", n), 1, 1<<28)
	}
	page, err := site.ListInstanceTypes(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{Limit: 2})
	setup.Must(t, "first page", err)
	setup.InstanceType(t, site.Namespace, "later", 1, 1<<28)
	setup.Must(t, "compact", harness.Get(t).Compact(t.Context()))
	_, err = site.ListInstanceTypes(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{Limit: 2, Continue: page.Continue})
	setup.Code(t, "second page after a compaction", domain.CodeCursorExpired, err)
}
