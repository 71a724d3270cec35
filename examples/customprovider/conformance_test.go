package customprovider

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/providertest"
)

// TestConformance holds the provider against every contract. What it lacks is declared with the reason, and is asserted
// to be refused.
func TestConformance(t *testing.T) {
	clusters := []string{"east-1", "west-1"}
	providertest.Run(t, providertest.Harness{
		Clusters: clusters,
		Virtual:  true, // it waits for nothing but package time
		New: func(testing.TB) providertest.Backend {
			p := New(clusters...)
			return providertest.Backend{Provider: p, Requests: p.requests}
		},
		Missing: map[providertest.Need]string{
			providertest.NeedPause:         "a row is on or off",
			providertest.NeedReboot:        "there is no guest to ask",
			providertest.NeedUpdate:        "left out, to keep the example short",
			providertest.NeedApply:         "left out, to keep the example short",
			providertest.NeedValidate:      "left out, to keep the example short",
			providertest.NeedDryRun:        "left out, to keep the example short",
			providertest.NeedIdempotency:   "left out, to keep the example short",
			providertest.NeedMigration:     "rows do not move",
			providertest.NeedInstanceTypes: "rows have no sizes",
			providertest.NeedWatch:         "the table tells nobody of its rows",
			providertest.NeedManual:        "a row is on or off",
			providertest.NeedRerun:         "a row is on or off",
			providertest.NeedOnce:          "a row is on or off",
			providertest.NeedReceiver:      "rows do not move",
			providertest.NeedOwnership:     "rows have one writer",
			providertest.NeedUnobserved:    "nobody has to look at a row first",
		},
	})
}

// requests counts what reached the tables.
func (p *Provider) requests() (n providertest.Requests) {
	for _, t := range p.tables {
		t.mu.Lock()
		n.Reads += t.reads
		n.Writes += t.writes
		t.mu.Unlock()
	}
	return n
}
