package watcher

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func aVM(namespace, name, uid string, change func(*domain.VM)) *domain.VM {
	vm := &domain.VM{Cluster: "c", Namespace: namespace, Name: name, UID: uid, Revision: "1"}
	if change != nil {
		change(vm)
	}
	vm.Identity = domain.IdentityFromLabels("", vm.Labels)
	return vm
}

func labelled(system, service, instance string, more ...string) func(*domain.VM) {
	return func(vm *domain.VM) {
		vm.Labels = domain.Identity{System: system, Service: service, Instance: instance}.Labels("")
		for n := 0; n < len(more); n += 2 {
			vm.Labels[more[n]] = more[n+1]
		}
	}
}

func withNode(node string) func(*domain.VM) {
	return func(vm *domain.VM) { vm.Node, vm.InstanceRevision = node, "7" }
}

// fleetCache is a cache of a few VMs, one of which cannot be decoded. It is whole when live.
func fleetCache(t *testing.T, live bool) *VMCache {
	t.Helper()
	c := NewVMCache("c", VMCacheOptions{LabelIndexes: []string{"tier"}})
	var items []Item[VMRecord]
	for _, vm := range []*domain.VM{
		aVM("team", "a", "1", withNode("n1")),
		aVM("team", "b", "2", labelled("shop", "web", "b", "tier", "gold")),
		aVM("team", "c", "3", labelled("shop", "web", "c", "tier", "tin")),
		aVM("team-a", "x", "4", labelled("shop", "db", "x", "tier", "gold")),
		aVM("team-a", "y", "5", labelled("shopping", "web", "y")),
		aVM("zoo", "z", "6", withNode("n1")),
	} {
		items = append(items, ItemOf(RecordOf(vm)))
	}
	items = append(items, Item[VMRecord]{Key: "team/odd", UID: "7", Revision: "1", Err: domain.E(domain.CodeIncompatibleSchema, nil, errors.New("no spec"))})
	if err := c.Replace(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	if live {
		if err := c.SetState(t.Context(), State{Phase: domain.SyncLive, Synced: true, Seen: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func namesOf(vms []*domain.VM) []string {
	var names []string
	for _, vm := range vms {
		names = append(names, vm.Namespace+"/"+vm.Name)
	}
	return names
}

func TestGetVM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fleetCache(t, true)
		began := time.Now()
		time.Sleep(time.Second)
		want := aVM("team", "b", "2", labelled("shop", "web", "b", "tier", "gold"))
		want.Read = domain.Read{From: domain.ReadCache, At: began, Freshness: domain.CacheFresh}
		got, err := c.GetVM("team", "b")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("GetVM() = %v (-want +got):\n%s", err, diff)
		}
		got.Labels["tier"] = "changed" // it is the caller's
		got, err = c.GetVMByUID("2")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("GetVMByUID() = %v (-want +got):\n%s", err, diff)
		}
		if err := c.SetState(t.Context(), State{Phase: domain.SyncOpen, Synced: true, Seen: began}); err != nil {
			t.Fatal(err)
		}
		if got, _ := c.GetVM("team", "b"); got.Read.Freshness != domain.CacheStale || !got.Read.At.Equal(began) {
			t.Errorf("while the breaker is open: %+v, want STALE as it was", got.Read)
		}
	})
}

func TestVMCacheErrors(t *testing.T) {
	synced, unsynced := fleetCache(t, true), fleetCache(t, false)
	one := func(vm *domain.VM, err error) error { return err }
	many := func(vms []*domain.VM, err error) error { return err }
	list := func(vms *domain.VMList, err error) error { return err }
	cases := map[string]struct {
		why  string
		err  error
		code domain.Code
	}{
		"missing":                {"it was looked for", one(synced.GetVM("team", "q")), domain.CodeVMNotFound},
		"missing by UID":         {"it was looked for", one(synced.GetVMByUID("q")), domain.CodeVMNotFound},
		"undecodable":            {"it is there, and cannot be read", one(synced.GetVM("team", "odd")), domain.CodeIncompatibleSchema},
		"unsynced":               {"nothing is known yet", one(unsynced.GetVM("team", "a")), domain.CodeClusterSyncing},
		"unsynced and missing":   {"nothing is known yet", one(unsynced.GetVMByUID("q")), domain.CodeClusterSyncing},
		"unsynced list":          {"half a list is none", list(unsynced.ListVMs("*", "")), domain.CodeClusterSyncing},
		"unsynced node":          {"half a list is none", many(unsynced.ListVMsByNode("n1")), domain.CodeClusterSyncing},
		"unsynced identity":      {"half a list is none", many(unsynced.ListVMsByIdentity("shop", "", "")), domain.CodeClusterSyncing},
		"no namespace":           {"all are asked for by a star", list(synced.ListVMs("", "")), domain.CodeInvalidName},
		"bad selector":           {"", list(synced.ListVMs("*", "((")), domain.CodeInvalidSelector},
		"label without index":    {"a walk over all would look like an index", many(synced.ListVMsByLabel("colour", "red")), domain.CodeInvalidOption},
		"instance of no service": {"it would be silently another question", many(synced.ListVMsByIdentity("shop", "", "b")), domain.CodeInvalidOption},
	}
	for name, c := range cases {
		if got := domain.CodeOf(c.err); got != c.code {
			t.Errorf("%s: %s, want %s: %s", name, got, c.code, c.why)
		}
	}
	e, _ := errors.AsType[*domain.Error](cases["missing"].err)
	if diff := cmp.Diff(domain.Params{"cluster": "c", "namespace": "team", "name": "q"}, e.Params); diff != "" {
		t.Errorf("params (-want +got):\n%s", diff)
	}
}

func TestListVMs(t *testing.T) {
	c := fleetCache(t, true)
	for _, tc := range []struct {
		namespace, labels string
		want              []string
		undecodable       int
	}{
		{"*", "", []string{"team-a/x", "team-a/y", "team/a", "team/b", "team/c", "zoo/z"}, 1},
		{"team", "", []string{"team/a", "team/b", "team/c"}, 1},
		{"team-a", "", []string{"team-a/x", "team-a/y"}, 0},
		{"*", "tier=gold", []string{"team-a/x", "team/b"}, 1},
		{"team", "tier,tier!=gold", []string{"team/c"}, 1},
		{"none", "", nil, 0},
	} {
		list, err := c.ListVMs(tc.namespace, tc.labels)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, namesOf(list.Items)); diff != "" {
			t.Errorf("ListVMs(%q, %q) (-want +got):\n%s", tc.namespace, tc.labels, diff)
		}
		if len(list.ItemErrors) != tc.undecodable || *list.Total != int64(len(tc.want)) {
			t.Errorf("ListVMs(%q, %q): %d errors, total %d", tc.namespace, tc.labels, len(list.ItemErrors), *list.Total)
		}
		for _, e := range list.ItemErrors {
			if want := (domain.Ref{Cluster: "c", Namespace: "team", Name: "odd", UID: "7"}); e.Ref != want {
				t.Errorf("the error is of %+v, want %+v", e.Ref, want)
			}
		}
	}
	for vm, err := range c.VMs("*", "") { // and it may be left
		if err != nil || vm.Name != "x" {
			t.Errorf("VMs() begins with %v, %v", vm, err)
		}
		break
	}
}

func TestVMIndexes(t *testing.T) {
	c := fleetCache(t, true)
	check := func(what string, want ...string) func([]*domain.VM, error) {
		return func(vms []*domain.VM, err error) {
			t.Helper()
			if diff := cmp.Diff(want, namesOf(vms)); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
			}
		}
	}
	check("node", "team/a", "zoo/z")(c.ListVMsByNode("n1"))
	check("no node")(c.ListVMsByNode(""))
	check("system", "team-a/x", "team/b", "team/c")(c.ListVMsByIdentity("shop", "", ""))
	check("service", "team/b", "team/c")(c.ListVMsByIdentity("shop", "web", ""))
	check("instance", "team/c")(c.ListVMsByIdentity("shop", "web", "c"))
	check("no system")(c.ListVMsByIdentity("", "", ""))
	check("label", "team-a/x", "team/b")(c.ListVMsByLabel("tier", "gold"))
	moved := ItemOf(RecordOf(aVM("team", "a", "1", withNode("n2"))))
	moved.Revision = "2"
	if err := c.Apply(t.Context(), []Event[VMRecord]{{Type: domain.EventModified, Item: moved}}); err != nil {
		t.Fatal(err)
	}
	check("the node it left", "zoo/z")(c.ListVMsByNode("n1"))
	check("the node it came to", "team/a")(c.ListVMsByNode("n2"))
}

func TestRecordOf(t *testing.T) {
	vm := aVM("team", "a", "1", labelled("shop", "web", "a", "tier", "gold"))
	vm.Node, vm.InstanceRevision = "n1", "7"
	r := RecordOf(vm)
	want := vm.Clone()
	vm.Labels["tier"] = "changed" // the record is of its own
	if diff := cmp.Diff(want, r.VM()); diff != "" {
		t.Errorf("VM() (-want +got):\n%s", diff)
	}
	r.VM().Labels["tier"] = "changed"
	if tier, ok := r.Label("tier"); !ok || tier != "gold" {
		t.Errorf("Label() = %q, %t", tier, ok)
	}
	if _, ok := r.Label("none"); ok {
		t.Error("it has a label that it has not")
	}
	var labels []string
	for key, value := range r.Labels {
		if labels = append(labels, key+"="+value); len(labels) == 3 {
			break
		}
	}
	if !slices.IsSorted(labels) || len(labels) != 3 {
		t.Errorf("Labels() = %v", labels)
	}
	revision, instance := r.Revision()
	if r.Ref() != want.Ref() || r.Node() != "n1" || r.Identity() != want.Identity || revision != "1" || instance != "7" {
		t.Errorf("%+v on %s, %+v, %s, %s", r.Ref(), r.Node(), r.Identity(), revision, instance)
	}
	if got := ItemOf(r); got.Key != "team/a" || got.UID != "1" || got.Revision != "1/7" {
		t.Errorf("ItemOf() = %+v", got)
	}
	put := func(string, string) bool { return true }
	if n := testing.AllocsPerRun(100, func() { r.Labels(put); r.Label("tier") }); n != 0 {
		t.Errorf("reading labels allocates %v times", n)
	}
}

func ExampleVMCache() {
	cache := NewVMCache("east", VMCacheOptions{})
	_, err := cache.GetVM("team", "web-1")
	fmt.Println(domain.CodeOf(err))
	// Output: CLUSTER_SYNCING
}
