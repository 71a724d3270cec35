// Package rest serves objects of a [store.Store] as a Kubernetes API server serves custom resources: its paths, verbs,
// options, answers and errors. What the objects mean is the business of whoever registers them.
//
//	server := rest.New(store.New(store.Options{}), rest.Options{})
//	err := server.Register(rest.Resource{
//		Group: "kubevirt.io", Versions: []string{"v1", "v1alpha3"},
//		Kind: "VirtualMachine", Plural: "virtualmachines", ShortNames: []string{"vm", "vms"}, Categories: []string{"all"},
//		Namespaced: true, Status: true,
//		Schema:         rest.SchemaOf(kubevirtv1.VirtualMachine{}),
//		Default:        func(w *rest.Write) error { ... }, // what mutating webhooks do
//		ValidateCreate: func(w *rest.Write) error { ... }, // what validating webhooks do
//		ValidateUpdate: func(w *rest.Write) error { ... },
//		AfterWrite:     func(w *rest.Write) { ... },
//	})
//	http.Serve(listener, server)
//
// # Hooks
//
// All hooks get a [Write]. They run where the API server calls its webhooks: Default once the fields' owners are noted,
// so that what it sets belongs to nobody; the Validate hooks once metadata, revision and uid are checked. An error that
// is an apierrors.StatusError is the answer as it is; any other is a 500 without a reason. A hook may be called several
// times for one request, when another writer was faster.
//
// # Controllers
//
// Code of the same process writes without HTTP, by the same rules and hooks: [Server.Create], [Server.Update],
// [Server.Delete]. It reads with [Server.Get], and follows changes with a watch of [Server.Table].
//
// # Differences from a real server
//
// Only JSON and YAML are spoken. There is neither authentication nor authorisation. A request for a revision that is
// still to come is answered at once; the API server waits three seconds for it. Propagation policies of deletions are
// ignored: there is no garbage collector.
//
// The semantics are those of Kubernetes 1.34: k8s.io/apiserver and k8s.io/apiextensions-apiserver v0.34.3. Comments
// name the file where a rule is not obvious.
package rest
