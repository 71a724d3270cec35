package providertest

import (
	"strings"
	"testing"
	"testing/synctest"
)

// Run holds a provider against every contract, each as a subtest named by its id.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if h.New == nil || len(h.Clusters) == 0 {
		t.Fatal("a harness needs New and Clusters")
	}
	h.checkMissing(t)
	r := newReport()
	artifacts := t.ArtifactDir()
	t.Cleanup(func() { r.publish(t, artifacts) }) // when the last parallel check has ended
	for _, c := range checks() {
		t.Run(c.id, func(t *testing.T) {
			if h.Parallel && !h.Virtual {
				t.Parallel()
			}
			defer r.ended(c, t)
			h.inBubble(t, func(t *testing.T) { h.one(t, c, r) })
		})
	}
}

// inBubble runs f in virtual time where the harness has it.
func (h Harness) inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if h.Virtual {
		synctest.Test(t, f)
		return
	}
	f(t)
}

// one holds the provider against one contract, or asserts what is owed in its place.
func (h Harness) one(t *testing.T, c check, r *report) {
	t.Helper()
	b := h.New(t)
	need, why := h.lacking(b, c.needs)
	if need == "" {
		e := newEnv(t, h, b, c.id)
		for _, finding := range c.hold(e) {
			t.Error(c.failure(finding))
		}
		r.note(c, ran, left(e.without))
		return
	}
	refusal, ok := refusals[need]
	if !ok {
		r.note(c, missing, string(need)+": "+why)
		return
	}
	refused := check{id: c.id, why: "a missing capability is answered CAPABILITY_UNSUPPORTED and changes nothing", run: refusal}
	for _, finding := range refused.hold(newEnv(t, h, b, c.id)) {
		t.Error(refused.failure(finding))
	}
	r.note(c, unsupported, string(need)+": "+why)
}

// left tells of the parts of a check that were left out.
func left(without []string) string {
	if len(without) == 0 {
		return ""
	}
	return "but for what needs " + strings.Join(without, "; ")
}

// checkMissing refuses a declaration that names no need, which would declare nothing.
func (h Harness) checkMissing(t *testing.T) {
	t.Helper()
	needs := known()
	for need, why := range h.Missing {
		if !needs[need] {
			t.Errorf("Missing declares %q, which is no need of the suite's", need)
		}
		if why == "" {
			t.Errorf("Missing declares %q without a reason", need)
		}
	}
}
