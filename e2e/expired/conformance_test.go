package expired_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/conformance"
	"github.com/kv-shepherd/shepherd-go/providertest"
)

// TestConformance holds the provider against what package kubevirt's control plane cannot show.
func TestConformance(t *testing.T) { providertest.Run(t, conformance.Expiring(t)) }
