package providertest

import (
	"fmt"
	"math"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Pages: their size, and the order of what is in them.
var pageChecks = []check{
	{
		id: "LIST-01",
		why: "pages of limit k have at most k items, the last one has no token, and together they are the unpaged list, " +
			"nothing twice",
		run: checkPages,
	},
	{
		id:  "LIST-02",
		why: `lists are in the order of cluster, then of the bytes of namespace + "/" + name, whenever they are read`,
		run: checkOrder,
	},
	{
		id:  "LIST-03",
		why: "limit zero is the default, a negative one INVALID_LIMIT, one above the maximum is capped and no error",
		run: func(e *env) {
			for _, name := range []string{"a", "b"} {
				e.create(e.spec(name, domain.RunStrategyHalted))
			}
			want := []string{e.ns + "/a", e.ns + "/b"}
			for _, limit := range []int{0, provider.DefaultLimit, provider.MaxLimit, provider.MaxLimit + 1, math.MaxInt} {
				page, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{Limit: limit})
				if e.code(fmt.Sprintf("limit %d", limit), err, "") {
					e.same(fmt.Sprintf("VMs of limit %d", limit), want, listKeys(page.Items))
				}
			}
			for _, limit := range []int{-1, math.MinInt} {
				_, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{Limit: limit})
				e.code(fmt.Sprintf("limit %d", limit), err, domain.CodeInvalidLimit)
			}
		},
	},
	{
		id: "LIST-04",
		why: "VMs that come and go between two pages cause neither an error nor a repetition, and those that stay are " +
			"listed once",
		run: checkPagesUnderChange,
	},
}

func checkPages(e *env) {
	const n = 5
	for i := range n {
		e.create(e.spec(fmt.Sprintf("vm-%d", i), domain.RunStrategyHalted))
	}
	whole := e.list(provider.ListOptions{})
	if len(whole.Items) != n || whole.Continue != "" {
		e.Fatalf("the unpaged list has %d VMs and token %q, want %d and none", len(whole.Items), whole.Continue, n)
	}
	for limit := 1; limit <= n+1; limit++ {
		pages := e.walkPages(e.ns, provider.ListOptions{Limit: limit}, nil)
		for i, page := range pages {
			e.holds(len(page.Items) <= limit, "page %d of limit %d has %d items", i, limit, len(page.Items))
		}
		e.same(fmt.Sprintf("all pages of limit %d", limit), listKeys(whole.Items), listKeys(itemsOf(pages)))
	}
}

func checkOrder(e *env) {
	// '-' comes before '/', so that the VMs of the longer namespace come first.
	longer := e.namespace("-a")
	const mark = "suite"
	place := func(cluster, namespace, name string) {
		_, err := e.Provider.CreateVM(e.ctx, cluster, namespace, e.labeled(name, map[string]string{mark: e.ns}), provider.CreateOptions{})
		e.must("create "+name, err)
	}
	for _, name := range []string{"b", "a0", "a-0", "a"} {
		place(e.cluster, e.ns, name)
	}
	place(e.cluster, longer, "z")
	want := []string{longer + "/z", e.ns + "/a", e.ns + "/a-0", e.ns + "/a0", e.ns + "/b"}

	opts := provider.ListOptions{LabelSelector: mark + "=" + e.ns}
	for range 3 {
		e.same("order", want, listKeys(itemsOf(e.walkPages(provider.AllNamespaces, opts, nil))))
	}
	paged := opts
	paged.Limit = 2
	e.same("order of pages", want, listKeys(itemsOf(e.walkPages(provider.AllNamespaces, paged, nil))))

	clusters := slices.Sorted(slices.Values([]string{e.cluster, e.other}))
	if e.other != e.cluster {
		place(e.other, e.ns, "m")
	}
	var order []string
	for _, cluster := range slices.Compact(clusters) {
		if cluster == e.cluster {
			order = append(order, want...)
		} else {
			order = append(order, e.ns+"/m")
		}
	}
	slices.Reverse(clusters) // however they are named
	page, err := provider.ListAll(e.ctx, e.Provider, clusters, provider.AllNamespaces, opts)
	e.must("list all clusters", err)
	e.same("order over clusters", order, listKeys(page.Items))
}

func checkPagesUnderChange(e *env) {
	for _, name := range []string{"b", "d", "f", "h", "j", "l"} {
		e.create(e.spec(name, domain.RunStrategyHalted))
	}
	var first []string
	pages := e.walkPages(e.ns, provider.ListOptions{Limit: 2}, func(pages int) {
		switch pages {
		case 1: // b and d were seen: d, where the next page begins, and h, which was not seen, go; others come around it
			for _, name := range []string{"d", "h"} {
				e.must("delete "+name, e.remove(name))
				e.gone(name)
			}
			for _, name := range []string{"a", "c", "e"} {
				e.create(e.spec(name, domain.RunStrategyHalted))
			}
		case 2:
			e.must("delete b", e.remove("b"))
			e.gone("b")
		}
	})
	first = listKeys(pages[0].Items)
	e.same("the first page", []string{e.ns + "/b", e.ns + "/d"}, first)
	seen := map[string]int{}
	for _, vm := range itemsOf(pages) {
		seen[vm.Name]++
	}
	for name, times := range seen {
		e.holds(times == 1, "%s is listed %d times", name, times)
	}
	for _, name := range []string{"f", "j", "l"} {
		e.holds(seen[name] == 1, "%s, which was there all the time, is listed %d times", name, seen[name])
	}
}
