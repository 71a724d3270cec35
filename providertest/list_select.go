package providertest

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Selections: by labels, by fields, by namespace, and how they are counted.
var selectChecks = []check{
	{
		id:  "LIST-07",
		why: "label selectors mean what they mean in Kubernetes, and bad syntax is INVALID_SELECTOR",
		run: checkLabelSelectors,
	},
	{
		id:  "LIST-08",
		why: "field selectors are metadata.name and metadata.namespace, any other is INVALID_SELECTOR",
		run: checkFieldSelectors,
	},
	{
		id:  "LIST-09",
		why: "the total is the exact number of the whole listing or absent, never that of the page",
		run: checkTotal,
	},
	{
		id: "LIST-10",
		why: "an empty namespace is INVALID_NAME, AllNamespaces means all of them and is no name, and a missing namespace " +
			"is an empty list",
		run: checkNamespaces,
	},
}

func checkLabelSelectors(e *env) {
	for name, labels := range map[string]map[string]string{
		"bare":  nil,
		"empty": {"tier": "", "zone": "b"},
		"db":    {"tier": "db", "team.example/owner": "x"},
		"web":   {"tier": "web", "zone": "a"},
	} {
		e.create(e.labeled(name, labels))
	}
	for selector, want := range map[string][]string{
		"":                        {"bare", "db", "empty", "web"},
		"tier=web":                {"web"},
		"tier==web":               {"web"},
		" tier = web ":            {"web"},
		"tier=":                   {"empty"},
		"tier=cache":              {},
		"zone=":                   {}, // who lacks the label has no empty one
		"tier!=web":               {"bare", "db", "empty"},
		"tier!=":                  {"bare", "db", "web"},
		"tier in (web,db)":        {"db", "web"},
		"tier in (web)":           {"web"},
		"tier in (,db)":           {"db", "empty"},
		"tier notin (web,db)":     {"bare", "empty"},
		"zone notin (a)":          {"bare", "db", "empty"},
		"tier":                    {"db", "empty", "web"},
		"!tier":                   {"bare"},
		"!zone":                   {"bare", "db"},
		"team.example/owner":      {"db"},
		"tier,zone!=a":            {"db", "empty"},
		"tier!=web,tier!=db":      {"bare", "empty"},
		"tier in (web,db),!zone":  {"db"},
		"tier=web,tier=db":        {},
		"Tier":                    {},
		"zone in (a, b),tier=web": {"web"},
	} {
		page, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{LabelSelector: selector})
		if !e.code("selector "+selector, err, "") {
			continue
		}
		names := []string{}
		for _, vm := range page.Items {
			names = append(names, vm.Name)
		}
		e.same("VMs of selector "+selector, want, names)
	}
	for _, selector := range []string{
		",", "tier,", ",tier", "tier,,zone", "=web", "!", "!tier=web", "tier===web", "tier=web=db", "tier web", "tier in web",
		"tier in (web", "tier in", "tier notin web)", "tier in (web db)", "(tier)", "tier=a/b", "-tier=a", "a/b/c=d", "/a=b",
		"tier=web;zone=a", `tier="web"`,
	} {
		_, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{LabelSelector: selector})
		e.code("bad selector "+selector, err, domain.CodeInvalidSelector)
	}
}

func checkFieldSelectors(e *env) {
	for _, name := range []string{"a", "b", "c"} {
		e.create(e.spec(name, domain.RunStrategyHalted))
	}
	for selector, want := range map[string][]string{
		"metadata.name=b":                            {"b"},
		"metadata.name==b":                           {"b"},
		"metadata.name!=b":                           {"a", "c"},
		"metadata.name=d":                            {},
		"metadata.namespace=" + e.ns:                 {"a", "b", "c"},
		"metadata.namespace!=" + e.ns:                {},
		"metadata.name=a,metadata.namespace=" + e.ns: {"a"},
	} {
		page, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{FieldSelector: selector})
		if !e.code("field selector "+selector, err, "") {
			continue
		}
		keys := []string{}
		for _, name := range want {
			keys = append(keys, e.ns+"/"+name)
		}
		e.same("VMs of field selector "+selector, keys, listKeys(page.Items))
	}
	for _, selector := range []string{
		"status.printableStatus=Stopped", "status.phase=Running", "spec.runStrategy=Halted", "metadata.uid=a",
		"metadata.labels=a", "name=a", "metadata.name", "metadata.name in (a)", "=a", "metadata.name=a,status.phase=Running",
	} {
		_, err := e.Provider.ListVMs(e.ctx, e.cluster, e.ns, provider.ListOptions{FieldSelector: selector})
		e.code("field selector "+selector, err, domain.CodeInvalidSelector)
	}
}

func checkTotal(e *env) {
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		half := "first"
		if name > "b" {
			half = "second"
		}
		e.create(e.labeled(name, map[string]string{"half": half}))
	}
	for what, c := range map[string]struct {
		opts provider.ListOptions
		want int64
	}{
		"the whole list":         {provider.ListOptions{}, 5},
		"a list in pages":        {provider.ListOptions{Limit: 2}, 5},
		"a list in pages of one": {provider.ListOptions{Limit: 1}, 5},
		"a selection":            {provider.ListOptions{LabelSelector: "half=second"}, 3},
		"a selection in pages":   {provider.ListOptions{LabelSelector: "half=second", Limit: 2}, 3},
		"nothing of it":          {provider.ListOptions{LabelSelector: "half=third"}, 0},
		"a name":                 {provider.ListOptions{FieldSelector: "metadata.name=c"}, 1},
		"all but one in pages":   {provider.ListOptions{FieldSelector: "metadata.name!=c", Limit: 3}, 4},
	} {
		pages := e.walkPages(e.ns, c.opts, nil)
		e.same("VMs of "+what, int(c.want), len(itemsOf(pages)))
		for n, page := range pages {
			if page.Total != nil && *page.Total != c.want {
				e.Errorf("%s: the total of page %d, which has %d VMs, is %d, want %d or none", what, n, len(page.Items), *page.Total, c.want)
			}
		}
	}
}

func checkNamespaces(e *env) {
	second := e.namespace("-b")
	const mark = "suite"
	for _, namespace := range []string{e.ns, second} {
		_, err := e.Provider.CreateVM(e.ctx, e.cluster, namespace, e.labeled("vm", map[string]string{mark: e.ns}), provider.CreateOptions{})
		e.must("create in "+namespace, err)
	}
	opts := provider.ListOptions{LabelSelector: mark + "=" + e.ns}
	all := listKeys(itemsOf(e.walkPages(provider.AllNamespaces, opts, nil)))
	slices.Sort(all) // the order is another contract
	want := []string{second + "/vm", e.ns + "/vm"}
	slices.Sort(want)
	e.same("VMs of all namespaces", want, all)
	e.same("VMs of one namespace", []string{e.ns + "/vm"}, listKeys(e.list(opts).Items))

	_, err := e.Provider.ListVMs(e.ctx, e.cluster, "", opts)
	e.code("a list of namespace \"\"", err, domain.CodeInvalidName)
	_, err = e.Provider.GetVM(e.ctx, e.cluster, provider.AllNamespaces, "vm")
	e.code("a get in AllNamespaces", err, domain.CodeInvalidName)
	page, err := e.Provider.ListVMs(e.ctx, e.cluster, "no-such-namespace", provider.ListOptions{})
	if e.code("a list of a missing namespace", err, "") {
		e.same("VMs of a missing namespace", 0, len(page.Items))
		e.same("token of a missing namespace", "", page.Continue)
	}
}
