package providertest

import (
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The family CRUD: VMs are made, read, changed and deleted.
var crudChecks = []check{
	{
		id:  "CRUD-01",
		why: "create of a valid spec returns an object whose cluster, namespace and name equal the request, with a UID and a revision",
		run: func(e *env) {
			vm := e.create(e.spec("vm", domain.RunStrategyHalted))
			e.same("place", e.ref("vm"), domain.Ref{Cluster: vm.Cluster, Namespace: vm.Namespace, Name: vm.Name})
			e.holds(vm.UID != "", "no UID")
			e.holds(vm.Revision != "", "no revision")
		},
	},
	{
		id:  "CRUD-09",
		why: "get of an unknown name or in an unknown namespace is VM_NOT_FOUND, on an unknown cluster CLUSTER_NOT_FOUND",
		run: func(e *env) {
			_, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, "missing")
			e.code("unknown name", err, domain.CodeVMNotFound)
			_, err = e.Provider.GetVM(e.ctx, e.cluster, "no-such-namespace", "vm")
			e.code("unknown namespace", err, domain.CodeVMNotFound)
			_, err = e.Provider.GetVM(e.ctx, "no-such-cluster", e.ns, "vm")
			e.code("unknown cluster", err, domain.CodeClusterNotFound)
			own, ok := errors.AsType[*domain.Error](err)
			e.holds(ok && own.Params[domain.ParamCluster] == "no-such-cluster", "the error does not name the cluster: %v", err)
		},
	},
	{
		id:    "CRUD-14",
		why:   "update of a missing VM is VM_NOT_FOUND and creates nothing",
		needs: need(NeedUpdate),
		run: func(e *env) {
			_, _, err := e.update("missing", label("a", "1"))
			e.code("update", err, domain.CodeVMNotFound)
			e.same("VMs", 0, len(e.list(provider.ListOptions{}).Items))
		},
	},
}
