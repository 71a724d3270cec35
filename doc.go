// Package shepherd is the map of a library for platforms that run virtual machines on a fleet of Kubernetes clusters
// with KubeVirt. It has no code of its own.
//
// # Where to begin
//
//   - domain: the words. A VM, what can be asked of it, when it is allowed, and every error there is.
//   - provider: the interface. What any provider of virtual machines can be asked, with helpers that page and wait.
//   - provider/mock: a provider in memory that behaves like KubeVirt, for tests and for a first look.
//   - provider/kubevirt: the real one, and Fleet, which keeps the VMs of many clusters in memory.
//   - mapper: Kubernetes objects to domain values and back.
//   - watcher: what a cluster has, kept in memory, and how far it can be trusted.
//   - capability: which feature gates are in effect.
//   - providertest: the contract as a suite; providertest/kubevirtsim: KubeVirt's API in process.
//
// mapper, provider/kubevirt and kubevirtsim import Kubernetes modules; the others do not.
//
// # A first look
//
//	go run github.com/kv-shepherd/shepherd-go/examples/quickstart
//
// creates, lists, starts, pauses, stops and deletes a VM, in memory; with -kubeconfig FILE on a cluster.
//
//	go run github.com/kv-shepherd/shepherd-go/examples/watchcache
//
// shows a fleet as its caches have it, while a history expires and a cluster fails.
package shepherd
