package kubevirt

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// history is everything that a resource of a simulated cluster ever was, from a watch that no fault reaches.
type history struct {
	mu    sync.Mutex
	been  map[string]bool // uid and revision, and the revision by itself
	lines []string
	place string
	lost  bool
	rest  []byte // of a frame that is not whole
}

func newHistory(c *written, path string) *history {
	h := &history{been: map[string]bool{}}
	h.list(c, path)
	return h
}

func (h *history) be(state string) {
	_, revision, _ := strings.Cut(state, " at ")
	h.been[state], h.been[revision] = true, true
}

// follow follows a resource until ctx ends.
func (h *history) follow(ctx context.Context, c *written, path string) {
	for ctx.Err() == nil {
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, path+"?watch=true&resourceVersion="+h.place, nil)
		request.Header.Set("User-Agent", "history")
		c.sim.ServeHTTP(h, request)
		if h.lost {
			h.list(c, path)
		}
	}
}

// list finds the place again after a compaction, before which everything had been seen.
func (h *history) list(c *written, path string) {
	var list struct {
		Metadata struct{ ResourceVersion string }
	}
	for _, state := range c.listed(path) {
		h.be(state)
	}
	if _, answer := c.ask(http.MethodGet, path+"?limit=1", "", ""); json.Unmarshal(answer, &list) == nil {
		h.place, h.lost = list.Metadata.ResourceVersion, false
	}
}

// Header implements http.ResponseWriter.
func (h *history) Header() http.Header { return http.Header{} }

// WriteHeader implements http.ResponseWriter.
func (h *history) WriteHeader(int) {}

// Write takes frames of the watch.
func (h *history) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rest = append(h.rest, b...)
	for {
		line, rest, whole := bytes.Cut(h.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		var frame struct {
			Type   string
			Object struct {
				Metadata struct{ UID, ResourceVersion string }
			}
		}
		if err := json.Unmarshal(line, &frame); err == nil && frame.Type == "ERROR" {
			h.lost = true
		} else if err == nil {
			h.place = frame.Object.Metadata.ResourceVersion
			h.lines = append(h.lines, string(line)+"\n")
			h.be(frame.Object.Metadata.UID + " at " + h.place)
		}
		h.rest = rest
	}
}

// some is a few frames of the past, one after the other.
func (h *history) some(random *rand.Rand) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.lines) == 0 {
		return ""
	}
	from := random.IntN(len(h.lines))
	return strings.Join(h.lines[from:min(from+1+random.IntN(15), len(h.lines))], "")
}

// events is what has been so far.
func (h *history) events() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.been)
}
