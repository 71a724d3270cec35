package providertest

import (
	"maps"
	"slices"
	"strconv"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func checkUnsupported(e *env) {
	if _, missing := e.h.Missing[NeedReboot]; !missing {
		e.dryRunOfReboot()
	}
	for n, need := range slices.Sorted(maps.Keys(e.h.Missing)) {
		if refusal, ok := refusals[need]; ok {
			e.ns = e.namespace("-" + strconv.Itoa(n)) // each begins with none of its VMs there
			refusal(e)
		}
	}
}

// dryRunOfReboot asks for what no provider has: KubeVirt ignores the wish and reboots the guest (pkg/virt-api/rest, the
// handlers of softreboot and reset take no options), so that a provider must refuse before it sends anything.
func (e *env) dryRunOfReboot() {
	e.runs(e.spec("vm", domain.RunStrategyAlways))
	before := e.list(provider.ListOptions{}).Items
	e.unsupported(provider.OpSoftRebootVM, e.Provider.SoftRebootVM(e.ctx, e.cluster, e.ns, "vm", provider.SoftRebootOptions{DryRun: true}))
	e.unsupported(provider.OpResetVM, e.Provider.ResetVM(e.ctx, e.cluster, e.ns, "vm", provider.ResetOptions{DryRun: true}))
	e.quiet("vm")
	e.sameVMs("VMs after the dry runs", before, e.list(provider.ListOptions{}).Items)
}
