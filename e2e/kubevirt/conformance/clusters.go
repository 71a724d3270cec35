package conformance

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// The clusters. There is one control plane: the second is the same under other namespaces, so that an object of one name
// in one namespace is another object on each.
const (
	first  = "c1"
	second = "c2"
)

var clusters = []string{first, second}

// mark begins the namespaces of the second cluster.
const mark = second + "-"

// namespaceOn is where a namespace of a cluster is on the control plane. On the second one, names with the mark and
// without change places, and so it is its own inverse: there, too, a namespace has one name, and a name one namespace.
func namespaceOn(cluster, namespace string) string {
	if cluster != second {
		return namespace
	}
	if rest, marked := strings.CutPrefix(namespace, mark); marked {
		return rest
	}
	return mark + namespace
}

// renamed is the transport to the second cluster. What it cannot change is the order of a list over all namespaces,
// in which those with the mark come first.
func renamed(next http.RoundTripper) http.RoundTripper { return renaming{next} }

type renaming struct{ next http.RoundTripper }

// WrappedRoundTripper lets apimachinery reach the transport, to close idle connections.
func (r renaming) WrappedRoundTripper() http.RoundTripper { return r.next }

var (
	namespaceInPath = regexp.MustCompile(`(/namespaces/)([^/]+)`)
	namespaceInJSON = regexp.MustCompile(`("namespace":")([^"]+)`)
)

func rename(place *regexp.Regexp, text []byte) []byte {
	return place.ReplaceAllFunc(text, func(match []byte) []byte {
		parts := place.FindSubmatch(match)
		return append(bytes.Clone(parts[1]), namespaceOn(second, string(parts[2]))...)
	})
}

func (r renaming) RoundTrip(request *http.Request) (*http.Response, error) {
	there := request.Clone(request.Context())
	there.URL.Path = string(rename(namespaceInPath, []byte(request.URL.Path)))
	there.URL.RawPath = ""
	if request.Body != nil {
		body, err := io.ReadAll(request.Body)
		_ = request.Body.Close()
		if err != nil {
			return nil, err
		}
		body = rename(namespaceInJSON, body)
		there.Body, there.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		there.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	response, err := r.next.RoundTrip(there)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	body = rename(namespaceInJSON, body)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	response.Request = request
	return response, nil
}
