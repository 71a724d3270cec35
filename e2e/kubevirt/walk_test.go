package kubevirt_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// walked are namespaces whose order by name is not the order of their objects: '-' comes before '/'.
var walked = []string{"team", "team-a", "team-b", "teamx", "zz"}

const perNamespace = 60

// TestWalk walks 300 VMs of five namespaces while others come and go: those that are there all the time are seen exactly
// once, in the order of the server's keys.
func TestWalk(t *testing.T) {
	t.Parallel()
	core := harness.Core(t).CoreV1().Namespaces()
	for _, name := range walked {
		_, err := core.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		setup.Must(t, "make namespace "+name, err)
		t.Cleanup(func() { _ = core.Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{}) })
	}
	site := setup.New(t, walked[0])
	var there []string
	for n := range perNamespace {
		for _, namespace := range walked {
			there = append(there, fmt.Sprintf("%s/vm-%02d", namespace, n))
		}
	}
	inParallel(8, there, func(n int, key string) {
		setup.Must(t, "create "+key, createKey(t.Context(), site, key, n))
	})
	slices.Sort(there)

	for _, limit := range []int{7, 50, 500} {
		churning, stop := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { churn(churning, t, site) })
		keys := walk(t, site, provider.ListOptions{Limit: limit})
		stop()
		wait.Wait()
		if !slices.IsSorted(keys) {
			t.Errorf("limit %d: not in the order of keys", limit)
		}
		setup.Diff(t, fmt.Sprintf("limit %d: VMs that were there all the time", limit), there,
			slices.DeleteFunc(keys, func(key string) bool { return !strings.Contains(key, "/vm-") || !inWalked(key) }))
	}

	var third []string
	for n, key := range sortedByCreation() {
		if n%3 == 0 {
			third = append(third, key)
		}
	}
	slices.Sort(third)
	for _, limit := range []int{7, 50} {
		setup.Diff(t, fmt.Sprintf("limit %d: VMs of a label", limit), third,
			walk(t, site, provider.ListOptions{Limit: limit, LabelSelector: "walk.test/third=0"}))
	}
	setup.Diff(t, "VMs of a label and a name", []string{"team-a/vm-07", "team-b/vm-07", "team/vm-07", "teamx/vm-07", "zz/vm-07"},
		walk(t, site, provider.ListOptions{Limit: 2, LabelSelector: "walk.test/third", FieldSelector: "metadata.name=vm-07"}))
}

// sortedByCreation are the keys in the order in which TestWalk makes them.
func sortedByCreation() []string {
	var keys []string
	for n := range perNamespace {
		for _, namespace := range walked {
			keys = append(keys, fmt.Sprintf("%s/vm-%02d", namespace, n))
		}
	}
	return keys
}

func inWalked(key string) bool {
	namespace, _, _ := strings.Cut(key, "/")
	return slices.Contains(walked, namespace)
}

func createKey(ctx context.Context, site *setup.Site, key string, n int) error {
	namespace, name, _ := strings.Cut(key, "/")
	spec := setup.Spec(name, domain.RunStrategyHalted)
	spec.Labels = map[string]string{"walk.test/third": fmt.Sprint(n % 3)}
	_, err := site.CreateVM(ctx, setup.Cluster, namespace, spec, provider.CreateOptions{})
	return err
}

// walk returns the keys that a walk over all pages finds.
func walk(t *testing.T, site *setup.Site, opts provider.ListOptions) []string {
	t.Helper()
	var keys []string
	for vm, err := range provider.VMs(t.Context(), site, setup.Cluster, provider.AllNamespaces, opts) {
		if err != nil {
			t.Fatalf("limit %d: after %d VMs: %v", opts.Limit, len(keys), err)
		}
		keys = append(keys, vm.Namespace+"/"+vm.Name)
	}
	return keys
}

// churn makes and deletes VMs between those that stay, until it is told to end.
func churn(ctx context.Context, t *testing.T, site *setup.Site) {
	for n := 0; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("%s/churn-%d", walked[n%len(walked)], n)
		if n%2 == 1 {
			key = fmt.Sprintf("%s/zchurn-%d", walked[n%len(walked)], n) // behind the others
		}
		if err := createKey(ctx, site, key, 1); err != nil {
			return
		}
		namespace, name, _ := strings.Cut(key, "/")
		if err := site.DeleteVM(ctx, setup.Cluster, namespace, name, provider.DeleteOptions{}); err != nil && ctx.Err() == nil {
			t.Errorf("delete %s: %v", key, err)
		}
	}
}

// inParallel does something with each value, a few at a time.
func inParallel[T any](workers int, values []T, do func(int, T)) {
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Go(func() {
			for n := worker; n < len(values); n += workers {
				do(n, values[n])
			}
		})
	}
	wait.Wait()
}
