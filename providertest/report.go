package providertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// outcome is how a contract fared.
type outcome string

const (
	ran         outcome = "ran"
	failed      outcome = "FAILED"
	unsupported outcome = "asserted unsupported"
	missing     outcome = "missing"
)

// report collects the outcomes, from checks that may run at the same time.
type report struct {
	mu   sync.Mutex
	rows map[string]row
}

type row struct {
	outcome outcome
	reason  string
}

func newReport() *report { return &report{rows: map[string]row{}} }

func (r *report) note(c check, o outcome, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows[c.id] = row{o, reason}
}

// ended corrects the outcome of a check that failed, and skips one that could not run.
func (r *report) ended(c check, t *testing.T) {
	t.Helper()
	r.mu.Lock()
	row := r.rows[c.id]
	if t.Failed() {
		row.outcome = failed
		r.rows[c.id] = row
	}
	r.mu.Unlock()
	if row.outcome == missing {
		t.Skipf("missing: %s", row.reason)
	}
}

// String is the matrix: a line for each contract, and the counts.
func (r *report) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	count := map[outcome]int{}
	for _, c := range checks() {
		row, ok := r.rows[c.id]
		if !ok {
			continue // -run chose others
		}
		count[row.outcome]++
		fmt.Fprintf(&b, "%-8s %-21s %s\n", c.id, row.outcome, row.reason)
	}
	fmt.Fprintf(&b, "%d contracts: %d ran, %d asserted unsupported, %d missing, %d failed\n",
		len(r.rows), count[ran], count[unsupported], count[missing], count[failed])
	return b.String()
}

// publish prints the matrix and keeps it as an artifact.
func (r *report) publish(t *testing.T, dir string) {
	t.Helper()
	text := r.String()
	t.Logf("conformance:\n%s", text)
	if err := os.WriteFile(filepath.Join(dir, "conformance.txt"), []byte(text), 0o600); err != nil {
		t.Errorf("keep the matrix: %v", err)
	}
}
