package providertest

import (
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The whole truth: lists of which a part cannot be had, and those that are broken off.
var wholeChecks = []check{
	{
		id: "LIST-11",
		why: "a list over clusters of which one fails has the VMs of the others and one error for it, and never looks " +
			"like a success",
		needs: all(need(NeedTwoClusters), faults(FaultUnreachable)),
		run:   checkListAll,
	},
	{
		id:    "LIST-12",
		why:   "a VM whose instance could not be read is marked so, and not silently without node and address",
		needs: knobs(Knobs{InstanceUnreadable: true}),
		run:   checkUnreadInstance,
	},
	{
		id:    "LIST-13",
		why:   "a VM that cannot be read into the domain is an item error INCOMPATIBLE_SCHEMA, and hides no other",
		needs: knobs(Knobs{Unmappable: true}),
		run:   checkUnmappable,
	},
	{
		id:    "LIST-14",
		why:   "a walk over VMs that is broken off asks the back end no more and leaves no goroutine",
		needs: need(NeedRequests),
		run:   checkBreak,
	},
}

func checkListAll(e *env) {
	clusters := []string{e.cluster, e.other}
	at := map[string][]string{}
	for _, cluster := range clusters {
		for _, name := range []string{"a", "b"} {
			_, err := e.Provider.CreateVM(e.ctx, cluster, e.ns, e.spec(name, domain.RunStrategyHalted), provider.CreateOptions{})
			e.must("create on "+cluster, err)
			at[cluster] = append(at[cluster], cluster+"/"+name)
		}
	}
	items, failed := e.walkFleet(clusters, 1)
	e.same("VMs of the fleet", 4, len(items))
	e.same("clusters that fail", 0, len(failed))
	for n, down := range clusters {
		up := clusters[1-n]
		for _, limit := range []int{0, 1} {
			e.failing(Fault{Kind: FaultUnreachable, Cluster: down}, func() {
				items, failed := e.walkFleet(clusters, limit)
				e.same("VMs while "+down+" fails", at[up], items)
				e.same("clusters that fail", map[string]domain.Code{down: domain.CodeClusterUnreachable}, failed)
			})
		}
	}
}

// walkFleet reads all pages over clusters: the VMs as cluster/name, and what each cluster failed with, which is told once.
func (e *env) walkFleet(clusters []string, limit int) (items []string, failed map[string]domain.Code) {
	const enough = 20
	failed = map[string]domain.Code{}
	opts := provider.ListOptions{Limit: limit}
	for range enough {
		page, err := provider.ListAll(e.ctx, e.Provider, clusters, e.ns, opts)
		e.must("list all clusters", err)
		for _, vm := range page.Items {
			items = append(items, vm.Cluster+"/"+vm.Name)
		}
		for _, failure := range page.ClusterErrors {
			_, twice := failed[failure.Cluster]
			e.holds(!twice, "the error of %s is told twice", failure.Cluster)
			failed[failure.Cluster] = domain.CodeOf(failure)
		}
		if opts.Continue = page.Continue; opts.Continue == "" {
			return items, failed
		}
	}
	e.Fatalf("the listing over clusters does not end")
	return nil, nil
}

func checkUnreadInstance(e *env) {
	e.running("bright")
	e.put(e.spec("dark", domain.RunStrategyAlways), Knobs{InstanceUnreadable: true})
	listed := func() map[string]*domain.VM {
		vms := map[string]*domain.VM{}
		for _, vm := range e.list(provider.ListOptions{}).Items {
			vms[vm.Name] = vm
		}
		return vms
	}
	// It cannot be told from outside when its instance is there.
	e.eventually("dark is listed and marked", func() bool {
		dark := listed()["dark"]
		return dark != nil && dark.Read.InstanceUnread
	})
	vms := listed()
	if bright := vms["bright"]; e.holds(bright != nil, "bright is not listed") {
		// A back end may read the instances of a page together, and none of them then.
		e.holds(bright.Read.InstanceUnread || bright.Instance == domain.InstanceLive,
			"bright has no instance and is not marked: it is %s", summary(bright))
	}
	if dark := vms["dark"]; e.holds(dark != nil, "dark is not listed any more") {
		e.holds(dark.Read.InstanceUnread, "dark is not marked any more: it is %s", summary(dark))
	}
}

func checkUnmappable(e *env) {
	e.halted("a")
	e.put(e.spec("b", domain.RunStrategyHalted), Knobs{Unmappable: true})
	e.halted("c")
	want := []string{e.ns + "/a", e.ns + "/c"}
	for _, limit := range []int{0, 1} {
		pages := e.walkPages(e.ns, provider.ListOptions{Limit: limit}, nil)
		e.same("VMs that can be read", want, listKeys(itemsOf(pages)))
		var bad []*domain.ItemError
		for _, page := range pages {
			bad = append(bad, page.ItemErrors...)
		}
		e.unmappable("item errors of the pages", bad)
	}

	var good []*domain.VM
	var bad []*domain.ItemError
	for vm, err := range provider.VMs(e.ctx, e.Provider, e.cluster, e.ns, provider.ListOptions{}) {
		item, ok := errors.AsType[*domain.ItemError](err)
		switch {
		case err == nil:
			good = append(good, vm)
		case ok:
			bad = append(bad, item)
		default:
			e.Fatalf("walk: %v", err)
		}
	}
	e.same("VMs of the walk", want, listKeys(good))
	e.unmappable("item errors of the walk", bad)
}

// unmappable finds fault with item errors that are not the one of b.
func (e *env) unmappable(what string, bad []*domain.ItemError) {
	if !e.same(what, 1, len(bad)) {
		return
	}
	ref := bad[0].Ref
	ref.UID = ""
	e.same(what+": whose", e.ref("b"), ref)
	e.code(what, bad[0], domain.CodeIncompatibleSchema)
}

func checkBreak(e *env) {
	for _, name := range []string{"a", "b", "c", "d"} {
		e.create(e.spec(name, domain.RunStrategyHalted))
	}
	onePage := provider.ListOptions{Limit: 1}
	before := e.Requests()
	e.list(onePage)
	price := sent(e.Requests()) - sent(before)
	e.holds(price > 0, "a list costs no request: nothing can be told")

	walk := func() {
		for _, err := range provider.VMs(e.ctx, e.Provider, e.cluster, e.ns, onePage) {
			e.must("walk", err)
			break
		}
	}
	before = e.Requests()
	walk()
	e.sleep(20 * e.h.interval()) // for what goes on behind it
	cost := sent(e.Requests()) - sent(before)
	e.holds(cost < 2*price, "a walk that was broken off on its first page cost %d requests, one page costs %d", cost, price)

	// Connections have goroutines of their own, but not one for each walk.
	const walks, few = 16, 8
	mark := newBrand()
	mark.on(e.ctx, func() {
		for range walks {
			walk()
		}
	})
	e.leavesAtMost(few, mark, "16 walks that were broken off")
}

// sent is the number of requests of both kinds.
func sent(r Requests) int { return r.Reads + r.Writes }
