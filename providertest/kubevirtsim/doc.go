// Package kubevirtsim is a cluster with KubeVirt as its API shows it: an http.Handler with the paths, the semantics and the
// misleading answers of kube-apiserver 1.34 and KubeVirt 1.3 to 1.9, in process. Software that talks to KubeVirt - by its
// own HTTP, by client-go, by KubeVirt's generated clientset, by controller-runtime, even kubectl - is tested against it in
// milliseconds, and against every way in which a server and a network fail.
//
//	sim, err := kubevirtsim.New(kubevirtsim.Options{})
//	defer sim.Close()
//	client, err := kubevirt.NewForConfig(&rest.Config{Host: "http://sim", Dial: sim.Dial})
//
// [Server.Start] serves on a loopback address instead, with TLS and HTTP/2 if wanted; [Server.Serve] on any listener.
//
// # What is there
//
// The resources of kubevirt.io and instancetype.kubevirt.io with create, update, patch, server-side apply, delete, lists
// with their tokens, watches with bookmarks and initial events; virt-api's subresources but for streams; KubeVirt's
// webhooks; namespaces and nodes; discovery, OpenAPI, versions. A controller lets VMs live: they start, stop, migrate and
// fail as KubeVirt's do, for the reasons that [Knobs] and [Server.Happen] give them. [Options].Version chooses the minor
// whose versions, fields, subresources and feature gates are served.
//
// # Time
//
// Everything lives by package time, and [Server.Dial] connects by pipes in memory: in a bubble of testing/synctest an
// hour passes at once.
//
// # Trouble
//
// [Server.SetFaults] has requests delayed, refused, hung, reset, cut, garbled or lost, by path and by chance;
// [Server.SetNetwork] does it to connections. [Server.Compact] expires tokens and revisions, [Server.GoBack] takes history
// back as a restored database does.
//
// # What is not there
//
// Authentication and authorisation; protobuf but for a few of Kubernetes' own objects; consoles; snapshots, clones and
// exports; garbage collection by owners; pods. Guests do nothing.
//
// How it differs from real servers beyond that is held by package differential of the e2e module, which sends the same
// requests to both.
package kubevirtsim
