// Package provider says what any infrastructure provider can be asked: virtual machines on a fleet of clusters, in
// plain domain words.
//
// [Provider] is the sum of small roles. Ask for the least you need: a function that lists VMs takes a [VMReader].
// provider/kubevirt implements it on KubeVirt clusters, provider/mock in memory; providertest proves that they, and
// yours, behave the same. Who writes one finds the checks of its arguments in provider/contract, and a whole one in
// examples/customprovider.
//
// # Calls
//
// Single objects are named by cluster, namespace and name, in this order. Every method that writes ends in its own
// options struct, whose zero value is the plain call. An empty namespace is refused; lists take [AllNamespaces].
// Every method is safe for concurrent use, ends when its context does, keeps nothing of its arguments, and returns
// values that belong to the caller.
//
// # Errors
//
// Every error is, or wraps, a *domain.Error: act on its code. Names, limits and options are checked before anything is
// sent (INVALID_NAME, INVALID_LIMIT, INVALID_OPTION). An unknown cluster is CLUSTER_NOT_FOUND. A verb that the VM's
// state forbids gets the code of domain.Decide, and changes nothing. A cluster that does not answer is
// CLUSTER_UNREACHABLE or VERB_TIMEOUT; if that was a write, OutcomeUnknown says whether it may have happened.
// A canceled context is CANCELED, the caller's deadline DEADLINE_EXCEEDED.
//
// # Streams
//
// [VMWatcher] tells what happens instead of being asked. Range over it and keep what it tells: after ADDED, MODIFIED and
// DELETED are laid over each other, SYNCED says that they are the whole set. Events carry a revision to go on from, in
// another stream or process; one that is too old is REVISION_EXPIRED, and the remedy is a stream from the beginning.
//
// # Helpers
//
// [VMs] walks all pages of a listing, and [ListAll] lists over many clusters with one token and an error for each
// cluster that fails. [WaitVM] waits for a state, [WaitVMGone] for the end of a delete. Verbs are strict: starting a VM
// that runs is VM_ALREADY_RUNNING; [EnsureRunning] and its kin are for who only cares about the outcome. [Wrap] puts
// hooks around every call: audit, metrics, a gate, faults in tests.
package provider
