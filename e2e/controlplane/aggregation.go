package controlplane

import (
	"context"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"kubevirt.io/kubevirt/pkg/virt-operator/resource/generate/components"
)

// services tell the API server where virt-api listens. There is no proxy that
// would route a cluster address, and EndpointSlices may not hold loopback
// addresses; a service of type ExternalName may, and the port is taken from
// the APIService and the webhook configuration.
func (i installer) services(ctx context.Context) error {
	return i.create(ctx, &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: components.VirtApiServiceName},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "127.0.0.1"},
	})
}

// recheck touches virt-api's service, which has the API server look at once
// whether virt-api answers.
func (i installer) recheck(ctx context.Context) error {
	touch := fmt.Sprintf(`{"metadata":{"annotations":{"checked":%q}}}`, time.Now().Format(time.RFC3339Nano))
	_, err := i.resource(corev1.SchemeGroupVersion.WithKind("Service"), Namespace).
		Patch(ctx, components.VirtApiServiceName, types.MergePatchType, []byte(touch), metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("touch virt-api's service: %w", err)
	}
	return nil
}

// aggregation registers virt-api as an API server.
func (i installer) aggregation(ctx context.Context) error {
	port := int32(i.plane.ports.virtAPI)
	for _, service := range components.NewVirtAPIAPIServices(Namespace) {
		service.Spec.CABundle = i.plane.ca.pem
		service.Spec.Service.Port = &port
		if err := i.create(ctx, service); err != nil {
			return err
		}
	}
	return nil
}

// webhooks registers every webhook of virt-api. They fail closed, so this must
// come when virt-api answers.
func (i installer) webhooks(ctx context.Context) error {
	mutating := components.NewVirtAPIMutatingWebhookConfiguration(Namespace)
	for n := range mutating.Webhooks {
		i.point(&mutating.Webhooks[n].ClientConfig)
	}
	validating := components.NewVirtAPIValidatingWebhookConfiguration(Namespace)
	for n := range validating.Webhooks {
		i.point(&validating.Webhooks[n].ClientConfig)
	}
	launcher := components.NewVirtLauncherPodMutatingWebhookConfiguration(Namespace)
	for n := range launcher.Webhooks {
		i.point(&launcher.Webhooks[n].ClientConfig)
	}
	for _, configuration := range []runtime.Object{mutating, validating, launcher} {
		if err := i.create(ctx, configuration); err != nil {
			return fmt.Errorf("register webhooks: %w", err)
		}
	}
	return nil
}

func (i installer) point(config *admissionv1.WebhookClientConfig) {
	port := int32(i.plane.ports.virtAPI)
	config.CABundle = i.plane.ca.pem
	config.Service.Port = &port
}
