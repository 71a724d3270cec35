package nodesim

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// setVolumes reports the guest's device of every volume, and takes hotplugged
// ones through virt-handler's stages: attached to the node by virt-controller,
// then mounted in the launcher, then Ready in the guest; and back when the
// volume has left the spec.
func setVolumes(instance *kubevirtv1.VirtualMachineInstance) {
	wanted := map[string]bool{}
	for _, volume := range instance.Spec.Volumes {
		wanted[volume.Name] = true
	}
	for _, volume := range instance.Spec.UtilityVolumes {
		wanted[volume.Name] = true
	}
	for n := range instance.Status.VolumeStatus {
		status := &instance.Status.VolumeStatus[n]
		if status.HotplugVolume == nil {
			status.Target = device("vd", n)
			continue
		}
		stepHotplug(status, wanted[status.Name], device("sd", n))
	}
}

func stepHotplug(status *kubevirtv1.VolumeStatus, wanted bool, device string) {
	switch {
	case wanted && status.Phase == kubevirtv1.HotplugVolumeAttachedToNode:
		status.Phase, status.Reason = kubevirtv1.HotplugVolumeMounted, "VolumeMountedToPod"
		status.Message = fmt.Sprintf("Volume %s has been mounted in virt-launcher pod", status.Name)
	case wanted && status.Phase == kubevirtv1.HotplugVolumeMounted:
		status.Phase, status.Reason, status.Target = kubevirtv1.VolumeReady, "VolumeReady", device
		status.Message = fmt.Sprintf("Successfully attach hotplugged volume %s to VM", status.Name)
	case !wanted && (status.Phase == kubevirtv1.VolumeReady || status.Phase == kubevirtv1.HotplugVolumeMounted ||
		status.Phase == kubevirtv1.HotplugVolumeAttachedToNode):
		status.Phase, status.Reason, status.Target = kubevirtv1.HotplugVolumeUnMounted, "VolumeUnMountedFromPod", ""
		status.Message = fmt.Sprintf("Volume %s has been unmounted from virt-launcher pod", status.Name)
	}
}

// device is the n-th disk of a bus: vda, vdb, ...
func device(bus string, n int) string { return bus + string(rune('a'+n%26)) }

// claim binds a claim as soon as it appears, to a volume that nobody has.
func (s *Simulator) claim(ctx context.Context, namespace, name string) error {
	claim := get[corev1.PersistentVolumeClaim](s.cache.claims, namespace, name)
	if claim == nil || claim.DeletionTimestamp != nil || claim.Status.Phase == corev1.ClaimBound || knobsOf(claim).on(KnobUnbound) {
		return nil
	}
	claims := s.core.CoreV1().PersistentVolumeClaims(namespace)
	changed := claim.DeepCopy()
	if changed.Spec.VolumeName == "" {
		changed.Spec.VolumeName = "sim-" + string(claim.UID)
		written, err := claims.Update(ctx, changed, metav1.UpdateOptions{})
		if err != nil {
			return fmt.Errorf("bind claim %s/%s: %w", namespace, name, err)
		}
		changed = written
	}
	changed.Status.Phase = corev1.ClaimBound
	changed.Status.AccessModes = changed.Spec.AccessModes
	changed.Status.Capacity = changed.Spec.Resources.Requests
	if _, err := claims.UpdateStatus(ctx, changed, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("write the status of claim %s/%s: %w", namespace, name, err)
	}
	return nil
}
