package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

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

// noInstances forbids instances in a namespace by a quota, or allows them again. The status of a quota is what
// kube-controller-manager writes, which does not run here.
func (h *hands) noInstances(ctx context.Context, ref domain.Ref, forbid bool) error {
	const name = "no-instances"
	namespace := namespaceOn(ref.Cluster, ref.Namespace)
	api := h.core.CoreV1().ResourceQuotas(namespace)
	none := corev1.ResourceList{"count/virtualmachineinstances.kubevirt.io": resource.MustParse("0")}
	if !forbid {
		return api.Delete(ctx, name, metav1.DeleteOptions{})
	}
	quota, err := api.Create(ctx, &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ResourceQuotaSpec{Hard: none}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	quota.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none}
	if _, err := api.UpdateStatus(ctx, quota, metav1.UpdateOptions{}); err != nil {
		return err
	}
	probe := h.instance("probe", namespace, metav1.OwnerReference{})
	return until(ctx, "the quota is in force", func(ctx context.Context) (bool, error) { // the API server's own cache follows
		_, err := h.virt.KubevirtV1().VirtualMachineInstances(namespace).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil {
			return false, nil
		}
		if apierrors.IsForbidden(err) {
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
