// Package harness gives the tests of a package one shared control plane.
//
//	func TestMain(m *testing.M) { harness.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		plane := harness.Get(t) // starts it, if it is the first to ask
//		namespace := harness.Namespace(t)
//		...
//		harness.Eventually(t, 10*time.Second, func() error { ... })
//	}
//
// The control plane starts with the first test that asks for it and stops
// after the last. Tests keep apart by namespaces, and may run in parallel
// unless they stop or restart a server.
//
// The servers' logs are written to files; their ends are printed when a test
// has failed. With E2E_ARTIFACTS naming a directory, they are kept there.
package harness
