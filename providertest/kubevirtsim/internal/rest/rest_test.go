package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	kubevirtv1 "kubevirt.io/api/core/v1"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// vmSchema is read once: it is the larger part of a test server's start.
var (
	vmType   = kubevirtv1.VirtualMachine{}
	vmSchema = SchemaOf(vmType)
)

const vms = "/apis/kubevirt.io/v1/namespaces/ns/virtualmachines"

func vmResource() Resource {
	return Resource{
		Group: "kubevirt.io", Versions: []string{"v1", "v1alpha3"}, Kind: "VirtualMachine", Plural: "virtualmachines",
		ShortNames: []string{"vm", "vms"}, Categories: []string{"all"}, Namespaced: true, Status: true, Schema: vmSchema,
	}
}

// newServer serves VMs, and namespaces of which ns and other are there.
func newServer(t testing.TB, change func(*Resource)) *Server {
	t.Helper()
	return newServerOver(t, store.New(store.Options{}), Options{}, change)
}

func newServerOver(t testing.TB, st *store.Store, opts Options, change func(*Resource)) *Server {
	t.Helper()
	s := New(st, opts)
	vm := vmResource()
	if change != nil {
		change(&vm)
	}
	for _, r := range []Resource{vm, {Versions: []string{"v1"}, Kind: "Namespace", Plural: "namespaces", BuiltIn: true, Status: true, ShortNames: []string{"ns"}}} {
		if err := s.Register(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"ns", "other"} {
		want(t, s, "POST", "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"`+name+`"}}`, 201)
	}
	t.Cleanup(s.Close)
	return s
}

// answer is what the server said.
type answer struct {
	code   int
	header http.Header
	body   []byte
}

func (a answer) status(t testing.TB) metav1.Status {
	t.Helper()
	var s metav1.Status
	if err := json.Unmarshal(a.body, &s); err != nil || s.Kind != "Status" {
		t.Fatalf("no Status: %v %s", err, a.body)
	}
	return s
}

func (a answer) vm(t testing.TB) *kubevirtv1.VirtualMachine {
	t.Helper()
	vm := &kubevirtv1.VirtualMachine{}
	if err := json.Unmarshal(a.body, vm); err != nil {
		t.Fatalf("no VM: %v %s", err, a.body)
	}
	return vm
}

func (a answer) object(t testing.TB) map[string]any {
	t.Helper()
	object := map[string]any{}
	if err := json.Unmarshal(a.body, &object); err != nil {
		t.Fatalf("no object: %v %s", err, a.body)
	}
	return object
}

// do sends a request; headers are "Name: value".
func do(s http.Handler, method, path, body string, headers ...string) answer {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("User-Agent", "tester/1.0")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), bytes.Clone(w.Body.Bytes())}
}

// want is do with a code that is expected.
func want(t testing.TB, s http.Handler, method, path, body string, code int, headers ...string) answer {
	t.Helper()
	a := do(s, method, path, body, headers...)
	if a.code != code {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, a.code, code, a.body)
	}
	return a
}

func vmBody(name string, metadata ...string) string {
	var extra strings.Builder
	for _, m := range metadata {
		extra.WriteString("," + m)
	}
	return fmt.Sprintf(`{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":%q%s},`+
		`"spec":{"runStrategy":"Halted","template":{"spec":{"domain":{"devices":{}}}}}}`, name, extra.String())
}

// createVMs makes VMs named a, b, ...
func createVMs(t testing.TB, s http.Handler, names ...string) {
	t.Helper()
	for _, name := range names {
		want(t, s, "POST", vms, vmBody(name), 201)
	}
}

var vmGroupResource = schema.GroupResource{Group: "kubevirt.io", Resource: "virtualmachines"}

func vmResourceKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "kubevirt.io", Version: "v1", Kind: "VirtualMachine"}
}
