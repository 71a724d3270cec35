package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	discoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func discoveryServer(t *testing.T) *Server {
	s := newServer(t, func(r *Resource) {
		r.Subresources = map[string]Subresource{"scale": {Kind: "Scale", Group: "autoscaling", Version: "v1", Verbs: []string{"get"},
			Serve: func(w http.ResponseWriter, r *http.Request, namespace, name string) {
				if err := WriteObject(w, r, 200, map[string]string{"of": namespace + "/" + name}); err != nil {
					WriteError(w, r, err)
				}
			}}}
	})
	s.Extend(Extension{Group: "subresources.kubevirt.io", Version: "v1",
		Resources: []ExtensionResource{{Name: "virtualmachines/start", Kind: "VirtualMachine", Namespaced: true, Verbs: []string{"update"}}, {Name: "version", Verbs: []string{"get"}, Kind: "x"}},
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })})
	return s
}

func TestDiscovery(t *testing.T) {
	s := discoveryServer(t)
	read := func(path string, into any) {
		t.Helper()
		if err := json.Unmarshal(want(t, s, "GET", path, "", 200).body, into); err != nil {
			t.Fatal(err)
		}
	}
	var core metav1.APIVersions
	read("/api", &core)
	if diff := cmp.Diff([]string{"v1"}, core.Versions); diff != "" {
		t.Errorf("/api (-want +got):\n%s", diff)
	}
	var groups metav1.APIGroupList
	read("/apis", &groups)
	var names []string
	for _, g := range groups.Groups {
		names = append(names, g.PreferredVersion.GroupVersion)
	}
	if diff := cmp.Diff([]string{"kubevirt.io/v1", "subresources.kubevirt.io/v1"}, names); diff != "" {
		t.Errorf("/apis (-want +got):\n%s", diff)
	}
	var group metav1.APIGroup
	read("/apis/kubevirt.io/", &group)
	if len(group.Versions) != 2 || group.Name != "kubevirt.io" || group.Kind != "APIGroup" {
		t.Errorf("/apis/kubevirt.io: %+v", group)
	}
	var resources metav1.APIResourceList
	read("/apis/kubevirt.io/v1", &resources)
	wantResources := []metav1.APIResource{
		{Name: "virtualmachines", SingularName: "virtualmachine", Namespaced: true, Kind: "VirtualMachine", Verbs: allVerbs, ShortNames: []string{"vm", "vms"}, Categories: []string{"all"}, StorageVersionHash: "v2rohjOGqcY="},
		{Name: "virtualmachines/scale", Namespaced: true, Group: "autoscaling", Version: "v1", Kind: "Scale", Verbs: []string{"get"}},
		{Name: "virtualmachines/status", Namespaced: true, Kind: "VirtualMachine", Verbs: []string{"get", "patch", "update"}},
	}
	if diff := cmp.Diff(wantResources, resources.APIResources); diff != "" || resources.GroupVersion != "kubevirt.io/v1" {
		t.Errorf("/apis/kubevirt.io/v1 (-want +got):\n%s", diff)
	}
	var extension metav1.APIResourceList
	read("/apis/subresources.kubevirt.io/v1", &extension)
	if len(extension.APIResources) != 2 || extension.APIResources[0].Name != "virtualmachines/start" {
		t.Errorf("extension: %+v", extension)
	}
	want(t, s, "PUT", "/apis/subresources.kubevirt.io/v1/namespaces/ns/virtualmachines/a/start", "", 202)
	if a := want(t, s, "GET", vms+"/a/scale", "", 200); !strings.Contains(string(a.body), "ns/a") {
		t.Errorf("subresource: %s", a.body)
	}
	want(t, s, "PUT", vms+"/a/scale", "{}", 405)
}

func TestAggregatedDiscovery(t *testing.T) {
	s := discoveryServer(t)
	const accept = "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
	a := want(t, s, "GET", "/apis", "", 200, accept)
	if a.header.Get("Content-Type") != aggregatedType {
		t.Errorf("content type %s", a.header.Get("Content-Type"))
	}
	var list discoveryv2.APIGroupDiscoveryList
	if err := json.Unmarshal(a.body, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 2 || list.Items[0].Name != "kubevirt.io" || len(list.Items[0].Versions) != 2 {
		t.Fatalf("groups: %s", a.body)
	}
	r := list.Items[0].Versions[0].Resources[0]
	if r.Resource != "virtualmachines" || r.Scope != discoveryv2.ScopeNamespace || r.ResponseKind.Kind != "VirtualMachine" || len(r.Subresources) != 2 {
		t.Errorf("resource: %+v", r)
	}
	core := want(t, s, "GET", "/api", "", 200, accept)
	if !strings.Contains(string(core.body), `"resource":"namespaces"`) {
		t.Errorf("core: %s", core.body)
	}
	plain := want(t, s, "GET", "/apis", "", 200, "Accept: application/json, */*")
	if !strings.Contains(string(plain.body), `"kind":"APIGroupList"`) {
		t.Errorf("plain: %s", plain.body)
	}
}
