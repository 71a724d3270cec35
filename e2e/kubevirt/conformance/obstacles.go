package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

var gibibyte = resource.MustParse("1Gi")

// looks are between two looks of a hand that waits, patience is how long it does.
const (
	looks    = 25 * time.Millisecond
	patience = 30 * time.Second
)

func until(ctx context.Context, what string, holds func(context.Context) (bool, error)) error {
	if err := wait.PollUntilContextTimeout(ctx, looks, patience, true, holds); err != nil {
		return fmt.Errorf("wait until %s: %w", what, err)
	}
	return nil
}

// noInstance has the API server refuse instances of a VM's name, or take them again: by an admission policy, since a
// quota would meet the other VMs of the namespace too.
func (h *hands) noInstance(ctx context.Context, ref domain.Ref, refuse bool) error {
	namespace := namespaceOn(ref.Cluster, ref.Namespace)
	name := "no-instance." + namespace + "." + ref.Name
	policies, bindings := h.core.AdmissionregistrationV1().ValidatingAdmissionPolicies(), h.core.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	if !refuse {
		return errors.Join(bindings.Delete(ctx, name, metav1.DeleteOptions{}), policies.Delete(ctx, name, metav1.DeleteOptions{}))
	}
	h.tb.Cleanup(func() { // neither goes with the namespace
		ended := context.WithoutCancel(ctx)
		_ = bindings.Delete(ended, name, metav1.DeleteOptions{})
		_ = policies.Delete(ended, name, metav1.DeleteOptions{})
	})
	_, err := policies.Create(ctx, &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create},
					Rule: admissionv1.Rule{APIGroups: []string{kubevirtv1.GroupVersion.Group}, APIVersions: []string{"*"},
						Resources: []string{"virtualmachineinstances"}},
				},
			}}},
			Validations: []admissionv1.Validation{{
				Expression: fmt.Sprintf("object.metadata.name != %q || object.metadata.namespace != %q", ref.Name, namespace),
				Message:    "told so by a knob",
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = bindings.Create(ctx, &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	probe := h.instance(ref.Name, namespace, metav1.OwnerReference{})
	return until(ctx, "the policy is in force", func(ctx context.Context) (bool, error) {
		_, err := h.virt.KubevirtV1().VirtualMachineInstances(namespace).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) {
			return true, nil
		}
		return false, err
	})
}

// instance is one that no VM has made.
func (h *hands) instance(name, namespace string, owner metav1.OwnerReference) *kubevirtv1.VirtualMachineInstance {
	memory := resource.MustParse("128Mi")
	instance := &kubevirtv1.VirtualMachineInstance{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec:       kubevirtv1.VirtualMachineInstanceSpec{Domain: kubevirtv1.DomainSpec{Memory: &kubevirtv1.Memory{Guest: &memory}}},
	}
	if owner.Name != "" {
		instance.OwnerReferences = []metav1.OwnerReference{owner}
	}
	return instance
}

// foreign makes an instance of a VM's name that belongs to something else, as one of a replica set does, and waits until
// it runs; or it deletes it.
func (h *hands) foreign(ctx context.Context, ref domain.Ref, on bool) error {
	namespace := namespaceOn(ref.Cluster, ref.Namespace)
	api := h.virt.KubevirtV1().VirtualMachineInstances(namespace)
	if !on {
		return api.Delete(ctx, ref.Name, metav1.DeleteOptions{})
	}
	owner, err := h.core.CoreV1().ConfigMaps(namespace).Create(ctx,
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: ref.Name + "-owner"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = api.Create(ctx, h.instance(ref.Name, namespace, metav1.OwnerReference{
		APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID, Controller: new(true),
	}), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return until(ctx, "the foreign instance runs", func(ctx context.Context) (bool, error) {
		instance, err := api.Get(ctx, ref.Name, metav1.GetOptions{})
		if err == nil && instance.IsFinal() {
			err = errors.New("it has ended")
		}
		return err == nil && instance.IsRunning(), err
	})
}
