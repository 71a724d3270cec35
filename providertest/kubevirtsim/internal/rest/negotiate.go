package rest

import (
	"cmp"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Content types.
const (
	typeJSON = "application/json"
	typeYAML = "application/yaml"
)

// format is what the client wants to read.
type format struct {
	yaml   bool
	pretty bool
	as     string // Table, PartialObjectMetadata, PartialObjectMetadataList, or empty
	of     string // the version of meta.k8s.io that as is in
}

// clause is one of the types in an Accept header.
type clause struct {
	mediaType string
	params    map[string]string
	q         float64
}

// negotiate reads the Accept header; allow decides about a conversion. ok is false where nothing is acceptable.
func negotiate(r *http.Request, allow func(as, group, version string) bool) (f format, ok bool) {
	f.pretty = wantsPretty(r)
	header := r.Header.Get("Accept")
	if header == "" {
		return f, true
	}
	for _, c := range clauses(header) {
		as, group, version := c.params["as"], c.params["g"], c.params["v"]
		converts := as != "" || group != "" || version != ""
		if converts && !allow(as, group, version) || c.params["stream"] != "" && c.params["stream"] != "watch" {
			continue
		}
		switch c.mediaType {
		case typeJSON, "*/*", "application/*":
		case typeYAML:
			f.yaml = true
		default:
			continue
		}
		f.as, f.of = as, version
		f.pretty = f.pretty || c.params["pretty"] == "1"
		return f, true
	}
	return f, false
}

// accepts says whether a client takes a media type besides the one that it prefers.
func (c *call) accepts(mediaType string) bool {
	return slices.ContainsFunc(clauses(c.r.Header.Get("Accept")), func(one clause) bool {
		return one.mediaType == mediaType || one.mediaType == "*/*" || one.mediaType == "application/*"
	})
}

// clauses are sorted by preference.
func clauses(header string) []clause {
	var all []clause
	for part := range strings.SplitSeq(header, ",") {
		mediaType, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q, err := strconv.ParseFloat(params["q"], 64)
		if err != nil {
			q = 1
		}
		all = append(all, clause{mediaType, params, q})
	}
	slices.SortStableFunc(all, func(a, b clause) int { return cmp.Compare(b.q, a.q) })
	return all
}

// convertible are the conversions of objects (RequestScope.AllowsMediaTypeTransform, apiserver v0.34
// endpoints/handlers/rest.go).
func convertible(as, group, version string) bool {
	known := as == "Table" || as == "PartialObjectMetadata" || as == "PartialObjectMetadataList"
	return known && group == metav1.GroupName && (version == "v1" || version == "v1beta1")
}

// wantsPretty goes by the query, or by the User-Agent of those that people read.
func wantsPretty(r *http.Request) bool {
	if value := r.URL.Query().Get("pretty"); value != "" {
		pretty, err := strconv.ParseBool(value)
		return err == nil && pretty
	}
	agent := r.UserAgent()
	return strings.HasPrefix(agent, "curl") || strings.HasPrefix(agent, "Wget") || strings.HasPrefix(agent, "Mozilla/5.0")
}

// isYAML reads the content type of a body; err for a type that is not spoken.
func isYAML(r *http.Request) (bool, error) {
	header := r.Header.Get("Content-Type")
	if header == "" {
		return false, nil
	}
	mediaType, _, err := mime.ParseMediaType(header)
	switch {
	case err == nil && mediaType == typeJSON:
		return false, nil
	case err == nil && mediaType == typeYAML:
		return true, nil
	}
	return false, unsupportedMediaType([]string{typeJSON, typeYAML})
}
