package controlplane

import (
	"fmt"
	_ "unsafe" // for go:linkname

	k8sversion "k8s.io/component-base/version"
	_ "kubevirt.io/client-go/version"
)

// The versions the servers say they are. They are those of the modules that
// are compiled in; a test compares them with go.mod.
const (
	// KubernetesVersion is what GET /version answers.
	KubernetesVersion = "v1.34.3"
	// KubeVirtVersion is what GET /apis/subresources.kubevirt.io/v1/version
	// answers and what the KubeVirt object shows as observed.
	KubeVirtVersion = "v1.9.0"
)

// Releases get their version from the linker's -X flag, without which both
// projects say v0.0.0-master. Reaching the variables here instead keeps plain
// `go test` and `go run` truthful: nobody has to remember a flag.
//
//go:linkname kubernetesGitVersion k8s.io/component-base/version.gitVersion
var kubernetesGitVersion string

//go:linkname kubeVirtGitVersion kubevirt.io/client-go/version.gitVersion
var kubeVirtGitVersion string

// stampVersions must run in a child before its server starts.
func stampVersions() error {
	kubernetesGitVersion = KubernetesVersion
	kubeVirtGitVersion = KubeVirtVersion
	// The Kubernetes package copied its variable when it was initialised; the
	// setter accepts the new value because it equals the variable.
	if err := k8sversion.SetDynamicVersion(KubernetesVersion); err != nil {
		return fmt.Errorf("set the Kubernetes version: %w", err)
	}
	return nil
}
