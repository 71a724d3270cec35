// Package setup makes the KubeVirt provider over the control plane of a test, and what tests of it need over and over:
// specs, waits, and eyes that look past the provider at what the server stores.
//
//	site := setup.New(t, harness.Namespace(t))
//	vm := site.Create(t, setup.Spec("vm", domain.RunStrategyAlways))
//	vm.WaitRunning(t)
package setup
