// Package v1beta1 has the template types that virt-controller's export code
// is compiled against. No server in this project serves them.
package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of the types of this package.
var GroupVersion = schema.GroupVersion{Group: "template.kubevirt.io", Version: "v1beta1"}

// ConditionReady is the type of the condition that says a template can be used.
const ConditionReady = "Ready"

// VirtualMachineTemplate is a virtual machine with parameters.
type VirtualMachineTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   VirtualMachineTemplateSpec   `json:"spec"`
	Status VirtualMachineTemplateStatus `json:"status,omitempty"`
}

// VirtualMachineTemplateSpec is what a template makes machines from.
type VirtualMachineTemplateSpec struct {
	// VirtualMachine is the machine, with ${PARAMETER} placeholders.
	VirtualMachine *runtime.RawExtension `json:"virtualMachine,omitempty"`
	// Parameters are the values of the placeholders.
	Parameters []Parameter `json:"parameters,omitempty"`
}

// VirtualMachineTemplateStatus is what the add-on reports about a template.
type VirtualMachineTemplateStatus struct {
	// Conditions of the template.
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Parameter is one placeholder.
type Parameter struct {
	// Name of the placeholder.
	Name string `json:"name"`
	// Value that replaces it.
	Value string `json:"value,omitempty"`
}

// DeepCopyObject makes the type a runtime.Object.
func (t *VirtualMachineTemplate) DeepCopyObject() runtime.Object { return t.DeepCopy() }

// DeepCopy returns a copy that shares nothing with t.
func (t *VirtualMachineTemplate) DeepCopy() *VirtualMachineTemplate {
	if t == nil {
		return nil
	}
	out := &VirtualMachineTemplate{TypeMeta: t.TypeMeta}
	t.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	if t.Spec.VirtualMachine != nil {
		out.Spec.VirtualMachine = t.Spec.VirtualMachine.DeepCopy()
	}
	out.Spec.Parameters = append([]Parameter(nil), t.Spec.Parameters...)
	for i := range t.Status.Conditions {
		out.Status.Conditions = append(out.Status.Conditions, *t.Status.Conditions[i].DeepCopy())
	}
	return out
}
