package controlplane

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"kubevirt.io/client-go/log"
	"kubevirt.io/kubevirt/pkg/service"
	virtapi "kubevirt.io/kubevirt/pkg/virt-api"
	virtcontroller "kubevirt.io/kubevirt/pkg/virt-controller/watch"

	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// childVariable names the server a re-executed binary has to be.
const childVariable = "SHEPHERD_E2E_CHILD"

// The servers of a control plane, by the names of their processes.
const (
	apiServerName      = "kube-apiserver"
	virtAPIName        = "virt-api"
	virtControllerName = "virt-controller"
)

// RunChild turns this process into one of the control plane's servers when
// Start asked for it, and returns at once otherwise. It does not return from a
// server: the process exits.
//
// Every binary that calls Start must call RunChild first: main as its first
// statement, a test binary at the top of TestMain, before flags are parsed,
// because the arguments are then the server's. Start runs the servers by
// executing the same binary again, so that there is nothing to install. They
// insist on a process each: they use the process-wide flag set, HTTP mux,
// metrics registry and feature gates, and never end all their goroutines.
func RunChild() {
	name, ok := os.LookupEnv(childVariable)
	if !ok {
		return
	}
	if err := runChild(name); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// startingGC lets a child collect garbage rarely while its packages are
// initialised, which allocates a gigabyte and keeps next to nothing of it.
const startingGC = "400"

// heldSuffix ends the name of the file by which a child says that its packages
// are initialised.
const heldSuffix = ".held"

func runChild(name string) error {
	os.Args[0] = name
	if err := os.WriteFile(filepath.Join(os.TempDir(), name+heldSuffix), nil, 0o600); err != nil {
		return fmt.Errorf("make the mark: %w", err)
	}
	// Standard input is a gate or the null device; both end when the server
	// is to start.
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return fmt.Errorf("wait for the start: %w", err)
	}
	debug.SetGCPercent(100)
	debug.FreeOSMemory()
	if err := stampVersions(); err != nil {
		return err
	}
	switch name {
	case apiServerName:
		command := apiserver.NewAPIServerCommand()
		command.SetArgs(os.Args[1:])
		return command.Execute()
	case virtAPIName:
		log.InitializeLogging(virtAPIName)
		app := virtapi.NewVirtApi()
		service.Setup(app)
		app.Execute()
		return nil
	case virtControllerName:
		virtcontroller.Execute()
		return nil
	default:
		return fmt.Errorf("%s=%q names no server", childVariable, name)
	}
}
