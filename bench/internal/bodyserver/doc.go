// Package bodyserver stands in for the API servers of many KubeVirt clusters that hold very many VMs: it serves lists and
// watches of VirtualMachines and VirtualMachineInstances, and nothing that needs thought. Bodies are rendered from one
// template for each kind, so that a million VMs cost a few bytes each.
//
// It answers as a server does where that matters to the cost of a client: lists in pages, or whole for resourceVersion=0 as
// out of a watch cache; watches from a revision, with bookmarks; the initial set as a stream if told so; 410 once the
// history was dropped. What is not measured is not there: no single objects, no selectors, no writes.
//
// A revision is the moment of the write that made it, in microseconds since [Site].Began, so that whoever is told of a
// change knows how long that took.
package bodyserver
