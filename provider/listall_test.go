package provider_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// fleet lists sizes[cluster] VMs for each cluster; a size below zero is a cluster that does not answer.
type fleet struct {
	provider.Unimplemented
	sizes map[string]int

	mu    sync.Mutex
	calls int
}

func (f *fleet) ListVMs(ctx context.Context, cluster, namespace string, opts provider.ListOptions) (*domain.VMList, error) {
	f.mu.Lock()
	f.calls++
	f.mu.Unlock()
	size, ok := f.sizes[cluster]
	switch {
	case !ok:
		return nil, domain.E(domain.CodeClusterNotFound, nil, nil)
	case size == -2:
		return nil, domain.E(domain.CodeInvalidCursor, nil, nil)
	case size < 0:
		return nil, domain.E(domain.CodeClusterUnreachable, nil, nil)
	}
	list, err := (&pager{n: size, badAt: -1}).ListVMs(ctx, cluster, namespace, opts)
	for _, vm := range list.Items {
		vm.Cluster = cluster
	}
	return list, err
}

func TestListAll(t *testing.T) {
	many := map[string]int{}
	for n := range 40 {
		many[fmt.Sprintf("m%02d", n)] = n % 3
	}
	for _, c := range []struct {
		why    string
		sizes  map[string]int
		limit  int
		failed []string
	}{
		{"one big cluster and small ones", map[string]int{"a": 30, "b": 2, "c": 0, "d": 9}, 7, nil},
		{"many small clusters", many, 5, nil},
		{"a page that ends with its cluster", map[string]int{"a": 5, "b": 5, "c": 5}, 5, nil},
		{"a broken cluster hides no other", map[string]int{"a": 4, "b": -1, "c": 4, "d": -1}, 3, []string{"b", "d"}},
		{"nothing but broken clusters", map[string]int{"a": -1, "b": -1}, 3, []string{"a", "b"}},
		{"no clusters", nil, 3, nil},
		{"a cluster that says the call is wrong is that cluster's error", map[string]int{"a": 4, "b": -2, "c": 4}, 3, []string{"b"}},
	} {
		f := &fleet{sizes: c.sizes}
		var clusters, want, got, failed []string
		for cluster, size := range c.sizes {
			clusters = append(clusters, cluster)
			for n := range max(size, 0) {
				want = append(want, fmt.Sprintf("%s/%04d", cluster, n))
			}
		}
		opts := provider.ListOptions{Limit: c.limit}
		for range 200 {
			page, err := provider.ListAll(t.Context(), f, clusters, provider.AllNamespaces, opts)
			if err != nil {
				t.Fatalf("%s: %v", c.why, err)
			}
			if len(page.Items) > c.limit {
				t.Errorf("%s: a page of %d", c.why, len(page.Items))
			}
			for _, vm := range page.Items {
				n := 0
				if _, err := fmt.Sscanf(vm.Name, "vm-%d", &n); err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%s/%04d", vm.Cluster, n))
			}
			for _, clusterErr := range page.ClusterErrors {
				failed = append(failed, clusterErr.Cluster)
				if code := domain.CodeOf(clusterErr); code != domain.CodeClusterUnreachable && code != domain.CodeInvalidCursor {
					t.Errorf("%s: %v", c.why, clusterErr)
				}
			}
			if opts.Continue = page.Continue; opts.Continue == "" {
				break
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s\ngot  %v\nwant %v", c.why, got, want)
		}
		if !slices.Equal(failed, c.failed) {
			t.Errorf("%s: failed clusters %v, want %v", c.why, failed, c.failed)
		}
		if bound := 2*len(clusters) + 3*(len(want)/c.limit+1); f.calls > bound {
			t.Errorf("%s: %d calls, more than %d", c.why, f.calls, bound)
		}
	}
}

func TestListAllErrors(t *testing.T) {
	f := &fleet{sizes: map[string]int{"a": 9, "b": 9}}
	page, err := provider.ListAll(t.Context(), f, []string{"a", "b"}, "ns", provider.ListOptions{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for why, c := range map[string]struct {
		ctx       context.Context
		clusters  []string
		namespace string
		opts      provider.ListOptions
		want      domain.Code
	}{
		"negative limit":     {t.Context(), []string{"a"}, "ns", provider.ListOptions{Limit: -1}, domain.CodeInvalidLimit},
		"empty namespace":    {t.Context(), nil, "", provider.ListOptions{}, domain.CodeInvalidName},
		"bad selector":       {t.Context(), []string{"a", "b"}, "ns", provider.ListOptions{LabelSelector: "(("}, domain.CodeInvalidSelector},
		"garbage token":      {t.Context(), []string{"a"}, "ns", provider.ListOptions{Continue: "x"}, domain.CodeInvalidCursor},
		"other clusters":     {t.Context(), []string{"a"}, "ns", provider.ListOptions{Limit: 3, Continue: page.Continue}, domain.CodeInvalidCursor},
		"other namespace":    {t.Context(), []string{"a", "b"}, "other", provider.ListOptions{Limit: 3, Continue: page.Continue}, domain.CodeInvalidCursor},
		"a canceled context": {canceled, []string{"a"}, "ns", provider.ListOptions{}, domain.CodeCanceled},
	} {
		list, err := provider.ListAll(c.ctx, f, c.clusters, c.namespace, c.opts)
		if domain.CodeOf(err) != c.want || list != nil {
			t.Errorf("%s: ListAll() = %v, %v, want %s", why, list, err, c.want)
		}
	}
	list, err := provider.ListAll(t.Context(), f, []string{"b", "nope", "b"}, "ns", provider.ListOptions{})
	if err != nil || len(list.Items) != 9 || len(list.ClusterErrors) != 1 || domain.CodeOf(list.ClusterErrors[0]) != domain.CodeClusterNotFound {
		t.Errorf("a cluster named twice and one unknown: %+v, %v", list, err)
	}
}

func TestWrap(t *testing.T) {
	ctx := t.Context()
	f := &fleet{sizes: map[string]int{"a": 3}}
	var log []string
	hook := func(name string) provider.Hook {
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			log = append(log, name+" before "+call.Op+" "+call.Ref.String())
			err := next(ctx)
			log = append(log, fmt.Sprintf("%s after %T %s", name, call.Result, domain.CodeOf(err)))
			return err
		}
	}
	p := provider.Wrap(f, hook("outer"), hook("inner"))
	list, err := p.ListVMs(ctx, "a", "ns", provider.ListOptions{Limit: 10})
	if err != nil || len(list.Items) != 3 {
		t.Fatalf("ListVMs() = %v, %v", list, err)
	}
	want := "outer before list_vms a/ns; inner before list_vms a/ns; inner after *domain.Page[*github.com/kv-shepherd/shepherd-go/domain.VM] ; outer after *domain.Page[*github.com/kv-shepherd/shepherd-go/domain.VM] "
	if got := strings.Join(log, "; "); got != want {
		t.Errorf("hooks saw\n%s\nwant\n%s", got, want)
	}
	if got := provider.Wrap(f); got != provider.Provider(f) {
		t.Error("no hooks, and yet a wrapper")
	}
}

func TestHooksMayAnswerAndReplace(t *testing.T) {
	ctx := t.Context()
	replace := func(_ context.Context, call *provider.Call, next func(context.Context) error) error {
		switch call.Op {
		case provider.OpGetVM:
			call.Result = &domain.VM{Name: "from-hook"}
			return nil
		case provider.OpListVMs:
			call.Options = provider.ListOptions{Limit: 1}
		case provider.OpDeleteVM:
			call.Options = "nonsense"
		case provider.OpStartVM:
			return domain.CodeClusterRebuilding
		}
		return next(ctx)
	}
	p := provider.Wrap(&fleet{sizes: map[string]int{"a": 3}}, replace)
	if vm, err := p.GetVM(ctx, "a", "ns", "x"); err != nil || vm.Name != "from-hook" {
		t.Errorf("GetVM() = %v, %v", vm, err)
	}
	if list, err := p.ListVMs(ctx, "a", "ns", provider.ListOptions{Limit: 9}); err != nil || len(list.Items) != 1 {
		t.Errorf("ListVMs() = %v, %v", list, err)
	}
	if err := p.StartVM(ctx, "a", "ns", "x", provider.StartOptions{}); domain.CodeOf(err) != domain.CodeClusterRebuilding {
		t.Errorf("StartVM() = %v", err)
	}
	if err := p.DeleteVM(ctx, "a", "ns", "x", provider.DeleteOptions{}); domain.CodeOf(err) != domain.CodeInternal {
		t.Errorf("DeleteVM() with options of another type = %v", err)
	}
}

// TestEveryMethodIsWrapped calls each method of a wrapped provider: the hook sees it once, under its own name.
func TestEveryMethodIsWrapped(t *testing.T) {
	seen := map[provider.Op]int{}
	p := provider.Wrap(provider.Unimplemented{}, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		seen[call.Op]++
		return next(ctx)
	})
	methods := callEveryMethod(t, p, func(name string, err error) {
		if domain.CodeOf(err) != domain.CodeCapabilityUnsupported {
			t.Errorf("%s of Unimplemented through Wrap = %v", name, err)
		}
	})
	if len(seen) != methods {
		t.Errorf("%d methods, hooks saw %d: %v", methods, len(seen), seen)
	}
	for op, times := range seen {
		if times != 1 {
			t.Errorf("%s was seen %d times", op, times)
		}
	}
}
