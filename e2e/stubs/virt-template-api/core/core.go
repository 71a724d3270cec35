// Package core names the API group of virtual machine templates.
//
// It stands in for the package of the same path in KubeVirt's template
// add-on, which this project does not run: only the names that virt-api and
// virt-controller are compiled against are here.
package core

const (
	// GroupName is the API group of templates.
	GroupName = "template.kubevirt.io"
	// SingularResourceName is the resource in the singular, also used as an index name.
	SingularResourceName = "virtualmachinetemplate"
	// PluralResourceName is the resource as it stands in URLs.
	PluralResourceName = "virtualmachinetemplates"
)
