package mock_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// filled has VMs in three namespaces whose keys sort otherwise than their namespaces do.
func filled(t *testing.T) calls {
	c := on(t, mock.Options{})
	for _, namespace := range []string{"team", "team-a", "team0"} {
		for n := range 7 {
			s := with(domain.RunStrategyHalted)
			s.Name = fmt.Sprintf("vm-%d", n)
			s.Labels = map[string]string{"parity": []string{"even", "odd"}[n%2], "n": fmt.Sprint(n)}
			if _, err := c.p.CreateVM(t.Context(), "mock", namespace, s, provider.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

func keys(vms []*domain.VM) []string {
	var out []string
	for _, vm := range vms {
		out = append(out, vm.Namespace+"/"+vm.Name)
	}
	return out
}

// walk reads a listing page by page.
func walk(t *testing.T, p *mock.Provider, namespace string, opts provider.ListOptions) (vms []*domain.VM, pages int) {
	t.Helper()
	for {
		page, err := p.ListVMs(t.Context(), "mock", namespace, opts)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		vms = append(vms, page.Items...)
		if limit := opts.Limit; limit > 0 && len(page.Items) > limit {
			t.Fatalf("%d items in a page of %d", len(page.Items), limit)
		}
		if page.Continue == "" {
			return vms, pages
		}
		opts.Continue = page.Continue
	}
}

func TestOrder(t *testing.T) {
	c := filled(t)
	all, _ := walk(t, c.p, provider.AllNamespaces, provider.ListOptions{})
	got := keys(all)
	if !slices.IsSorted(got) || len(got) != 21 || !strings.HasPrefix(got[0], "team-a/") {
		t.Errorf("the order is that of the bytes of namespace/name, got %v", got)
	}
	for limit := 1; limit < 23; limit++ {
		paged, pages := walk(t, c.p, provider.AllNamespaces, provider.ListOptions{Limit: limit})
		if diff := gocmp.Diff(got, keys(paged)); diff != "" {
			t.Errorf("pages of %d are not the whole list:\n%s", limit, diff)
		}
		if want := (21 + limit - 1) / limit; pages != want {
			t.Errorf("%d pages of %d, want %d", pages, limit, want)
		}
	}
}

func TestSelect(t *testing.T) {
	c := filled(t)
	for why, s := range map[string]struct {
		namespace string
		opts      provider.ListOptions
		want      int
	}{
		"everything":                   {"*", provider.ListOptions{}, 21},
		"one namespace":                {"team", provider.ListOptions{}, 7},
		"its prefix is another one's":  {"team-a", provider.ListOptions{}, 7},
		"a namespace without VMs":      {"nowhere", provider.ListOptions{}, 0},
		"a label":                      {"*", provider.ListOptions{LabelSelector: "parity=odd"}, 9},
		"a label that is missing":      {"*", provider.ListOptions{LabelSelector: "zone!=x"}, 21},
		"a set":                        {"team", provider.ListOptions{LabelSelector: "n in (1,2,9)"}, 2},
		"our identity":                 {"team", provider.ListOptions{LabelSelector: "kubevirt-shepherd.io/managed-by=kubevirt-shepherd"}, 7},
		"a name":                       {"*", provider.ListOptions{FieldSelector: "metadata.name=vm-1"}, 3},
		"a namespace as a field":       {"*", provider.ListOptions{FieldSelector: "metadata.namespace!=team"}, 14},
		"a name in the wrong place":    {"team", provider.ListOptions{FieldSelector: "metadata.namespace=team0"}, 0},
		"both, in pages of one":        {"*", provider.ListOptions{LabelSelector: "parity=odd", FieldSelector: "metadata.namespace=team", Limit: 1}, 3},
		"more than can be at one time": {"*", provider.ListOptions{Limit: 1 << 20}, 21},
	} {
		got, _ := walk(t, c.p, s.namespace, s.opts)
		if len(got) != s.want {
			t.Errorf("%s: %d VMs, want %d: %v", why, len(got), s.want, keys(got))
		}
	}
	for why, s := range map[string]struct {
		opts provider.ListOptions
		want domain.Code
	}{
		"a bad label selector": {provider.ListOptions{LabelSelector: "a=b=c"}, domain.CodeInvalidSelector},
		"a bad field selector": {provider.ListOptions{FieldSelector: "status.phase=Running"}, domain.CodeInvalidSelector},
		"a negative limit":     {provider.ListOptions{Limit: -1}, domain.CodeInvalidLimit},
		"a made-up token":      {provider.ListOptions{Continue: "token"}, domain.CodeInvalidCursor},
	} {
		if _, err := c.p.ListVMs(t.Context(), "mock", "team", s.opts); domain.CodeOf(err) != s.want {
			t.Errorf("%s: %v, want %s", why, err, s.want)
		}
	}
	if _, err := c.p.ListVMs(t.Context(), "mock", "", provider.ListOptions{}); !errors.Is(err, domain.CodeInvalidName) {
		t.Errorf("no namespace is not all of them: %v", err)
	}
}

// TestTotal: exact on the first page of an unselected list, and absent elsewhere.
func TestTotal(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := filled(t)
		time.Sleep(time.Second)
		total := func(namespace string, opts provider.ListOptions) int64 {
			page, err := c.p.ListVMs(t.Context(), "mock", namespace, opts)
			if err != nil {
				t.Fatal(err)
			}
			if page.Total == nil {
				return -1
			}
			return *page.Total
		}
		first, err := c.p.ListVMs(t.Context(), "mock", "*", provider.ListOptions{Limit: 2})
		c.good(err)
		got := []int64{total("*", provider.ListOptions{Limit: 2}), total("team", provider.ListOptions{}), total("nowhere", provider.ListOptions{}),
			total("*", provider.ListOptions{LabelSelector: "parity=odd"}), total("*", provider.ListOptions{Limit: 2, Continue: first.Continue})}
		if diff := gocmp.Diff([]int64{21, 7, 0, -1, -1}, got); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
		c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm-3", provider.DeleteOptions{}))
		if got := total("team", provider.ListOptions{}); got != 7 {
			t.Errorf("a VM that is being deleted is there: %d", got)
		}
		time.Sleep(time.Second)
		if got := total("team", provider.ListOptions{}); got != 6 {
			t.Errorf("one that is gone is not, though nobody looked at it: %d", got)
		}
	})
}

// TestChangesBetweenPages: what is there all the time appears exactly once, whatever comes and goes.
func TestChangesBetweenPages(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		random := rand.New(rand.NewPCG(7, 8))
		stay := map[string]bool{}
		name := func() string { return fmt.Sprintf("vm-%06d", random.IntN(1e6)) }
		for len(stay) < 300 {
			s := with(domain.RunStrategyHalted)
			s.Name = name() + "-stays"
			if _, err := c.p.CreateVM(t.Context(), "mock", "team", s, provider.CreateOptions{}); err == nil {
				stay[s.Name] = true
			}
		}
		for range 20 {
			seen := map[string]int{}
			opts := provider.ListOptions{Limit: 7}
			last := ""
			for {
				page, err := c.p.ListVMs(t.Context(), "mock", "team", opts)
				c.good(err)
				for _, vm := range page.Items {
					seen[vm.Name]++
					if vm.Name <= last {
						t.Fatalf("%s behind %s", vm.Name, last)
					}
					last = vm.Name
				}
				if opts.Continue = page.Continue; opts.Continue == "" {
					break
				}
				for _, vm := range page.Items { // also the one that the token stands on
					if !stay[vm.Name] {
						c.good(c.p.DeleteVM(c.ctx(), "mock", "team", vm.Name, provider.DeleteOptions{}))
					}
				}
				for range 3 {
					s := with(domain.RunStrategyHalted)
					s.Name = name()
					_, _ = c.p.CreateVM(t.Context(), "mock", "team", s, provider.CreateOptions{})
				}
				time.Sleep(50 * time.Millisecond)
			}
			for name := range stay {
				if seen[name] != 1 {
					t.Fatalf("%s appeared %d times", name, seen[name])
				}
			}
		}
	})
}

// TestCursors: a token goes with its listing, and expires when the test says so.
func TestCursors(t *testing.T) {
	c := filled(t)
	first, err := c.p.ListVMs(t.Context(), "mock", "team", provider.ListOptions{Limit: 2})
	c.good(err)
	for why, call := range map[string]func() error{
		"another namespace": func() error {
			return second(c.p.ListVMs(t.Context(), "mock", "*", provider.ListOptions{Continue: first.Continue}))
		},
		"another selector": func() error {
			return second(c.p.ListVMs(t.Context(), "mock", "team", provider.ListOptions{Continue: first.Continue, LabelSelector: "a"}))
		},
		"another list": func() error {
			return second(c.p.ListInstanceTypes(t.Context(), "mock", "team", provider.ListOptions{Continue: first.Continue}))
		},
	} {
		if err := call(); !errors.Is(err, domain.CodeInvalidCursor) {
			t.Errorf("%s: %v", why, err)
		}
	}
	next := provider.ListOptions{Limit: 5, Continue: first.Continue}
	if page, err := c.p.ListVMs(t.Context(), "mock", "team", next); err != nil || len(page.Items) != 5 || page.Continue != "" {
		t.Errorf("another limit is fine: %+v, %v", page, err)
	}
	c.p.ExpireCursors()
	if _, err := c.p.ListVMs(t.Context(), "mock", "team", next); !errors.Is(err, domain.CodeCursorExpired) {
		t.Errorf("an old token: %v", err)
	}
	if _, err := c.p.ListVMs(t.Context(), "mock", "team", provider.ListOptions{Limit: 2}); err != nil {
		t.Errorf("a new listing is the remedy: %v", err)
	}
}

// TestSeed: what is seeded is there as it was said, and lives on.
func TestSeed(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Clusters: []string{"mock", "b"}})
		created := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		vms := []*domain.VM{
			{Namespace: "team", Name: "running", Status: domain.StatusRunning, UID: "uid-1", CreatedAt: created, Memory: domain.Memory{Bytes: 5}},
			{Namespace: "team", Name: "paused", Status: domain.StatusPaused},
			{Namespace: "team", Name: "stopped", Status: domain.StatusStopped},
			{Namespace: "team", Name: "starting", Status: domain.StatusStarting},
			{Namespace: "team", Name: "stopping", Status: domain.StatusStopping},
			{Namespace: "team", Name: "migrating", Status: domain.StatusMigrating},
			{Namespace: "team", Name: "deleting", Status: domain.StatusDeleting},
			{Namespace: "team", Name: "failed", RunStrategy: domain.RunStrategyManual, Instance: domain.InstanceFailed},
			{Cluster: "b", Namespace: "team", Name: "elsewhere", Identity: domain.Identity{ManagedBy: domain.ManagedBy, System: "shop"}},
		}
		c.good(c.p.Seed(vms))
		list, _ := walk(t, c.p, "*", provider.ListOptions{})
		for _, vm := range list {
			want := domain.VMStatus(strings.ToUpper(vm.Name))
			if vm.Status != want || vm.UID == "" || vm.Revision == "" {
				t.Errorf("%s is %s %+v", vm.Name, vm.Status, vm)
			}
		}
		if len(list) != 8 {
			t.Errorf("%d VMs", len(list))
		}
		if vm := c.get("running"); vm.UID != "uid-1" || !vm.CreatedAt.Equal(created) || vm.Memory.Bytes != 5 || vm.RunStrategy != domain.RunStrategyAlways {
			t.Errorf("%+v", vm)
		}
		elsewhere, err := c.p.GetVM(t.Context(), "b", "team", "elsewhere")
		if err != nil || elsewhere.Labels["kubevirt-shepherd.io/system"] != "shop" || elsewhere.Identity.System != "shop" {
			t.Errorf("%+v, %v", elsewhere, err)
		}
		migrations, err := c.p.ListMigrations(t.Context(), "mock", "team", "migrating", provider.ListOptions{})
		if err != nil || len(migrations.Items) != 1 || migrations.Items[0].Phase != domain.PhaseRunning {
			t.Errorf("%+v, %v", migrations, err)
		}
		time.Sleep(time.Second)
		for name, want := range map[string]domain.VMStatus{"starting": domain.StatusRunning, "stopping": domain.StatusStopped, "migrating": domain.StatusRunning} {
			if got := c.get(name).Status; got != want {
				t.Errorf("%s has become %s", name, got)
			}
		}
		c.good(c.p.Seed([]*domain.VM{{Namespace: "team", Name: "running", Status: domain.StatusStopped}}))
		if vm := c.get("running"); vm.UID == "uid-1" || vm.Status != domain.StatusStopped {
			t.Errorf("a seed takes the place of what was there: %+v", vm)
		}
		c.code(c.p.Seed([]*domain.VM{{Namespace: "team", Name: "x"}, {Cluster: "nope", Namespace: "team", Name: "y"}}), domain.CodeClusterNotFound)
		c.code(c.p.Seed([]*domain.VM{{Name: "x"}}), domain.CodeInvalidName)
		_, err = c.p.GetVM(t.Context(), "mock", "team", "x")
		c.code(err, domain.CodeVMNotFound)
	})
}

// TestIndex holds the index against a plain sorted list.
func TestIndex(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		random := rand.New(rand.NewPCG(9, 10))
		there := map[string]bool{}
		s := with(domain.RunStrategyHalted)
		for range 5000 {
			s.Name = fmt.Sprintf("vm-%d", random.IntN(3000))
			switch {
			case there[s.Name] && random.IntN(3) > 0:
				c.good(c.p.DeleteVM(c.ctx(), "mock", "team", s.Name, provider.DeleteOptions{}))
				delete(there, s.Name)
			case !there[s.Name]:
				c.create(s)
				there[s.Name] = true
			}
		}
		var want []string
		for name := range there {
			want = append(want, "team/"+name)
		}
		slices.SortFunc(want, cmp.Compare[string])
		got, _ := walk(t, c.p, "*", provider.ListOptions{Limit: 13})
		if diff := gocmp.Diff(want, keys(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
