package kubevirtsim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// virt-api is a client of the API server as any other: it sends it patches with tests in them, and passes on what it says.
// So it is here: a request without a network, which no fault befalls.

// machine reads a VM.
func (a *virtAPI) machine(q *question) (*kubevirtv1.VirtualMachine, error) {
	vm := &kubevirtv1.VirtualMachine{}
	if !a.read(machines, q, vm) {
		return nil, apierrors.NewNotFound(aMachine, q.name)
	}
	return vm, nil
}

// instance reads an instance.
func (a *virtAPI) instance(q *question) (*kubevirtv1.VirtualMachineInstance, error) {
	vmi := &kubevirtv1.VirtualMachineInstance{}
	if !a.read(instances, q, vmi) {
		return nil, apierrors.NewNotFound(anInstance, q.name)
	}
	return vmi, nil
}

// read reads the object that a question is about. What cannot be read is not there: the schema lets no such thing in.
func (a *virtAPI) read(resource schema.GroupResource, q *question, object any) bool {
	u, err := a.api.Get(rest.Ref{Resource: resource, Namespace: q.namespace, Name: q.name})
	return err == nil && into(u, object) == nil
}

// operation is one of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func test(path string, value any) operation    { return operation{"test", path, value} }
func add(path string, value any) operation     { return operation{"add", path, value} }
func replace(path string, value any) operation { return operation{"replace", path, value} }
func remove(path string) operation             { return operation{"remove", path, nil} }

// patchStatus and patchSpec patch the object that a question is about. The error is the API server's refusal.
func (a *virtAPI) patchStatus(resource schema.GroupResource, q *question, dryRun []string, operations []operation) error {
	return a.patch(resource, q, "/status", dryRun, operations)
}

func (a *virtAPI) patchSpec(resource schema.GroupResource, q *question, dryRun []string, operations []operation) error {
	return a.patch(resource, q, "", dryRun, operations)
}

func (a *virtAPI) patch(resource schema.GroupResource, q *question, subresource string, dryRun []string, operations []operation) error {
	path := collection(resource, q.namespace) + "/" + q.name + subresource
	return a.request(http.MethodPatch, path, "application/json-patch+json", dryRun, operations)
}

// create makes an object in the question's namespace.
func (a *virtAPI) create(resource schema.GroupResource, q *question, dryRun []string, object any) error {
	return a.request(http.MethodPost, collection(resource, q.namespace), typeJSON, dryRun, object)
}

func collection(resource schema.GroupResource, namespace string) string {
	return "/apis/" + kubevirtv1.GroupVersion.String() + "/namespaces/" + namespace + "/" + resource.Resource
}

func (a *virtAPI) request(method, path, contentType string, dryRun []string, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r := &http.Request{
		Method: method, URL: &url.URL{Path: path}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}, "Accept": {typeJSON}, "User-Agent": {managerAPI + "/v" + a.version.text}},
		Body:   io.NopCloser(bytes.NewReader(encoded)), ContentLength: int64(len(encoded)),
	}
	r.URL.RawQuery = url.Values{"dryRun": dryRun}.Encode()
	answer := &inMemory{header: http.Header{}, code: http.StatusOK}
	a.api.ServeHTTP(answer, r.WithContext(background()))
	if answer.code < http.StatusBadRequest {
		return nil
	}
	status := metav1.Status{}
	if err := json.Unmarshal(answer.body.Bytes(), &status); err != nil || status.Code == 0 {
		return apierrors.NewGenericServerResponse(answer.code, method, schema.GroupResource{}, "", answer.body.String(), 0, true)
	}
	return &apierrors.StatusError{ErrStatus: status}
}

// inMemory keeps an answer. It implements http.ResponseWriter.
type inMemory struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (m *inMemory) Header() http.Header { return m.header }

// WriteHeader implements http.ResponseWriter.
func (m *inMemory) WriteHeader(code int) { m.code = code }

// Write implements http.ResponseWriter.
func (m *inMemory) Write(b []byte) (int, error) { return m.body.Write(b) }
