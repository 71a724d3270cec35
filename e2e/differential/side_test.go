package differential_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// side is one of the two servers.
type side struct {
	name, base string
	client     *http.Client
}

// call is a request as it is written in a case; places such as {ns} and {uid} in it are filled in for each side.
type call struct {
	method, path, body string
	// contentType and accept are the headers; empty is JSON, and what client-go accepts.
	contentType, accept string
}

const (
	typeJSON   = "application/json"
	typeMerge  = "application/merge-patch+json"
	typeJSONP  = "application/json-patch+json"
	typeApply  = "application/apply-patch+yaml"
	acceptUsed = "application/json, */*"
	// typeNone sends a body without telling what it is.
	typeNone = "none"
)

// answerTimeout ends a request that gets no answer.
const answerTimeout = 30 * time.Second

// answer is what a server said.
type answer struct {
	code        int
	contentType string
	body        []byte
}

// do sends a call with its places filled in, and reads the whole answer.
func (s side) do(ctx context.Context, c call, places *strings.Replacer) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(places.Replace(c.body))
	}
	request, err := http.NewRequestWithContext(ctx, c.method, s.base+places.Replace(c.path), body)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Accept", or(c.accept, acceptUsed))
	if c.body != "" && c.contentType != typeNone {
		request.Header.Set("Content-Type", or(c.contentType, typeJSON))
	}
	request.Header.Set("User-Agent", "differential")
	response, err := s.client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", s.name, err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("%s: read the answer: %w", s.name, err)
	}
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")) // none is as good as a broken one
	return answer{response.StatusCode, mediaType, read}, nil
}

// object reads an object; nil where there is none.
func (s side) object(ctx context.Context, path string) (map[string]any, error) {
	got, err := s.do(ctx, call{method: http.MethodGet, path: path}, strings.NewReplacer())
	if err != nil {
		return nil, err
	}
	switch got.code {
	case http.StatusOK:
		var object map[string]any
		err := json.Unmarshal(got.body, &object)
		return object, err
	case http.StatusNotFound:
		return nil, nil
	default:
		return nil, fmt.Errorf("%s: GET %s: %d %s", s.name, path, got.code, got.body)
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
