// Package kubevirt implements provider.Provider on KubeVirt clusters.
//
// Register clusters, then make a provider over them:
//
//	clusters := kubevirt.NewClusters()
//	defer clusters.Close(ctx)
//	err := clusters.Add("east-1", restConfig, kubevirt.ClusterOptions{})
//	p, err := kubevirt.New(clusters, kubevirt.Options{})
//
// Its go.mod needs one line, since kubevirt.io/client-go up to v1.9.0 requires a version that never existed
// (github.com/kubevirt/kubevirt, issue 18792):
//
//	exclude k8s.io/kube-openapi v0.31.0
//
// # Promises
//
// A create never takes over a VM that exists. Verbs are decided by the lifecycle table on a live read before anything
// is written, and again when the server refuses, since KubeVirt's HTTP codes do not tell a wrong state from a lost race
// or a fault. No request is repeated behind the caller's back, redirects are not followed, and every request ends
// within its time limit. Server answers become domain errors in errors.go and nowhere else; the Kubernetes status stays
// reachable by errors.As.
package kubevirt
