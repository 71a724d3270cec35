// Package vmspec holds the rules of a [domain.VMSpec] that need no cluster: what is refused ([Validate]) and what is
// filled in ([Complete]). The KubeVirt mapper and the Mock both go by them, so that a spec which one of them refuses
// is refused by the other, with the same fields.
//
// The rules are KubeVirt's own admission rules as far as they can be decided from the spec alone (v1.9.0,
// pkg/virt-api/webhooks/validating-webhook/admitters, pkg/storage/admitters, pkg/network/admitter), and Kubernetes'
// rules of names and metadata. What depends on the cluster - gates, quotas, existing claims - is left to the server.
package vmspec
