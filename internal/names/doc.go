// Package names holds the naming rules that every provider checks before it sends anything: DNS-1123 labels and
// subdomains, label keys and values, annotations. The rules are those of Kubernetes (apimachinery v0.34,
// pkg/util/validation and pkg/api/validation), written by hand so that light packages need no Kubernetes module.
//
// The Is... functions answer a question. [VM], [VMNew], [Namespace] and [Cluster] answer with a field error or nil,
// and [Check] makes the INVALID_NAME error of several such answers:
//
//	if err := names.Check(names.Cluster("cluster", cluster), names.Namespace("namespace", ns), names.VM("name", name)); err != nil {
//		return nil, err
//	}
package names
