// Package vmsim is the behaviour of one KubeVirt virtual machine as a pure machine: no I/O, no goroutines, no clock of
// its own. The caller says what happens and when; the machine says what it looks like then.
//
//	m := vmsim.New(cfg, now, domain.RunStrategyHalted, vmsim.Knobs{})
//	effects, refused := m.Apply(now, vmsim.Event{Kind: vmsim.Start})
//	effects = m.Advance(later)     // everything that happens by itself until then
//	status, _ := m.Signals().Status()
//
// [Machine.Next] says when something happens by itself next, so that a caller may sleep until then, or not look at the
// machine at all until somebody asks: advancing in one step or in many leads to the same state.
//
// Three actors share the machine, as on a cluster. Verbs write requests (power.go; pkg/virt-api/rest/lifecycle.go of
// KubeVirt v1.9.0). The controller looks at the VM some time after each change and acts (controller.go;
// pkg/virt-controller/watch/vm/vm.go); printableStatus is its word, and lags behind what it tells. The instance goes
// through its phases on some node (instance.go), and may be moved to another (migration.go).
//
// A Machine is plain data: a copy made by assignment is a fork that goes its own way.
package vmsim
