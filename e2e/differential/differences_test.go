package differential_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"
)

// accepted is a difference that stays, and why.
type accepted struct {
	// cases and paths are patterns, in which a star is anything, with bars between alternatives.
	cases, paths string
	reason       string
}

// table is what may differ. A row that nothing needs any more is an error.
var table = []accepted{}

// Bounds of the whole.
const (
	leastRequests = 300
	mostRows      = 14
)

// record counts what was compared and which rows were needed.
type record struct {
	mu       sync.Mutex
	requests int
	needed   map[int]bool
}

// check compares two answers and reports what differs and is in no row.
func (r *record) check(t *testing.T, name string, c call, real, simulated answer) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	if r.needed == nil {
		r.needed = map[int]bool{}
	}
	var left []string
	for _, d := range differences(real, simulated) {
		known := false
		for n, row := range table {
			if matches(row.cases, name) && matches(row.paths, d.path) {
				r.needed[n], known = true, true
			}
		}
		if !known {
			left = append(left, d.String())
		}
	}
	if len(left) > 0 {
		t.Errorf("%s: %s %s %s\n  %s\nreal %d %s\nsimulated %d %s", name, c.method, c.path, c.body, strings.Join(left, "\n  "),
			real.code, cut(real.body), simulated.code, cut(simulated.body))
	}
}

func cut(body []byte) string {
	const enough = 400
	return string(body[:min(len(body), enough)])
}

func matches(pattern, text string) bool {
	for _, one := range strings.Split(pattern, "|") {
		quoted := strings.ReplaceAll(regexp.QuoteMeta(one), `\*`, ".*")
		if regexp.MustCompile("^" + quoted + "$").MatchString(text) {
			return true
		}
	}
	return false
}

// finish holds the whole to its bounds.
func (r *record) finish(t *testing.T) {
	t.Helper()
	t.Logf("%d requests compared, %d rows of accepted differences", r.requests, len(table))
	if r.requests < leastRequests {
		t.Errorf("%d requests compared, want at least %d", r.requests, leastRequests)
	}
	if len(table) > mostRows {
		t.Errorf("%d rows, want at most %d", len(table), mostRows)
	}
	for n, row := range table {
		if !r.needed[n] {
			t.Errorf("nothing differs any more: %s, %s (%s)", row.cases, row.paths, row.reason)
		}
	}
}
