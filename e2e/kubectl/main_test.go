// Package kubectl has tests in which kubectl works against the simulator: a program that nobody here wrote, with all that
// it asks a server before it does what it was told.
package kubectl

import (
	"os"
	"testing"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

// asKubectl is the variable that makes the test binary kubectl, so that nothing has to be installed or linked twice.
const asKubectl = "SHEPHERD_E2E_KUBECTL"

func TestMain(m *testing.M) {
	if _, ok := os.LookupEnv(asKubectl); ok {
		// As in its own main; what it prints of an error, and its exit code, are what a user gets.
		if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
			util.CheckErr(err)
		}
		return
	}
	os.Exit(m.Run())
}
