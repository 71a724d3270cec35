package bodyserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// query is what a list or a watch asks for.
type query struct {
	resource Resource
	values   url.Values
}

func (q query) get(name string) string { return q.values.Get(name) }

func (q query) int(name string) int {
	n, _ := strconv.Atoi(q.get(name))
	return n
}

// ServeHTTP answers as the API server of a cluster.
func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for n := range resources {
		if r.URL.Path != "/apis/kubevirt.io/v1/"+resources[n].path {
			continue
		}
		q := query{Resource(n), r.URL.Query()}
		if watch := q.get("watch"); watch == "true" || watch == "1" {
			c.watch(w, r, q)
		} else {
			c.list(w, q)
		}
		return
	}
	if r.URL.Path == "/api/v1/namespaces/kube-system" {
		uid := hex([]byte("5c6cfb6e-1f4b-4d2f-8d15-"), uint64(c.number), 12)
		answer(w, http.StatusOK, json.RawMessage(fmt.Sprintf(
			`{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"kube-system","uid":%q,"resourceVersion":"4"}}`, uid)))
		return
	}
	if body, ok := discoverable[r.URL.Path]; ok {
		answer(w, http.StatusOK, body)
		return
	}
	refuse(w, http.StatusNotFound, "NotFound", "the server could not find the requested resource")
}

// discoverable is what a client that knows nothing asks first.
var discoverable = map[string]any{
	"/api": metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}},
	"/apis": metav1.APIGroupList{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{group},
	},
	"/apis/kubevirt.io": group,
	"/api/v1":           metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList"}, GroupVersion: "v1"},
	"/apis/kubevirt.io/v1": metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: "kubevirt.io/v1",
		APIResources: []metav1.APIResource{discovered(VMs), discovered(Instances)},
	},
}

var group = metav1.APIGroup{
	TypeMeta: metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}, Name: "kubevirt.io",
	Versions:         []metav1.GroupVersionForDiscovery{{GroupVersion: "kubevirt.io/v1", Version: "v1"}},
	PreferredVersion: metav1.GroupVersionForDiscovery{GroupVersion: "kubevirt.io/v1", Version: "v1"},
}

func discovered(r Resource) metav1.APIResource {
	return metav1.APIResource{
		Name: resources[r].path, SingularName: resources[r].singular, Kind: resources[r].kind, Namespaced: true,
		Verbs: metav1.Verbs{"get", "list", "watch"},
	}
}

func refuse(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	answer(w, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
		Code: int32(code), Reason: reason, Message: message,
	})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // who has gone needs no answer
}
