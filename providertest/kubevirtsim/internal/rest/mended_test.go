package rest

import (
	"strings"
	"testing"
)

// TestKeptForTheCollector: the answer to a deletion that orphans or waits for dependents still has the object, with the
// collector's finalizer; there are no dependents, so that it is gone by then.
func TestKeptForTheCollector(t *testing.T) {
	cases := map[string]struct{ query, body, finalizer string }{
		"orphan":          {query: "?propagationPolicy=Orphan", finalizer: "orphan"},
		"foreground":      {query: "?propagationPolicy=Foreground", finalizer: "foregroundDeletion"},
		"as of old":       {body: `{"orphanDependents":true}`, finalizer: "orphan"},
		"background":      {query: "?propagationPolicy=Background"},
		"without a word":  {},
		"a dry run of it": {query: "?propagationPolicy=Orphan&dryRun=All", finalizer: "orphan"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, nil)
			createVMs(t, s, "a")
			got := want(t, s, "DELETE", vms+"/a"+c.query, c.body, 200)
			if has := strings.Contains(string(got.body), `"finalizers":["`+c.finalizer+`"]`); has != (c.finalizer != "") {
				t.Errorf("finalizer %q: %s", c.finalizer, got.body)
			}
			if c.finalizer == "" && strings.Contains(string(got.body), `"code"`) {
				t.Errorf("a success tells a code: %s", got.body)
			}
			code := 404
			if strings.Contains(c.query, "dryRun") {
				code = 200
			}
			want(t, s, "GET", vms+"/a", "", code)
		})
	}
}

// TestKeptWithOthers: another's finalizer holds what the collector has let go.
func TestKeptWithOthers(t *testing.T) {
	s := newServer(t, nil)
	want(t, s, "POST", vms, vmBody("a", `"finalizers":["x.io/y"]`), 201)
	want(t, s, "DELETE", vms+"/a?propagationPolicy=Foreground", "", 200)
	got := want(t, s, "GET", vms+"/a", "", 200)
	if !strings.Contains(string(got.body), `"finalizers":["x.io/y"]`) || !strings.Contains(string(got.body), "deletionTimestamp") {
		t.Errorf("after the collector: %s", got.body)
	}
}

// TestWatchInYAML: frames are JSON, and who takes only YAML gets none.
func TestWatchInYAML(t *testing.T) {
	s := newServer(t, nil)
	const watch = vms + "?watch=true&timeoutSeconds=1"
	got := want(t, s, "GET", watch, "", 406, "Accept: application/yaml")
	if !strings.Contains(string(got.body), "application/json;stream=watch") {
		t.Errorf("told of the types: %s", got.body)
	}
}

// TestTableFrames: the columns are told by the first frame.
func TestTableFrames(t *testing.T) {
	s := newServer(t, nil)
	createVMs(t, s, "a", "b", "c")
	got := want(t, s, "GET", vms+"?watch=true&timeoutSeconds=1", "", 200, "Accept: application/json;as=Table;v=v1;g=meta.k8s.io")
	if n := strings.Count(string(got.body), `"columnDefinitions":[`); n != 1 {
		t.Errorf("columns are told %d times: %s", n, got.body)
	}
	if n := strings.Count(string(got.body), `"columnDefinitions":null`); n != 2 {
		t.Errorf("%d frames without columns: %s", n, got.body)
	}
}

// TestDryApplyTellsRevision: a revision that nothing has is told back by a dry run, and by nothing else.
func TestDryApplyTellsRevision(t *testing.T) {
	s := newServer(t, nil)
	const apply = "Content-Type: application/apply-patch+yaml"
	body := vmBody("a", `"resourceVersion":"1"`)
	got := want(t, s, "PATCH", vms+"/a?fieldManager=m&dryRun=All", body, 201, apply)
	if !strings.Contains(string(got.body), `"resourceVersion":"1"`) {
		t.Errorf("dry run: %s", got.body)
	}
	got = want(t, s, "PATCH", vms+"/a?fieldManager=m", body, 201, apply)
	if strings.Contains(string(got.body), `"resourceVersion":"1"`) {
		t.Errorf("for good: %s", got.body)
	}
}
