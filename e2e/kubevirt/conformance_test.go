package kubevirt_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/conformance"
	"github.com/kv-shepherd/shepherd-go/providertest"
)

// TestConformance holds the provider against the contract on a real control plane.
func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, conformance.Harness(t))
}
