package controlplane

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// registry is where KubeVirt's images would come from, if anything pulled them.
const registry = "registry.example/kubevirt"

// kubeVirt creates the object that configures KubeVirt and gives it the
// status of a finished installation. The webhooks refuse every machine while
// status.defaultArchitecture is empty.
func (i installer) kubeVirt(ctx context.Context) error {
	object := &kubevirtv1.KubeVirt{
		TypeMeta:   metav1.TypeMeta{APIVersion: kubevirtv1.GroupVersion.String(), Kind: "KubeVirt"},
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: "kubevirt"},
	}
	object.Spec.Configuration.DeveloperConfiguration = &kubevirtv1.DeveloperConfiguration{
		FeatureGates: i.plane.opts.FeatureGates,
	}
	// Processors and memory added to a running machine arrive with a migration,
	// which virt-controller starts only where this is allowed.
	object.Spec.WorkloadUpdateStrategy.WorkloadUpdateMethods = []kubevirtv1.WorkloadUpdateMethod{
		kubevirtv1.WorkloadUpdateMethodLiveMigrate,
	}
	if err := i.create(ctx, object); err != nil {
		return err
	}
	client := i.resource(kubevirtv1.KubeVirtGroupVersionKind, Namespace)
	live, err := client.Get(ctx, object.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read the KubeVirt object: %w", err)
	}
	status, err := runtime.DefaultUnstructuredConverter.ToUnstructured(deployed(live.GetGeneration()))
	if err != nil {
		return fmt.Errorf("convert the KubeVirt status: %w", err)
	}
	if err := unstructured.SetNestedField(live.Object, status, "status"); err != nil {
		return fmt.Errorf("set the KubeVirt status: %w", err)
	}
	if _, err := client.UpdateStatus(ctx, live, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("write the KubeVirt status: %w", err)
	}
	return nil
}

// deployed is the status virt-operator leaves when all components run.
func deployed(generation int64) *kubevirtv1.KubeVirtStatus {
	now := metav1.Now()
	condition := func(name kubevirtv1.KubeVirtConditionType, status corev1.ConditionStatus, reason, message string) kubevirtv1.KubeVirtCondition {
		return kubevirtv1.KubeVirtCondition{
			Type: name, Status: status, Reason: reason, Message: message,
			LastProbeTime: now, LastTransitionTime: now,
		}
	}
	const allRunning = "All components are ready."
	return &kubevirtv1.KubeVirtStatus{
		Phase:                   kubevirtv1.KubeVirtPhaseDeployed,
		DefaultArchitecture:     "amd64",
		OperatorVersion:         KubeVirtVersion,
		ObservedKubeVirtVersion: KubeVirtVersion, TargetKubeVirtVersion: KubeVirtVersion,
		ObservedKubeVirtRegistry: registry, TargetKubeVirtRegistry: registry,
		ObservedGeneration: &generation,
		Conditions: []kubevirtv1.KubeVirtCondition{
			condition(kubevirtv1.KubeVirtConditionAvailable, corev1.ConditionTrue, "AllComponentsReady", allRunning),
			condition(kubevirtv1.KubeVirtConditionProgressing, corev1.ConditionFalse, "AllComponentsReady", allRunning),
			condition(kubevirtv1.KubeVirtConditionDegraded, corev1.ConditionFalse, "AllComponentsReady", allRunning),
			condition(kubevirtv1.KubeVirtConditionCreated, corev1.ConditionTrue, "AllResourcesCreated", "All resources were created."),
		},
	}
}
