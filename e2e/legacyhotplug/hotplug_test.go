// Package legacyhotplug_test runs the KubeVirt provider against a control plane with the older mechanism of hotplug:
// virt-api queues a request in the status of the VM, and virt-controller writes the spec.
package legacyhotplug_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/e2e/controlplane"
	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
)

func TestMain(m *testing.M) {
	harness.MainWith(m, controlplane.Options{FeatureGates: []string{"HotplugVolumes"}})
}

func TestHotplug(t *testing.T) { setup.CheckHotplug(t, setup.Mechanism{Manager: "virt-controller"}) }
