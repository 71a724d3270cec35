package rest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

func (a answer) list(t testing.TB) *kubevirtv1.VirtualMachineList {
	t.Helper()
	list := &kubevirtv1.VirtualMachineList{}
	if err := json.Unmarshal(a.body, list); err != nil || list.Kind != "VirtualMachineList" {
		t.Fatalf("no list: %v %s", err, a.body)
	}
	for _, item := range list.Items {
		if item.Kind != "VirtualMachine" || item.APIVersion != list.APIVersion {
			t.Errorf("an item is a %s of %s", item.Kind, item.APIVersion)
		}
	}
	return list
}

func namesIn(list *kubevirtv1.VirtualMachineList) string {
	var names []string
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	return strings.Join(names, " ")
}

func list(t testing.TB, s *Server, query string) *kubevirtv1.VirtualMachineList {
	t.Helper()
	return want(t, s, "GET", vms+query, "", 200).list(t)
}

func TestPages(t *testing.T) {
	s := newServer(t, nil)
	createVMs(t, s, "c", "a", "e", "b", "d")
	first := list(t, s, "?limit=2")
	if namesIn(first) != "a b" || first.RemainingItemCount == nil || *first.RemainingItemCount != 3 || first.ResourceVersion != "107" {
		t.Errorf("first page: %q %+v", namesIn(first), first.ListMeta)
	}
	raw, err := base64.RawURLEncoding.DecodeString(first.Continue)
	if want := `{"v":"meta.k8s.io/v1","rv":107,"start":"b\u0000"}`; err != nil || string(raw) != want {
		t.Errorf("token %s %v, want %s", raw, err, want)
	}
	// What is written meanwhile does not show.
	createVMs(t, s, "bb")
	want(t, s, "DELETE", vms+"/d", "", 200)
	second := list(t, s, "?limit=2&continue="+first.Continue)
	if namesIn(second) != "c d" || *second.RemainingItemCount != 1 || second.ResourceVersion != "107" {
		t.Errorf("second page: %q %+v", namesIn(second), second.ListMeta)
	}
	third := list(t, s, "?limit=2&continue="+second.Continue)
	if namesIn(third) != "e" || third.RemainingItemCount != nil || third.Continue != "" {
		t.Errorf("third page: %q %+v", namesIn(third), third.ListMeta)
	}
	if got := list(t, s, "?limit=2&resourceVersion=0"); namesIn(got) != "a b bb c e" || got.Continue != "" {
		t.Errorf("limit with revision 0: %q, want all of them, from the cache", namesIn(got))
	}
	if got := list(t, s, "?resourceVersion=107&resourceVersionMatch=Exact"); namesIn(got) != "a b c d e" || got.ResourceVersion != "107" {
		t.Errorf("exactly 107: %q %s", namesIn(got), got.ResourceVersion)
	}
	if got := list(t, s, "?resourceVersion=107&limit=3"); namesIn(got) != "a b c" || got.ResourceVersion != "107" {
		t.Errorf("107 with a limit, which is exact: %q %s", namesIn(got), got.ResourceVersion)
	}
	if got := list(t, s, "?resourceVersion=107&resourceVersionMatch=NotOlderThan"); got.ResourceVersion != "109" {
		t.Errorf("not older than 107: %s", got.ResourceVersion)
	}
}

func TestSelectors(t *testing.T) {
	s := newServer(t, nil)
	for i, name := range []string{"a", "b", "c", "d"} {
		want(t, s, "POST", vms, vmBody(name, fmt.Sprintf(`"labels":{"n":"%d","odd":"%t"}`, i, i%2 == 1)), 201)
	}
	want(t, s, "POST", strings.Replace(vms, "/ns/", "/other/", 1), vmBody("a"), 201)
	for query, names := range map[string]string{
		"labelSelector=odd%3Dtrue":                         "b d",
		"labelSelector=n+in+(0,3),odd":                     "a d",
		"labelSelector=!odd":                               "",
		"fieldSelector=metadata.name%3Db":                  "b",
		"fieldSelector=metadata.name!%3Db":                 "a c d",
		"fieldSelector=metadata.namespace%3Dother":         "",
		"fieldSelector=metadata.name%3Db&labelSelector=!n": "",
	} {
		if got := namesIn(list(t, s, "?"+query)); got != names {
			t.Errorf("%s: %q, want %q", query, got, names)
		}
	}
	p := list(t, s, "?limit=1&labelSelector=odd%3Dtrue")
	if namesIn(p) != "b" || p.RemainingItemCount != nil || p.Continue == "" {
		t.Errorf("page of a selection: %q %+v, want no count", namesIn(p), p.ListMeta)
	}
	if got := namesIn(list(t, s, "?limit=1&labelSelector=odd%3Dtrue&continue="+p.Continue)); got != "d" {
		t.Errorf("second page of a selection: %q", got)
	}
	all := want(t, s, "GET", "/apis/kubevirt.io/v1/virtualmachines", "", 200).list(t)
	if len(all.Items) != 5 || all.Items[4].Namespace != "other" {
		t.Errorf("across namespaces: %d items", len(all.Items))
	}
	page := want(t, s, "GET", "/apis/kubevirt.io/v1/virtualmachines?limit=4", "", 200).list(t)
	rest := want(t, s, "GET", "/apis/kubevirt.io/v1/virtualmachines?continue="+page.Continue, "", 200).list(t)
	if namesIn(rest) != "a" || rest.Items[0].Namespace != "other" {
		t.Errorf("rest across namespaces: %q", namesIn(rest))
	}
}

func TestExpiredLists(t *testing.T) {
	s := newServer(t, nil)
	createVMs(t, s, "a", "b", "c", "d")
	p := list(t, s, "?limit=2")
	createVMs(t, s, "bb")
	s.Store().CompactLists()
	status := want(t, s, "GET", vms+"?limit=1&continue="+p.Continue, "", 410).status(t)
	if status.Reason != metav1.StatusReasonExpired || status.Message != textInconsistentContinue || status.Continue == "" {
		t.Errorf("expired token: %+v", status)
	}
	rest := list(t, s, "?limit=2&continue="+status.Continue)
	if namesIn(rest) != "bb c" || rest.ResourceVersion != "107" {
		t.Errorf("inconsistent rest: %q at %s", namesIn(rest), rest.ResourceVersion)
	}
	if got := namesIn(list(t, s, "?continue="+rest.Continue)); got != "d" {
		t.Errorf("rest of the rest: %q", got)
	}
	status = want(t, s, "GET", vms+"?resourceVersion=103&resourceVersionMatch=Exact", "", 410).status(t)
	if status.Reason != metav1.StatusReasonExpired || status.Message != "The resourceVersion for the provided list is too old." {
		t.Errorf("compacted revision: %+v", status)
	}
}

func TestEmptyList(t *testing.T) {
	s := newServer(t, nil)
	got := strings.TrimSpace(string(want(t, s, "GET", vms, "", 200).body))
	if diff := cmp.Diff(`{"apiVersion":"kubevirt.io/v1","items":[],"kind":"VirtualMachineList","metadata":{"resourceVersion":"102"}}`, got); diff != "" {
		t.Errorf("empty list (-want +got):\n%s", diff)
	}
}

func TestVersions(t *testing.T) {
	s := newServer(t, nil)
	createVMs(t, s, "a")
	old := strings.Replace(vms, "/v1/", "/v1alpha3/", 1)
	if got := want(t, s, "GET", old+"/a", "", 200).vm(t); got.APIVersion != "kubevirt.io/v1alpha3" {
		t.Errorf("read as %s", got.APIVersion)
	}
	if got := want(t, s, "GET", old, "", 200).list(t); got.APIVersion != "kubevirt.io/v1alpha3" || len(got.Items) != 1 {
		t.Errorf("listed as %s", got.APIVersion)
	}
	made := want(t, s, "POST", old, strings.Replace(vmBody("b"), "/v1", "/v1alpha3", 1), 201).vm(t)
	if made.APIVersion != "kubevirt.io/v1alpha3" || made.ManagedFields[0].APIVersion != "kubevirt.io/v1alpha3" {
		t.Errorf("created as %s, owned in %s", made.APIVersion, made.ManagedFields[0].APIVersion)
	}
	want(t, s, "PATCH", old+"/b?fieldManager=m&force=true", strings.Replace(vmBody("b"), "/v1", "/v1alpha3", 1), 200, applyType)
	if got := want(t, s, "GET", vms+"/b", "", 200).vm(t); got.APIVersion != "kubevirt.io/v1" {
		t.Errorf("read as %s", got.APIVersion)
	}
}

func TestForms(t *testing.T) {
	s := newServer(t, func(r *Resource) {
		r.Columns = []Column{{
			TableColumnDefinition: metav1.TableColumnDefinition{Name: "Strategy", Type: "string"},
			Value: func(u *unstructured.Unstructured) any {
				value, _, _ := unstructured.NestedString(u.Object, "spec", "runStrategy")
				return value
			},
		}}
	})
	createVMs(t, s, "a", "b")
	const partial = "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	got := want(t, s, "GET", vms, "", 200, partial).object(t)
	item := got["items"].([]any)[0].(map[string]any)
	if got["kind"] != "PartialObjectMetadataList" || got["apiVersion"] != "meta.k8s.io/v1" || item["kind"] != "PartialObjectMetadata" || item["spec"] != nil {
		t.Errorf("partial list: %v", got)
	}
	one := want(t, s, "GET", vms+"/a", "", 200, "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json").object(t)
	if one["kind"] != "PartialObjectMetadata" || one["spec"] != nil {
		t.Errorf("partial object: %v", one)
	}
	var table metav1.Table
	body := want(t, s, "GET", vms+"?limit=1", "", 200, "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json").body
	if err := json.Unmarshal(body, &table); err != nil || table.Kind != "Table" || len(table.Rows) != 1 || table.Continue == "" {
		t.Fatalf("table: %v %s", err, body)
	}
	if diff := cmp.Diff([]any{"a", "Halted", "0s"}, table.Rows[0].Cells); diff != "" || table.ColumnDefinitions[2].Name != "Age" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	yaml := want(t, s, "GET", vms+"/a", "", 200, "Accept: application/yaml")
	if !strings.Contains(string(yaml.body), "\nkind: VirtualMachine\n") || yaml.header.Get("Content-Type") != "application/yaml" {
		t.Errorf("YAML: %s", yaml.body)
	}
	if pretty := want(t, s, "GET", vms, "", 200, "User-Agent: curl/8"); !strings.Contains(string(pretty.body), "\n  \"items\": [\n") {
		t.Errorf("pretty: %s", pretty.body)
	}
	want(t, s, "GET", vms, "", 406, "Accept: application/json;as=Foo;g=meta.k8s.io;v=v1")
}

func FuzzToken(f *testing.F) {
	for _, seed := range []string{token{Revision: 103, Start: "a\x00"}.encode(), token{Revision: -1, Start: "../x"}.encode(), "", "garbage", "e30"} {
		f.Add(seed)
	}
	s := newServerOver(f, store.New(store.Options{}), Options{}, nil)
	createVMs(f, s, "a", "b", "c")
	f.Fuzz(func(t *testing.T, continueToken string) {
		a := do(s, "GET", vms+"?limit=1&continue="+url.QueryEscape(continueToken), "")
		switch a.code {
		case 200:
			for _, item := range a.list(t).Items {
				if item.Namespace != "ns" {
					t.Errorf("%q reads %s/%s", continueToken, item.Namespace, item.Name)
				}
			}
		case 400, 410, 504:
		default:
			t.Errorf("%q: %d %s", continueToken, a.code, a.body)
		}
	})
}
