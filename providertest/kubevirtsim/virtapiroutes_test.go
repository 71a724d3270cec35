package kubevirtsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestRouting(t *testing.T) {
	const (
		start    = "namespaces/default/virtualmachines/vm/start"
		info     = "namespaces/default/virtualmachineinstances/vm/guestosinfo"
		notFound = `404 "404: Page Not Found"`
	)
	cases := map[string]struct {
		why, method, path string
		headers           []string
		want              string
		allow             string
	}{
		"client-go":               {why: "what client-go sends", method: "PUT", path: start, headers: []string{"Accept", "application/json, */*"}, want: "202"},
		"no Accept":               {why: "anything goes", method: "PUT", path: start, want: "202"},
		"JSON only":               {why: "the route produces nothing that is JSON", method: "PUT", path: start, headers: []string{"Accept", "application/json"}, want: `406 "406: Not Acceptable\n\nAvailable representations: "`},
		"a range":                 {why: "ranges are not understood", method: "PUT", path: start, headers: []string{"Accept", "application/*"}, want: `406 "406: Not Acceptable\n\nAvailable representations: "`},
		"JSON of the agent":       {why: "the route says that it produces it", method: "GET", path: info, headers: []string{"Accept", "application/json"}, want: `500 "virtualmachineinstance.kubevirt.io \"vm\" not found"`},
		"YAML of the agent":       {why: "and nothing else", method: "GET", path: info, headers: []string{"Accept", "application/yaml"}, want: `406 "406: Not Acceptable\n\nAvailable representations: application/json"`},
		"body of another type":    {why: "a GET that is to be JSON", method: "GET", path: info, headers: []string{"Content-Type", "text/plain"}, want: `415 "415: Unsupported Media Type"`},
		"any body":                {why: "any type will do", method: "PUT", path: start, headers: []string{"Content-Type", "text/plain"}, want: "202"},
		"untyped body":            {why: "only a GET may leave out the type", method: "PUT", path: "namespaces/default/expand-vm-spec", want: `415 "415: Unsupported Media Type"`},
		"other method":            {why: "a known path", method: "POST", path: start, want: `405 "405: Method Not Allowed"`, allow: "PUT"},
		"unknown method":          {why: "virt-api cannot ask who may do that", method: "TRACE", path: start, want: `401 "unknown http verb in request: TRACE"`},
		"slash at the end":        {why: "it is the same path", method: "PUT", path: start + "/", want: "202"},
		"unknown subresource":     {why: "text, and no Status", method: "PUT", path: "namespaces/default/virtualmachines/vm/fly", want: notFound},
		"deeper":                  {why: "no route goes there", method: "PUT", path: start + "/now", want: notFound},
		"of the other resource":   {why: "VMs are not paused", method: "PUT", path: "namespaces/default/virtualmachines/vm/pause", want: notFound},
		"console":                 {why: "not served yet", method: "GET", path: "namespaces/default/virtualmachineinstances/vm/console", want: notFound},
		"unknown resource":        {why: "virt-api cannot ask who may do that", method: "PUT", path: "namespaces/default/pods/vm/start", want: `401 "unknown resource type pods"`},
		"no subresource":          {why: "nor here", method: "GET", path: "namespaces/default/virtualmachines/vm", want: `401 "unknown api endpoint: /apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachines/vm"`},
		"resource of a namespace": {why: "nor here", method: "GET", path: "namespaces/default/virtualmachines", want: `401 "unknown resource type virtualmachines"`},
		"unknown cluster path":    {why: "nor here", method: "GET", path: "fly", want: `401 "unknown api endpoint: /apis/subresources.kubevirt.io/v1/fly"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, version := range []string{"v1", "v1alpha3"} {
				inWorld(t, Options{}, func(w world) {
					w.create("Halted", Knobs{})
					got := w.do(c.method, "/apis/subresources.kubevirt.io/"+version+"/"+c.path, "", c.headers...)
					w.equal(c.why, "answer", strings.ReplaceAll(c.want, "/v1/", "/"+version+"/"), answer(got))
					w.equal(c.why, "Allow", c.allow, got.Header().Get("Allow"))
					w.equal("since 1.9", "X-Content-Type-Options", "nosniff", got.Header().Get("X-Content-Type-Options"))
				})
			}
		})
	}
}

func TestVirtAPIOfItself(t *testing.T) {
	inWorld(t, Options{Version: "1.8.2"}, func(w world) {
		info := map[string]any{}
		w.read(subresources+"version", &info)
		w.equal("what clients detect", "version", "v1.8.2", info["gitVersion"])
		w.read(subresources+"guestfs", &info)
		w.equal("the image's tag", "guestfs", "v1.8.2", info["tag"])
		w.read(subresources+"healthz", &info)
		w.equal("it is well", "healthz", "ok", info["apiserver"].(map[string]any)["connectivity"]) //nolint:forcetypeassert // fails as well as anything
		got := w.do(http.MethodGet, subresources+"version", "")
		w.equal("go-restful indents", "body", "{\n \"gitVersion\"", got.Body.String()[:15])
		w.equal("1.9 brought it", "X-Content-Type-Options", "", got.Header().Get("X-Content-Type-Options"))
	})
}

func TestVirtAPIDiscovery(t *testing.T) {
	for version, reset := range map[string]bool{"1.4.0": false, "1.5.0": true, "1.9.0": true} {
		inWorld(t, Options{Version: version}, func(w world) {
			list := metav1.APIResourceList{}
			w.read("/apis/subresources.kubevirt.io/v1", &list)
			w.equal("the version's list", "groupVersion", "subresources.kubevirt.io/v1", list.GroupVersion)
			var names []string
			for _, r := range list.APIResources {
				names = append(names, r.Name)
				if !r.Namespaced || r.Kind != "" || len(r.Verbs) > 0 {
					w.Errorf("virt-api tells names only: %+v", r)
				}
			}
			w.equal("1.5 brought it", version, reset, slices.Contains(names, "virtualmachineinstances/reset"))
			w.equal("listed", version, true, slices.Contains(names, "virtualmachines/start"))
			w.equal("served, and not listed", version, false, slices.Contains(names, "virtualmachines/addvolume"))
			w.equal("not served", version, false, slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "/console") }))
			groups := metav1.APIGroupList{}
			w.read("/apis", &groups)
			i := slices.IndexFunc(groups.Groups, func(g metav1.APIGroup) bool { return g.Name == subresourceGroup })
			if i < 0 || groups.Groups[i].PreferredVersion.Version != "v1" || len(groups.Groups[i].Versions) != 2 {
				w.Errorf("the group has two versions, the first one preferred: %+v", groups.Groups)
			}
		})
	}
}

// TestResourceList is about what the extension itself says at its root, where the API server hands that on.
func TestResourceList(t *testing.T) {
	inWorld(t, Options{}, func(w world) {
		a := &virtAPI{version: w.sim.version, sim: w.sim, api: w.sim.api}
		a.routes = a.served()
		group := &virtAPIVersion{virtAPI: a, prefix: "/apis/subresources.kubevirt.io/v1", groupVersion: "subresources.kubevirt.io/v1"}
		r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, group.prefix, http.NoBody)
		if err != nil {
			w.Fatal(err)
		}
		answer := &inMemory{header: http.Header{}, code: http.StatusOK}
		group.ServeHTTP(answer, r)
		list := metav1.APIResourceList{}
		if err := json.Unmarshal(answer.body.Bytes(), &list); err != nil {
			w.Fatal(err)
		}
		w.equal("in virt-api's order", "first", "expand-vm-spec", list.APIResources[0].Name)
		w.equal("verbs are null", "body", true, strings.Contains(answer.body.String(), `"verbs": null`))
	})
}
