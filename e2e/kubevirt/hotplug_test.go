package kubevirt_test

import (
	"testing"

	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
)

// TestHotplug: declarative hotplug, which is KubeVirt's default since 1.9, writes the VM from virt-api.
func TestHotplug(t *testing.T) {
	t.Parallel()
	setup.CheckHotplug(t, setup.Mechanism{Manager: "virt-api", Declarative: true})
}
