package providertest

import (
	"maps"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The family LIST: VMs in pages, selected, counted, and over many clusters.
var listChecks = slices.Concat(pageChecks, cursorChecks, selectChecks, wholeChecks)

// listKeys name VMs by what lists are ordered by.
func listKeys(vms []*domain.VM) []string {
	keys := []string{}
	for _, vm := range vms {
		keys = append(keys, vm.Namespace+"/"+vm.Name)
	}
	return keys
}

// walkPages reads a listing of the check's cluster to its end. between, if given, is called with the number of pages read
// before each further one.
func (e *env) walkPages(namespace string, opts provider.ListOptions, between func(pages int)) []*domain.VMList {
	const enough = 200 // far more pages than any check has VMs
	var pages []*domain.VMList
	for range enough {
		page, err := e.Provider.ListVMs(e.ctx, e.cluster, namespace, opts)
		e.must("list", err)
		if page == nil {
			e.Fatalf("list: neither a page nor an error")
		}
		pages = append(pages, page)
		if page.Continue == "" {
			return pages
		}
		opts.Continue = page.Continue
		if between != nil {
			between(len(pages))
		}
	}
	e.Fatalf("the listing does not end: %d pages, and another token", enough)
	return nil
}

// itemsOf are the VMs of all pages.
func itemsOf(pages []*domain.VMList) []*domain.VM {
	vms := []*domain.VM{}
	for _, page := range pages {
		vms = append(vms, page.Items...)
	}
	return vms
}

// labeled is a small VM that is off and has labels.
func (e *env) labeled(name string, labels map[string]string) domain.VMSpec {
	spec := e.spec(name, domain.RunStrategyHalted)
	merged := maps.Clone(spec.Labels)
	if merged == nil {
		merged = map[string]string{}
	}
	maps.Copy(merged, labels)
	spec.Labels = merged
	return spec
}
