package conformance

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/kv-shepherd/shepherd-go/providertest"
)

// wire is all that one provider sends: it counts the requests and lets some meet a fault.
type wire struct {
	mu    sync.Mutex
	sent  providertest.Requests
	fault *providertest.Fault
	left  int // how many requests the fault still meets; negative is all
	// veiled are instances that the provider has no right to read, as paths.
	veiled map[string]bool
}

func newWire() *wire { return &wire{veiled: map[string]bool{}} }

func (w *wire) requests() providertest.Requests {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent
}

func (w *wire) failNext(f providertest.Fault) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault, w.left = &f, f.Count
	switch {
	case f.Kind == "":
		w.fault = nil
	case f.Count == 0:
		w.left = 1
	}
	return nil
}

// veil takes the right to read an instance from the provider, or gives it back.
func (w *wire) veil(path string, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.veiled, path)
	if on {
		w.veiled[path] = true
	}
}

// of is the wrapper of one cluster's transport.
func (w *wire) of(cluster string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return tapped{wire: w, cluster: cluster, next: next} }
}

type tapped struct {
	*wire
	cluster string
	next    http.RoundTripper
}

// WrappedRoundTripper lets apimachinery reach the transport, to close idle connections.
func (t tapped) WrappedRoundTripper() http.RoundTripper { return t.next }

func (t tapped) RoundTrip(request *http.Request) (*http.Response, error) {
	write, err := isWrite(request)
	if err != nil {
		return nil, err
	}
	if fault := t.meets(request, write); fault != nil {
		return t.suffer(request, *fault)
	}
	if t.isVeiled(request) {
		return t.next.RoundTrip(asNobody(request))
	}
	return t.next.RoundTrip(request)
}

// meets counts a request and returns the fault that it meets.
func (t tapped) meets(request *http.Request, write bool) *providertest.Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	if write {
		t.sent.Writes++
	} else {
		t.sent.Reads++
	}
	f := t.fault
	if f == nil || f.Cluster != t.cluster || t.left == 0 || !concerns(*f, request, write) {
		return nil
	}
	// The reads of a VM and of its instance go out together: of a number of faults none must be left to chance.
	if t.left > 0 && readsInstance(request) {
		return nil
	}
	if t.left > 0 {
		t.left--
	}
	return f
}

// concerns says whether a fault is one that such a request can meet.
func concerns(f providertest.Fault, request *http.Request, write bool) bool {
	switch f.Kind {
	case providertest.FaultQuota, providertest.FaultWriteRace:
		return write
	case providertest.FaultVerbDenied:
		return strings.HasPrefix(request.URL.Path, "/apis/subresources.kubevirt.io/")
	default:
		return write || !f.Write
	}
}

// isWrite says whether a request changes anything, if all goes well. A dry run does not.
func isWrite(request *http.Request) (bool, error) {
	if request.Method == http.MethodGet || request.URL.Query().Get("dryRun") != "" {
		return false, nil
	}
	if request.Body == nil {
		return true, nil
	}
	body, err := io.ReadAll(request.Body)
	_ = request.Body.Close()
	request.Body = io.NopCloser(bytes.NewReader(body))
	return !bytes.Contains(body, []byte(`"dryRun":["All"]`)), err
}

// instances is a path of instances: their namespace, if any, and the name of one, if it is about one.
var instances = regexp.MustCompile(`^/apis/kubevirt\.io/v1/(?:namespaces/([^/]+)/)?virtualmachineinstances(?:/([^/]+))?$`)

func readsInstance(request *http.Request) bool {
	return request.Method == http.MethodGet && instances.MatchString(request.URL.Path)
}

// isVeiled says whether a request reads an instance that the provider has no right to, be it among others.
func (t tapped) isVeiled(request *http.Request) bool {
	match := instances.FindStringSubmatch(request.URL.Path)
	if match == nil || request.Method != http.MethodGet {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for path := range t.veiled {
		cluster, namespace, name := cutPath(path)
		if cluster == t.cluster && (match[1] == "" || match[1] == namespace) && (match[2] == "" || match[2] == name) {
			return true
		}
	}
	return false
}
