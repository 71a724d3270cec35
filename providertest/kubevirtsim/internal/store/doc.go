// Package store keeps the objects of a simulated API server, as etcd and the API server's watch cache do together:
// several tables of JSON objects in key order, one revision counter over all of them, states of the past for paging,
// and a log of events for watches.
//
//	s := store.New(store.Options{})
//	vms := s.Table("virtualmachines.kubevirt.io")
//	made, err := vms.Create(store.Draft{Namespace: "ns", Name: "vm", Head: head, Tail: tail})
//	for object := range vms.Now().Range("ns/", "") { ... }
//	w, err := vms.Watch(made.Revision, nil)
//	events, reached, more, err := w.Pull(100)
//
// # What is kept
//
// Objects are bytes, never trees: a hundred thousand VMs and their instances fit into a gigabyte. What repeats from one
// object to the next, the field sets of their managers, is kept once (see [Object]).
//
// A table's state is an immutable tree that every write copies along one path, so that a [Snapshot] costs nothing and
// is read without a lock. States of the past are kept for a time and up to a number ([Options]); [Snapshot.Pin] keeps
// one longer, for the walk that reads it page by page.
//
// # Watches
//
// A [Watch] is a position in the table's log, pulled by whoever serves it. The store has no goroutine and no buffer per
// watch: a watch whose position has left the log is told so.
//
// # Faults
//
// [Store.CompactLists] and [Store.CompactWatches] forget the past at once; [Store.Checkpoint] and [Store.Restore] make
// it come back, revision numbers included, as an etcd restored from a backup does.
//
// Everything here may be used concurrently.
package store
