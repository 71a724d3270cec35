// Package churn_test follows machines that others make, change and delete while the API server is restarted and its
// history compacted, and holds what a cache says afterwards against the server.
package churn_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

// TestMain has the API server keep no snapshots of its cache, so that a compaction expires also the pages of a list.
func TestMain(m *testing.M) {
	harness.MainWith(m, controlplane.Options{APIServerArgs: []string{"--feature-gates=ListFromCacheSnapshot=false"}})
}
