// Package kubevirt_test runs the KubeVirt provider against a real control plane.
package kubevirt_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/conformance"
)

func TestMain(m *testing.M) {
	harness.MainWith(m, controlplane.Options{FeatureGates: conformance.FeatureGates})
}
