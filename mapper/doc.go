// Package mapper turns KubeVirt's objects into values of package domain, and a [domain.VMSpec] into the body of a
// server-side apply. It has no I/O and keeps nothing: one [Mapper] serves any number of goroutines.
//
//	m := mapper.New(mapper.Options{Cluster: "c1"})
//	vm, err := m.MapVM(virtualMachine, instance)
//
// # What it promises
//
// It never panics on a foreign object, whatever is missing in it. An object that lacks what every object has, a name
// and a namespace, is refused with [ErrIncompatibleSchema], whose Fields say what is missing; everything else that is
// missing is left empty or said to be unknown.
//
// It shares no map and no slice with its input: what it returns belongs to the caller.
//
// Text that a guest or a tenant may have written - the name of the guest's system, messages, names of interfaces -
// passes one sanitiser: valid UTF-8, no control or direction characters, bounded in length. Cloud-init documents are
// never read.
//
// # Two steps
//
// An object is first reduced to a view, the few things that matter here, and the views of a VM and of its instance
// are then joined (join.go). All rules stand in the second step, so that another decoder can feed the same rules.
//
// # Two doors, and records
//
// A cache of many VMs can afford neither objects nor domain values. It keeps a [VMRecord] and an [InstanceRecord]: a
// view as a string of a few hundred bytes, from which [Mapper.Join] makes the domain value when it is asked for. Records
// come from objects ([Mapper.VMRecord]) or straight from what a server sends ([Mapper.DecodeVM], [Mapper.DecodeVMList],
// [Mapper.DecodeVMFrame]), which costs a fraction of building the object and gives the same record.
package mapper
