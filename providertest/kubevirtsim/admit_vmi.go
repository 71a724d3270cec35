package kubevirtsim

import (
	"errors"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// The webhooks for instances, by the names that refusals tell.
const (
	instanceMutator   = "virtualmachineinstances-mutator.kubevirt.io"
	instanceCreation  = "virtualmachineinstances-create-validator.kubevirt.io"
	instanceValidator = "virtualmachineinstances-update-validator.kubevirt.io"
)

// errNoLoneInstance is why a client cannot make an instance. A cluster would run it; here it would wait for ever, which
// nobody would understand.
var errNoLoneInstance = errors.New("the simulator runs no instance without a VirtualMachine")

// defaultInstance is the mutating webhook for instances (vmi-mutator.go of KubeVirt v1.9.0): status has no endpoint of
// its own, so that it puts back what a client writes there. The instance of a VM is made complete by whoever makes it.
func (s *Server) defaultInstance(w *rest.Write) error {
	if ours(w) {
		return nil
	}
	if err := checkTypes(instanceMutator, w, kubevirtv1.VirtualMachineInstance{}); err != nil {
		return err
	}
	if w.Operation != rest.Update {
		return nil
	}
	if status, ok := w.Old.Object["status"]; !ok {
		delete(w.Object.Object, "status")
	} else if !equality.Semantic.DeepEqual(status, w.Object.Object["status"]) {
		w.Object.Object["status"] = w.Old.DeepCopy().Object["status"]
	}
	return nil
}

// validateNewInstance is the validating webhook for new instances (vmi-create-admitter.go). What a valid one is told is
// the simulator's own.
func (s *Server) validateNewInstance(w *rest.Write) error {
	if ours(w) {
		return nil
	}
	instance, f := &kubevirtv1.VirtualMachineInstance{}, &findings{}
	if err := into(w.Object, instance); err != nil {
		return failed(instanceMutator, err)
	}
	spec := field.NewPath("spec")
	completeExpanded(&instance.Spec)
	s.version.checkInstanceSpec(f, spec, &instance.Spec)
	checkNeededMemory(f, spec.Child("domain"), &instance.Spec.Domain)
	s.version.checkInstanceMetadata(f, field.NewPath("metadata"), &instance.ObjectMeta, false)
	if err := f.refusal(instanceCreation); err != nil {
		return err
	}
	return failed(instanceCreation, errNoLoneInstance)
}

func checkNeededMemory(f *findings, at *field.Path, domain *kubevirtv1.DomainSpec) {
	memory := domain.Memory
	if !domain.Resources.Requests.Memory().IsZero() || memory != nil && (memory.Guest != nil || memory.Hugepages != nil) {
		return
	}
	f.required(nil, "no memory requested, at least one of '%s', '%s' or '%s' must be set", at.Child("memory", "guest"),
		at.Child("memory", "hugepages", "pageSize"), at.Child("resources", "requests", "memory"))
}

// validateInstance is the validating webhook for changes of instances (vmi-update-admitter.go): a client can change neither
// the spec nor the labels that KubeVirt goes by.
func (s *Server) validateInstance(w *rest.Write) error {
	if ours(w) {
		return nil
	}
	instance, old, f := &kubevirtv1.VirtualMachineInstance{}, &kubevirtv1.VirtualMachineInstance{}, &findings{}
	if err := into(w.Object, instance); err != nil {
		return failed(instanceValidator, err)
	}
	if err := into(w.Old, old); err != nil {
		return failed(instanceValidator, err)
	}
	switch {
	case !equality.Semantic.DeepEqual(instance.Spec, old.Spec):
		f.notSupported(nil, "update of VMI object is restricted")
	case !equality.Semantic.DeepEqual(reservedOf(instance.Labels), reservedOf(old.Labels)):
		f.notSupported(nil, "modification of the following reserved kubevirt.io/ labels on a VMI object is prohibited")
	}
	return f.refusal(instanceValidator)
}
