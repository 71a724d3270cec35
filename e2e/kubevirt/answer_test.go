package kubevirt_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
)

// answer is what the server says, byte for byte.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// says compares the status and looks for a text. These texts are data here: the library has to know them, since the
// server says nothing else that tells these cases apart.
func (a answer) says(status int, text string) bool {
	return a.status == status && strings.Contains(string(a.body), text)
}

func (a answer) Error() string { return fmt.Sprintf("the server answers %d: %s", a.status, a.body) }

// response makes the answer one to a request that got none.
func (a answer) response(request *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: request,
	}
}

// rawAnswer asks the server past all clients; a nil config is the administrator's.
func rawAnswer(t *testing.T, config *rest.Config, method, path, body string) answer {
	t.Helper()
	if config == nil {
		config = harness.Get(t).RESTConfig()
	}
	client, err := rest.HTTPClientFor(config)
	setup.Must(t, "make a client", err)
	request, err := http.NewRequestWithContext(t.Context(), method, config.Host+path, strings.NewReader(body))
	setup.Must(t, "make a request", err)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/apply-patch+yaml")
	}
	request.Header.Set("Accept", "application/json, */*")
	response, err := client.Do(request)
	setup.Must(t, method+" "+path, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	setup.Must(t, "read the answer", err)
	return answer{response.StatusCode, response.Header, text}
}

func subresourcePath(namespace, resource, name, verb string) string {
	return "/apis/subresources.kubevirt.io/v1/namespaces/" + namespace + "/" + resource + "/" + name + "/" + verb
}

func objectPath(namespace, resource, name string) string {
	path := "/apis/kubevirt.io/v1/namespaces/" + namespace + "/" + resource
	if name != "" {
		path += "/" + name
	}
	return path
}
