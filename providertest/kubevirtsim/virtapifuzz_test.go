package kubevirtsim

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzVirtAPI asks for anything below the API's path. Whatever that is, there is an answer, and the server lives.
func FuzzVirtAPI(f *testing.F) {
	for _, seed := range [][3]string{
		{"PUT", "namespaces/default/virtualmachines/vm/start", `{"paused":true}`},
		{"PUT", "namespaces/default/virtualmachines/vm/stop", `{"gracePeriod":-1}`},
		{"PUT", "namespaces/default/virtualmachines/vm/addvolume", plug("data", "claim", `"dryRun":[]`)},
		{"PUT", "namespaces/default/virtualmachines/vm/removevolume", "name: root"},
		{"PUT", "namespaces/default/expand-vm-spec", `{"spec":{"template":{"spec":{"domain":{"devices":{}}}},"instancetype":{"name":"x"}}}`},
		{"GET", "namespaces//virtualmachineinstances//guestosinfo", "---\n---"},
		{"GET", "version/", "null"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	sim, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(sim.Close)
	made := httptest.NewRecorder()
	body := `{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"vm"},"spec":{"runStrategy":"Manual",` +
		`"template":{"spec":{"domain":{"memory":{"guest":"1Gi"},"devices":{}}}}}}`
	sim.ServeHTTP(made, httptest.NewRequestWithContext(f.Context(), http.MethodPost, machinePath, strings.NewReader(body)))
	if made.Code != http.StatusCreated {
		f.Fatal(made.Body)
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r := &http.Request{Method: method, URL: &url.URL{Path: subresources + path}, Header: http.Header{"Content-Type": {"application/json"}},
			Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
		if body != "" {
			r.Body = httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/", strings.NewReader(body)).Body
		}
		answer := httptest.NewRecorder()
		sim.ServeHTTP(answer, r.WithContext(t.Context()))
		if answer.Code < 200 || answer.Code > 599 {
			t.Errorf("%s %s: %d", method, path, answer.Code)
		}
	})
}
