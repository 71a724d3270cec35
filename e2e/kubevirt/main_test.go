// Package kubevirt_test runs the KubeVirt provider against a real control plane.
package kubevirt_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
