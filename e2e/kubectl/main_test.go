// Package kubectl has tests in which kubectl works against the simulator: a program that nobody here wrote, with all that
// it asks a server before it does what it was told.
package kubectl

import (
	"fmt"
	"os"
	"testing"
	_ "unsafe" // for go:linkname

	"k8s.io/component-base/cli"
	"k8s.io/component-base/version"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

// asKubectl is the variable that makes the test binary kubectl, so that nothing has to be installed or linked twice.
const asKubectl = "SHEPHERD_E2E_KUBECTL"

// kubectlVersion is that of the module that is compiled in, with which Kubernetes counts from 1.
const kubectlVersion = "v1.34.3"

// A release gets its version by the linker's -X flag; the v0.0.0-master of other builds is no version that
// "kubectl version" can compare with the server's.
//
//go:linkname gitVersion k8s.io/component-base/version.gitVersion
var gitVersion string

func TestMain(m *testing.M) {
	if _, ok := os.LookupEnv(asKubectl); !ok {
		os.Exit(m.Run())
	}
	gitVersion = kubectlVersion
	if err := version.SetDynamicVersion(kubectlVersion); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	// As in its own main: what it prints of an error, and its exit code, are what a user gets.
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
