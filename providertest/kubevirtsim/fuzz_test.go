package kubevirtsim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FuzzPathPattern: whatever is written in a fault, it matches or does not, and a path matches itself.
func FuzzPathPattern(f *testing.F) {
	for _, seed := range [][2]string{{"/apis/**", "/apis/kubevirt.io/v1"}, {"/a/*/c", "/a/b/c"}, {"**", ""}, {"", "/"}, {"/[", "/["}, {"/a/**", "/a"}, {`/\*`, "/*"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		got := pathMatches(pattern, name)
		if !strings.ContainsAny(pattern, `*?[\`) && got != (pattern == name) {
			t.Errorf("%q is for %q: %t", pattern, name, got)
		}
		if whole, err := path.Match(pattern, name); err == nil && whole && !strings.Contains(pattern, "/**") && !strings.HasPrefix(pattern, "**") && !got &&
			strings.Count(pattern, "/") == strings.Count(name, "/") && !strings.ContainsAny(pattern, `[\`) {
			t.Errorf("path.Match says that %q is for %q", pattern, name)
		}
		if prefix, ok := strings.CutSuffix(pattern, "/**"); ok && pathMatches(prefix, name) && !got {
			t.Errorf("%q is for %q, and with /** it is not", prefix, name)
		}
	})
}

// FuzzFaultyWriter: whatever passes and however it is cut, what a client reads of a truncated answer is how it begins.
func FuzzFaultyWriter(f *testing.F) {
	f.Add("one\ntwo\nthree\n", 2, 1, 4, true)
	f.Add("body", AtBody, 0, 1, false)
	f.Add("", 0, 9, 0, false)
	f.Fuzz(func(t *testing.T, body string, after, into, piece int, watch bool) {
		next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			size := max(piece, 1)
			for rest := body; rest != ""; rest = rest[min(size, len(rest)):] {
				_, _ = w.Write([]byte(rest[:min(size, len(rest))]))
			}
		})
		l := newFaultLayer(next, 0, nil)
		l.set([]Fault{{Do: Truncate, After: after, Into: into}})
		target := "/"
		if watch {
			target = "/?watch=true"
		}
		w := httptest.NewRecorder()
		l.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
		want := ""
		if after != AtBody {
			want = expectedPart(body, max(after, 0), max(into, 0), watch)
		}
		if got := w.Body.String(); got != want {
			t.Errorf("%d and %d of %q pass: %q, want %q", after, into, body, got, want)
		}
	})
}

// expectedPart says in another way what is to pass.
func expectedPart(body string, after, into int, watch bool) string {
	if watch {
		units := strings.SplitAfter(body, "\n")
		if last := len(units) - 1; last < after {
			return body
		}
		after = len(strings.Join(units[:after], ""))
	}
	return body[:min(len(body), min(after, len(body))+min(into, len(body)))]
}

// FuzzRequest: any request to a server that has all kinds of objects gets an answer that is valid HTTP, and a Status where
// it is refused as JSON.
func FuzzRequest(f *testing.F) {
	vm := fmt.Sprintf(haltedVM, "new")
	for _, seed := range []struct{ method, target, contentType, body string }{
		{http.MethodGet, machinePath, "", ""},
		{http.MethodGet, machinePath + "?limit=1&continue=x", "", ""},
		{http.MethodGet, machinePath + "?watch=true&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=1", "", ""},
		{http.MethodGet, machinePath + "?labelSelector=a%3Db&fieldSelector=metadata.name%3Dvm", "", ""},
		{http.MethodPost, machinePath, typeJSON, vm},
		{http.MethodPost, machinePath + "?dryRun=All&fieldValidation=Strict", typeJSON, vm},
		{http.MethodPut, machinePath + "/vm", typeJSON, vm},
		{http.MethodPatch, machinePath + "/vm", "application/merge-patch+json", `{"spec":{"runStrategy":"Always"}}`},
		{http.MethodPatch, machinePath + "/vm", "application/json-patch+json", `[{"op":"add","path":"/metadata/labels/x","value":"y"}]`},
		{http.MethodPatch, machinePath + "/vm?fieldManager=x&force=true", "application/apply-patch+yaml", vm},
		{http.MethodDelete, machinePath + "/vm", typeJSON, `{"preconditions":{"uid":"x"}}`},
		{http.MethodDelete, machinePath, "", ""},
		{http.MethodPut, subresources + "namespaces/default/virtualmachines/vm/start", typeJSON, `{"paused":true}`},
		{http.MethodPut, subresources + "namespaces/default/virtualmachines/vm/addvolume", typeJSON, `{"name":"x","disk":{},"volumeSource":{"dataVolume":{"name":"x"}}}`},
		{http.MethodPut, subresources + "namespaces/default/virtualmachines/vm/expand-spec", typeJSON, vm},
		{http.MethodGet, subresources + "namespaces/default/virtualmachineinstances/vm/guestosinfo", "", ""},
		{http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", typeJSON, `{"spec":{"resourceAttributes":{"verb":"get"}}}`},
		{http.MethodPost, "/apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes", typeJSON, `{"metadata":{"name":"x"},"spec":{"cpu":{"guest":1}}}`},
		{http.MethodGet, "/openapi/v3/apis/kubevirt.io/v1", "", ""},
		{http.MethodGet, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "", ""},
		{http.MethodGet, "/readyz?verbose", "", ""},
	} {
		f.Add(seed.method, seed.target, seed.contentType, seed.body)
	}
	timing := Timing{Observe: -1, Schedule: -1, Boot: -1, Agent: -1, Shutdown: -1}
	sim := start(f, Options{Timing: timing, History: 100})
	furnishFuzz(f, sim)
	f.Fuzz(func(t *testing.T, method, target, contentType, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || method == "" || strings.ContainsAny(method, " \t\r\n/()<>@,;:\\\"[]?={}") {
			return // no server sees such a thing
		}
		r, err := http.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader(body))
		if err != nil {
			return
		}
		query := r.URL.Query()
		if isWatch(r) {
			query.Set("timeoutSeconds", "1")
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			defer cancel()
			r = r.WithContext(ctx)
		}
		r.URL.RawQuery = query.Encode()
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, r)
		checkAnswer(t, w)
	})
}

// furnishFuzz makes objects for requests to be about, whatever was deleted before.
func furnishFuzz(tb testing.TB, sim *Server) {
	tb.Helper()
	for _, object := range []string{
		strings.Replace(strings.Replace(fmt.Sprintf(haltedVM, "vm"), `"name":"vm"`, `"namespace":"default","name":"vm"`, 1), halted, always, 1),
		`{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachineClusterInstancetype","metadata":{"name":"small"},"spec":{"cpu":{"guest":1},"memory":{"guest":"1Gi"}}}`,
		`{"apiVersion":"instancetype.kubevirt.io/v1beta1","kind":"VirtualMachinePreference","metadata":{"namespace":"default","name":"any"},"spec":{}}`,
	} {
		if err := sim.Inject([]byte(object)); err != nil {
			tb.Fatal(err)
		}
	}
}

func checkAnswer(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code < 200 || w.Code > 599 {
		t.Fatalf("code %d", w.Code)
	}
	if w.Code < 400 || w.Body.Len() == 0 || !strings.HasPrefix(w.Header().Get("Content-Type"), typeJSON) {
		return
	}
	status := metav1.Status{}
	if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil || status.Kind == "Status" && int(status.Code) != w.Code {
		t.Errorf("%d %s: %v", w.Code, w.Body, err)
	}
}
