// Package differential_test holds the simulator of package kubevirtsim against the real thing: the same raw requests go
// to both, in the same situations, and the answers are compared.
//
// A case is a request and what it is sent to: nothing, or a VM that both sides were brought to show in the same
// state. Refusals leave that VM as it is, so that the next request meets the same one; after an accepted
// one a new VM is made. What is compared is told in compare_test.go, and what may differ, with its reason, in
// differences_test.go.
package differential_test
