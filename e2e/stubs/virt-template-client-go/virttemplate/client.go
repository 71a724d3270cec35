// Package virttemplate has the one constructor of the template add-on's client
// that virt-controller is compiled against. The add-on is not part of this
// project's control plane, so the constructor always refuses; it is reached
// only when the add-on's feature gate is on.
package virttemplate

import (
	"errors"

	"k8s.io/client-go/rest"
)

// ErrAbsent is what NewForConfig answers.
var ErrAbsent = errors.New("the template add-on is not part of this control plane")

// Interface is the client's surface, as far as virt-controller uses it.
type Interface interface {
	TemplateV1beta1() TemplateV1beta1Interface
}

// TemplateV1beta1Interface gives the REST client of the group.
type TemplateV1beta1Interface interface {
	RESTClient() rest.Interface
}

// NewForConfig always returns ErrAbsent.
func NewForConfig(*rest.Config) (Interface, error) { return nil, ErrAbsent }
