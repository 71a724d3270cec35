package providertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var crudReadChecks = []check{
	{
		id:  "CRUD-09",
		why: "get of an unknown name or in an unknown namespace is VM_NOT_FOUND, on an unknown cluster CLUSTER_NOT_FOUND",
		run: checkGetOfNothing,
	},
	{
		id:    "CRUD-10",
		why:   "a cluster, namespace or name that is empty or breaks DNS is INVALID_NAME for every verb, and nothing is sent",
		needs: need(NeedRequests),
		run:   checkNames,
	},
	{
		id:    "CRUD-11",
		why:   "two VMs of one name on two clusters are independent: writing one leaves the other's revision as it was",
		needs: need(NeedTwoClusters),
		run:   checkClustersAreApart,
	},
	{
		id:  "CRUD-12",
		why: "what is returned belongs to the caller: changing any part of it changes no later read",
		run: checkResultsAreCopies,
	},
	{
		id:  "CRUD-13",
		why: "arguments stay the caller's: they are not written to, and changing them after the call changes nothing stored",
		run: checkArgumentsAreCopied,
	},
}

func checkGetOfNothing(e *env) {
	e.create(e.spec("vm", domain.RunStrategyHalted))
	_, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, "missing")
	e.code("unknown name", err, domain.CodeVMNotFound)
	_, err = e.Provider.GetVM(e.ctx, e.cluster, "no-such-namespace", "vm")
	e.code("unknown namespace", err, domain.CodeVMNotFound)
	vm, err := e.Provider.GetVM(e.ctx, "no-such-cluster", e.ns, "vm")
	e.code("unknown cluster", err, domain.CodeClusterNotFound)
	e.holds(vm == nil, "a VM beside an error: %s", summary(vm))
	own, ok := errors.AsType[*domain.Error](err)
	e.holds(ok && own.Params[domain.ParamCluster] == "no-such-cluster", "the error does not name the cluster: %v", err)
}

// Names that are none. A VM that exists may have dots in its name and be longer than a label, a new one may not.
var (
	badLabels     = []string{"", "Team", "a_b", "a/b", "a.b", "-a", "a-", "a b", strings.Repeat("a", 64)}
	badSubdomains = []string{"", "VM", "a_b", "a/b", "a..b", ".", "-a", "a-", "a b", strings.Repeat("a", 254)}
)

func checkNames(e *env) {
	for method := range reflect.TypeFor[provider.Provider]().Methods() {
		if domain.KindOf(e.invoke(e.ctx, method, e.cluster, e.ns, "vm")) == domain.KindUnsupported {
			continue // the provider has no such verb
		}
		before := e.Requests()
		refused := func(what, bad, cluster, namespace, name string) {
			e.code(fmt.Sprintf("%s: %s %q", method.Name, what, bad), e.invoke(e.ctx, method, cluster, namespace, name), domain.CodeInvalidName)
		}
		for _, bad := range badLabels {
			refused("cluster", bad, bad, e.ns, "vm")
			refused("namespace", bad, e.cluster, bad, "vm")
		}
		taken, isNew := namesOf(method)
		switch {
		case isNew:
			for _, bad := range badLabels {
				refused("new name", bad, e.cluster, e.ns, bad)
			}
		case taken > 2:
			for _, bad := range badSubdomains {
				refused("name", bad, e.cluster, e.ns, bad)
			}
		}
		if method.Name != "ListVMs" && method.Name != "WatchVMs" {
			refused("namespace", provider.AllNamespaces, e.cluster, provider.AllNamespaces, "vm")
		}
		e.same("requests of "+method.Name+" with bad names", before, e.Requests())
	}
}

// namesOf counts the names that a method takes as such, and says whether it takes one in a spec.
func namesOf(method reflect.Method) (names int, isNew bool) {
	for in := range method.Type.Ins() {
		switch {
		case in.Kind() == reflect.String:
			names++
		case in == reflect.TypeFor[domain.VMSpec]():
			isNew = true
		}
	}
	return names, isNew
}

// invoke calls a method of the provider, whichever it is, with these names where it takes some and nothing else of note.
// A verdict counts as the error that it foretells: to a validation the name is a part of the question.
func (e *env) invoke(ctx context.Context, method reflect.Method, names ...string) error {
	var in []reflect.Value
	for arg := range method.Type.Ins() {
		switch {
		case len(in) == 0:
			in = append(in, reflect.ValueOf(ctx))
		case arg.Kind() == reflect.String:
			in = append(in, reflect.ValueOf(names[len(in)-1]))
		case arg == reflect.TypeFor[domain.VMSpec]():
			spec := e.spec("vm", domain.RunStrategyHalted)
			spec.Name = names[2]
			in = append(in, reflect.ValueOf(spec))
		default:
			in = append(in, reflect.Zero(arg))
		}
	}
	out := reflect.ValueOf(e.Provider).MethodByName(method.Name).Call(in)
	if verdict, ok := out[0].Interface().(domain.Validation); ok && verdict.Code != "" {
		return domain.E(verdict.Code, nil, nil)
	}
	if stream, ok := out[0].Interface().(events); ok {
		return firstError(stream)
	}
	err, _ := out[len(out)-1].Interface().(error)
	return err
}

// events are the values of a stream.
type events = iter.Seq2[domain.Event[*domain.VM], error]

// firstError is the error that a stream begins with; nil when it begins.
func firstError(stream events) error {
	for _, err := range stream {
		return err
	}
	return nil
}

func checkClustersAreApart(e *env) {
	here, there := e.cluster, e.other
	on := func(cluster string, do func()) {
		e.cluster = cluster
		defer func() { e.cluster = here }()
		do()
	}
	mine := e.halted("vm")
	var theirs *domain.VM
	on(there, func() { theirs = e.halted("vm") })
	e.holds(mine.UID != theirs.UID, "both have UID %s", mine.UID)
	apart := func(after string) {
		on(there, func() {
			e.unchanged("on the other cluster after "+after, theirs)
			if page := e.list(provider.ListOptions{}); e.same("VMs of the other cluster after "+after, 1, len(page.Items)) {
				e.same("UID in its list", theirs.UID, page.Items[0].UID)
				e.same("cluster in its list", there, page.Items[0].Cluster)
			}
		})
	}
	apart("both were made")
	if e.has(NeedUpdate) {
		_, _, err := e.update("vm", label("a", "1"))
		e.must("update", err)
		apart("an update")
	}
	if e.has(NeedPower) {
		e.must("start", e.start("vm"))
		e.settles("vm", domain.StatusRunning)
		apart("a start")
	}
	e.must("delete", e.remove("vm"))
	e.gone("vm")
	apart("a delete")
	e.stores("of the first cluster in the end")
}
