package kubevirtsim

import (
	"errors"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kubevirtv1 "kubevirt.io/api/core/v1"

	corev1 "k8s.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// Where KubeVirt is installed, and what its object is called.
const (
	kubevirtNamespace = "kubevirt"
	kubevirtName      = "kubevirt"
	kubevirtRegistry  = "quay.io/kubevirt"
)

var kubevirts = schema.GroupResource{Group: "kubevirt.io", Resource: "kubevirts"}

// addKubeVirt makes the object that KubeVirt is configured by, as virt-operator shows it once all is deployed
// (pkg/virt-operator/kubevirt.go and util/client.go of KubeVirt v1.9.0).
func (s *Server) addKubeVirt() error {
	spec := kubevirtv1.KubeVirtSpec{ImagePullPolicy: corev1.PullIfNotPresent}
	spec.Configuration.DeveloperConfiguration = &kubevirtv1.DeveloperConfiguration{FeatureGates: s.options.FeatureGates}
	if s.version.since(8) { // nobody knows the field before
		spec.Configuration.DeveloperConfiguration.DisabledFeatureGates = s.options.DisabledFeatureGates
	}
	ref := rest.Ref{Resource: kubevirts, Namespace: kubevirtNamespace, Name: kubevirtName}
	if _, err := s.api.Create(background(), ref, "virt-operator", map[string]any{"spec": spec}); err != nil {
		return err
	}
	tag := "v" + s.version.text
	status := kubevirtv1.KubeVirtStatus{
		Phase: kubevirtv1.KubeVirtPhaseDeployed, DefaultArchitecture: defaultArchitecture, ObservedGeneration: new(int64(1)),
		OperatorVersion: tag, OutdatedVirtualMachineInstanceWorkloads: new(0),
		TargetKubeVirtRegistry: kubevirtRegistry, TargetKubeVirtVersion: tag,
		ObservedKubeVirtRegistry: kubevirtRegistry, ObservedKubeVirtVersion: tag,
	}
	for _, c := range []struct {
		kind            kubevirtv1.KubeVirtConditionType
		status          corev1.ConditionStatus
		reason, message string
	}{
		{kubevirtv1.KubeVirtConditionCreated, corev1.ConditionTrue, "AllResourcesCreated", "All resources were created."},
		{kubevirtv1.KubeVirtConditionAvailable, corev1.ConditionTrue, "AllComponentsReady", "All components are ready."},
		{kubevirtv1.KubeVirtConditionProgressing, corev1.ConditionFalse, "AllComponentsReady", "All components are ready."},
		{kubevirtv1.KubeVirtConditionDegraded, corev1.ConditionFalse, "AllComponentsReady", "All components are ready."},
	} {
		status.Conditions = append(status.Conditions, kubevirtv1.KubeVirtCondition{Type: c.kind, Status: c.status, Reason: c.reason,
			Message: c.message, LastProbeTime: metav1.Now(), LastTransitionTime: metav1.Now()})
	}
	return s.controller.update(ref, "virt-operator", "status", func(u *unstructured.Unstructured) error { return setPart(u, "status", status) })
}

// errConfigured is why the configuration cannot be changed: what follows from it was settled when the server began.
var errConfigured = errors.New("the simulator's configuration is that of its Options")

// validateKubeVirt refuses another configuration, and with it a feature gate that would do nothing.
func (s *Server) validateKubeVirt(w *rest.Write) error {
	kubevirt, old := &kubevirtv1.KubeVirt{}, &kubevirtv1.KubeVirt{}
	const webhook = "kubevirt-update-validator.kubevirt.io"
	if err := into(w.Object, kubevirt); err != nil {
		return failed(webhook, err)
	}
	if err := into(w.Old, old); err != nil {
		return failed(webhook, err)
	}
	if !equality.Semantic.DeepEqual(kubevirt.Spec.Configuration, old.Spec.Configuration) {
		return failed(webhook, errConfigured)
	}
	return nil
}
