package providertest

import (
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
		for _, finding := range c.hold(newEnv(t, h, b, c.id)) {
			t.Error(c.failure(finding))
		}
		r.note(c, ran, "")
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

// checkMissing refuses a declaration that names no need, which would declare nothing.
func (h Harness) checkMissing(t *testing.T) {
	t.Helper()
	known := map[Need]bool{}
	for _, c := range checks() {
		for _, need := range c.needs {
			known[need] = true
		}
	}
	for need, why := range h.Missing {
		if !known[need] {
			t.Errorf("Missing declares %q, which no check needs", need)
		}
		if why == "" {
			t.Errorf("Missing declares %q without a reason", need)
		}
	}
}
