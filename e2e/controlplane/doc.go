// Package controlplane runs a real Kubernetes and KubeVirt control plane for
// tests, out of Go modules and nothing else: etcd, kube-apiserver, KubeVirt's
// custom resources, virt-api with all its webhooks behind the aggregation
// layer, virt-controller, and nodes simulated by package nodesim.
//
// # Use
//
// Call [RunChild] as the first statement of main or TestMain, then [Start], and
// [ControlPlane.Stop] at the end. Package harness does so for tests.
//
//	func main() {
//		controlplane.RunChild()
//		plane, err := controlplane.Start(ctx, controlplane.Options{})
//		...
//		defer plane.Stop(context.Background())
//		client, err := kubernetes.NewForConfig(plane.RESTConfig())
//	}
//
// # How it is put together
//
// etcd runs in the calling process. kube-apiserver, virt-api and virt-controller
// run as children, which are the same binary executed again: RunChild finds the
// name of the server in an environment variable and becomes it. On Linux the
// kernel kills the children when the caller dies, however it dies; only the
// directory with the database stays behind then.
//
// Everything listens on 127.0.0.1, on ports that were free, and nothing else
// is dialled. Authorization is RBAC. KubeVirt's servers have the roles that
// virt-operator would give them, and the user roles of a real installation
// (kubevirt.io:admin, :edit, :view) are there.
//
// # What is different from a cluster
//
//   - There is no kube-controller-manager. What of it matters to machines is
//     done by nodesim, which says what it does.
//   - virt-operator, CDI, and the exporter's servers do not run.
package controlplane
