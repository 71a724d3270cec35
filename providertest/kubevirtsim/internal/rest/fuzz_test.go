package rest

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// FuzzPatch sends any patch of any type. Nothing panics, what is refused changes nothing, and what is accepted is an
// object that can be read, listed and patched again.
func FuzzPatch(f *testing.F) {
	for kind, body := range []string{
		`[{"op":"add","path":"/metadata/labels","value":{"a":"b"}},{"op":"copy","from":"/spec","path":"/metadata/annotations"}]`,
		`{"metadata":{"labels":null,"finalizers":["a/b"],"ownerReferences":[{"uid":"x"}]},"spec":{"runStrategy":7,"template":[]}}`,
		vmBody("a", `"labels":{"x":"y"}`),
	} {
		f.Add(byte(kind), body)
		f.Add(byte(kind), `null`)
		f.Add(byte(kind), `{"metadata":[],"spec":"x","status":[1]}`)
		f.Add(byte(kind), `{"apiVersion":1,"kind":{},"metadata":{"managedFields":[{"fieldsV1":{"f:x":{"k:{\"a\":1}":{}}},"fieldsType":"FieldsV1","operation":"Apply"}]}}`)
		f.Add(byte(kind), `[{"op":"remove","path":"/metadata/managedFields/0/fieldsV1"},{"op":"add","path":"/spec/template/spec/volumes","value":[{"name":1},null,[]]}]`)
	}
	f.Fuzz(func(t *testing.T, kind byte, body string) {
		s := newServerOver(t, store.New(store.Options{}), Options{}, nil)
		createVMs(t, s, "a")
		header := []string{jsonType, mergeType, applyType}[int(kind)%3]
		for _, path := range []string{"/a", "/a/status", "/b"} {
			before := s.Store().Revision()
			a := do(s, "PATCH", vms+path+"?force=true&fieldManager=m", body, header)
			if header != applyType {
				a = do(s, "PATCH", vms+path, body, header)
			}
			if a.code >= 300 && s.Store().Revision() != before && header == applyType {
				t.Errorf("%d wrote something: %s", a.code, a.body)
			}
			if a.code < 300 && !json.Valid(a.body) {
				t.Errorf("%d with %s", a.code, a.body)
			}
			if a.code == 500 && header != applyType {
				t.Errorf("%s %s: %s", header, body, a.body)
			}
		}
		if got := do(s, "GET", vms, ""); got.code != 200 || !json.Valid(got.body) {
			t.Errorf("list: %d %s", got.code, got.body)
		}
		if got := do(s, "GET", vms+"/a", ""); got.code == 200 {
			if again := do(s, "PATCH", vms+"/a", `{"metadata":{"annotations":{"again":"1"}}}`, mergeType); again.code >= 500 {
				t.Errorf("patched again: %d %s", again.code, again.body)
			}
		}
	})
}

// FuzzBody posts and puts anything.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		vmBody("b"), vmBody("a"), `{}`, `null`, `[]`, `"x"`, `{"kind":"VirtualMachine","apiVersion":"kubevirt.io/v1","metadata":null}`,
		`{"kind":"VirtualMachine","apiVersion":"kubevirt.io/v1","metadata":{"name":"c","labels":{"a":1}}}`,
		`{"kind":"VirtualMachine","apiVersion":"kubevirt.io/v1","metadata":{"name":"c","creationTimestamp":"x"},"spec":[],"status":7}`,
		"kind: VirtualMachine\napiVersion: kubevirt.io/v1\nmetadata: {name: d, generateName: e}\nspec: !!binary x\n",
	} {
		f.Add(body, false)
		f.Add(body, true)
	}
	f.Fuzz(func(t *testing.T, body string, yaml bool) {
		s := newServerOver(t, store.New(store.Options{}), Options{}, nil)
		createVMs(t, s, "a")
		contentType := "Content-Type: application/json"
		if yaml {
			contentType = "Content-Type: application/yaml"
		}
		do(s, "POST", vms, body, contentType)
		do(s, "PUT", vms+"/a", body, contentType)
		do(s, "PUT", vms+"/a/status", body, contentType)
		do(s, "DELETE", vms+"/a?dryRun=All", body, contentType)
		if got := do(s, "GET", vms, ""); got.code != 200 || !json.Valid(got.body) {
			t.Errorf("list: %d %s", got.code, got.body)
		}
	})
}

// FuzzPath asks for anything.
func FuzzPath(f *testing.F) {
	for _, path := range []string{
		vms, vms + "/a", vms + "/a/status", vms + "?watch=true&resourceVersion=1", "/apis", "/api/v1/namespaces/ns/status", "/api/v1/watch/namespaces",
		vms + "?limit=-1&resourceVersion=18446744073709551616", vms + "?labelSelector=,,&fieldSelector==", "//", "/apis/kubevirt.io/v1/watch",
		vms + "?fieldSelector=metadata.name%3D..%2F&limit=9223372036854775807", "/apis/kubevirt.io/v1/namespaces/ns/virtualmachines/a/b/c/d",
	} {
		f.Add("GET", path, "application/json")
		f.Add("DELETE", path, "application/json;as=Table;g=meta.k8s.io;v=v1;q=x,*/*;q=0.1")
	}
	s := newServerOver(f, store.New(store.Options{}), Options{}, nil)
	createVMs(f, s, "a", "b")
	s.Close() // watches end at once
	f.Fuzz(func(t *testing.T, method, path, accept string) {
		u, err := url.Parse("http://server" + path)
		if err != nil || strings.ContainsAny(method, " \r\n\t") || method == "" {
			return
		}
		r := httptest.NewRequest("GET", "/", strings.NewReader(""))
		r.Method, r.URL = method, u
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code < 200 || w.Code > 504 {
			t.Errorf("%s %s: %d", method, path, w.Code)
		}
	})
}
