package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// The clusters. There is one control plane, which two transports make two clusters of: the second is that part of it
// whose namespaces begin with a mark, which its transport adds and takes away, and the first is the rest. So an object of
// one name in one namespace is another object on each.
const (
	first  = "c1"
	second = "c2"
	mark   = second + "-"
)

var clusters = []string{first, second}

// namespaceOn is where a namespace of a cluster is on the control plane.
func namespaceOn(cluster, namespace string) string {
	if cluster == second {
		return mark + namespace
	}
	return namespace
}

// part is the transport to one of the clusters.
type part struct {
	cluster string
	next    http.RoundTripper
}

func partOf(cluster string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return part{cluster, next} }
}

// WrappedRoundTripper lets apimachinery reach the transport, to close idle connections.
func (p part) WrappedRoundTripper() http.RoundTripper { return p.next }

var (
	namespaceInPath = regexp.MustCompile(`/namespaces/`)
	namespaceInJSON = regexp.MustCompile(`"namespace":"`)
	markedInJSON    = regexp.MustCompile(`"namespace":"` + mark)
	ofAllNamespaces = regexp.MustCompile(`^/apis/kubevirt\.io/v1/virtualmachine(instance)?s$`)
)

func (p part) RoundTrip(request *http.Request) (*http.Response, error) {
	everywhere := ofAllNamespaces.MatchString(request.URL.Path)
	if p.cluster != second && !everywhere {
		return p.next.RoundTrip(request)
	}
	there, err := p.renamed(request)
	if err != nil {
		return nil, err
	}
	response, err := p.next.RoundTrip(there)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	if everywhere && response.StatusCode == http.StatusOK {
		if body, err = p.own(body); err != nil {
			return nil, err
		}
	}
	if p.cluster == second {
		body = markedInJSON.ReplaceAll(body, []byte(`"namespace":"`))
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	response.Request = request
	return response, nil
}

// renamed is the request with the cluster's namespaces as they are on the control plane.
func (p part) renamed(request *http.Request) (*http.Request, error) {
	if p.cluster != second {
		return request, nil
	}
	there := request.Clone(request.Context())
	there.URL.Path = namespaceInPath.ReplaceAllString(request.URL.Path, "/namespaces/"+mark)
	there.URL.RawPath = ""
	if request.Body == nil {
		return there, nil
	}
	body, err := io.ReadAll(request.Body)
	_ = request.Body.Close()
	if err != nil {
		return nil, err
	}
	body = namespaceInJSON.ReplaceAll(body, []byte(`"namespace":"`+mark))
	there.Body, there.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	there.GetBody = nil
	return there, nil
}

// own is a list of all namespaces without the other cluster's items. How many there are on later pages nobody knows.
func (p part) own(body []byte) ([]byte, error) {
	var list struct {
		Kind       string            `json:"kind"`
		APIVersion string            `json:"apiVersion"`
		Metadata   map[string]any    `json:"metadata"`
		Items      []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	delete(list.Metadata, "remainingItemCount")
	kept := list.Items[:0]
	for _, item := range list.Items {
		var object struct {
			Metadata struct {
				Namespace string `json:"namespace"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(item, &object); err != nil {
			return nil, err
		}
		if strings.HasPrefix(object.Metadata.Namespace, mark) == (p.cluster == second) {
			kept = append(kept, item)
		}
	}
	list.Items = kept
	return json.Marshal(list)
}
