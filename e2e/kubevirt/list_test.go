package kubevirt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func lower[S ~string](s S) string { return strings.ToLower(string(s)) }

// TestPages walks 50 VMs, every second of which runs, in pages of several sizes: small pages get their instances one by
// one, large ones by the instance list.
func TestPages(t *testing.T) {
	t.Parallel()
	site := setup.New(t, harness.Namespace(t))
	running := map[string]bool{}
	var vms []*setup.VM
	for n := range 50 {
		strategy := domain.RunStrategyHalted
		if n%2 == 0 {
			strategy = domain.RunStrategyAlways
		}
		vm := site.Create(t, setup.Spec(fmt.Sprintf("vm-%02d", (n*37)%50), strategy)) // not in the order of names
		running[vm.Name] = n%2 == 0
		vms = append(vms, vm)
	}
	for _, vm := range vms {
		if running[vm.Name] {
			vm.WaitRunning(t)
		} else {
			vm.WaitStopped(t)
		}
	}
	raw, err := harness.Virt(t).KubevirtV1().VirtualMachines(site.Namespace).List(t.Context(), metav1.ListOptions{})
	setup.Must(t, "list past the provider", err)
	var want []string
	for _, item := range raw.Items {
		want = append(want, item.Name)
	}

	for _, limit := range []int{7, 8, 9, 20, 50, 500} {
		var got []string
		pages, opts := 0, provider.ListOptions{Limit: limit}
		for {
			page, err := site.ListVMs(t.Context(), setup.Cluster, site.Namespace, opts)
			setup.Must(t, "list", err)
			pages++
			if len(page.Items) > limit || len(page.ItemErrors) > 0 {
				t.Errorf("limit %d: a page of %d items and %d errors", limit, len(page.Items), len(page.ItemErrors))
			}
			if page.Total != nil {
				setup.Diff(t, "total", int64(50), *page.Total)
			} else if pages == 1 {
				t.Errorf("limit %d: the first page has no total, though the server counts", limit)
			}
			for _, vm := range page.Items {
				got = append(got, vm.Name)
				if hasInstance := vm.Instance == domain.InstanceLive && vm.InstanceID != "" && vm.Node != ""; hasInstance != running[vm.Name] {
					t.Errorf("limit %d: %s has instance %s %q on %q; it runs: %v", limit, vm.Name, vm.Instance, vm.InstanceID, vm.Node, running[vm.Name])
				}
			}
			if page.Continue == "" {
				break
			}
			opts.Continue = page.Continue
		}
		setup.Diff(t, fmt.Sprintf("limit %d: names in the server's order", limit), want, got)
		setup.Diff(t, fmt.Sprintf("limit %d: pages", limit), (50+limit-1)/limit, pages)
	}

	first, err := site.ListVMs(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{Limit: 7})
	setup.Must(t, "list", err)
	_, err = site.ListVMs(t.Context(), setup.Cluster, "default", provider.ListOptions{Limit: 7, Continue: first.Continue})
	setup.Code(t, "a token of another namespace", domain.CodeInvalidCursor, err)
	_, err = site.ListVMs(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{Limit: 7, Continue: first.Continue, LabelSelector: "a=b"})
	setup.Code(t, "a token of another selector", domain.CodeInvalidCursor, err)
	_, err = site.ListVMs(t.Context(), setup.Cluster, site.Namespace, provider.ListOptions{Limit: 7, Continue: first.Continue[:len(first.Continue)-4]})
	setup.Code(t, "half a token", domain.CodeInvalidCursor, err)
}

// slug makes a name of words.
func slug(words string) string {
	return strings.NewReplacer(" ", "-", ",", "").Replace(words)
}

// withPrefix keeps the names of one test where several share a place.
func withPrefix(names []string, prefix string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) })
}
