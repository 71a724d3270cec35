package nodesim

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// instanceOf is the name of the instance whose launcher the pod is, or empty.
func instanceOf(pod *corev1.Pod) string {
	if owner := metav1.GetControllerOf(pod); owner != nil && owner.Kind == "VirtualMachineInstance" {
		return owner.Name
	}
	return ""
}

func podFinished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// pod is the scheduler and the kubelet for one pod.
func (s *Simulator) pod(ctx context.Context, namespace, name string) (time.Duration, error) {
	pod := get[corev1.Pod](s.cache.pods, namespace, name)
	switch {
	case pod == nil:
		return 0, nil
	case pod.DeletionTimestamp != nil:
		return 0, s.endPod(ctx, pod)
	case podFinished(pod):
		return 0, nil
	case pod.Spec.NodeName == "":
		return 0, s.schedule(ctx, pod)
	case s.nodeDown(pod.Spec.NodeName) && instanceOf(pod) != "":
		return 0, s.removePod(ctx, pod)
	case pod.Status.Phase != corev1.PodRunning:
		return 0, s.runPod(ctx, pod)
	}
	if phase := s.launcherEnd(pod); phase != "" {
		return 0, s.finishPod(ctx, pod, phase)
	}
	return 0, nil
}

func (s *Simulator) nodeDown(name string) bool {
	node := get[corev1.Node](s.cache.nodes, "", name)
	return node != nil && knobsOf(node).on(KnobDown)
}

// runPod starts the containers, unless an image is told not to be there.
func (s *Simulator) runPod(ctx context.Context, pod *corev1.Pod) error {
	changed := pod.DeepCopy()
	if reason := s.podKnobs(pod).text(KnobImagePull); reason != "" {
		if len(pod.Status.ContainerStatuses) > 0 {
			return nil
		}
		setWaiting(changed, reason)
		return s.writePod(ctx, changed)
	}
	// virt-controller makes such a pod only to have a volume bound to the
	// node, and waits for its end.
	if pod.Annotations[kubevirtv1.EphemeralProvisioningObject] == "true" {
		return s.finishPod(ctx, pod, corev1.PodSucceeded)
	}
	address := unroutable(18, pod.UID, 0)
	if pod.Labels[kubevirtv1.AppLabel] == handlerName {
		address = s.handlerHost()
	}
	setRunning(changed, address)
	return s.writePod(ctx, changed)
}

// launcherEnd is how a running launcher ends because its machine has left it:
// the guest is off, moved away, or never arrived.
func (s *Simulator) launcherEnd(pod *corev1.Pod) corev1.PodPhase {
	instance := s.cache.instance(pod.Namespace, instanceOf(pod))
	if instance == nil || !metav1.IsControlledBy(pod, instance) {
		return ""
	}
	move := instance.Status.MigrationState
	switch {
	case instance.Status.Phase == kubevirtv1.Succeeded:
		return corev1.PodSucceeded
	case instance.Status.Phase == kubevirtv1.Failed:
		return corev1.PodFailed
	case move == nil || move.EndTimestamp == nil:
		return ""
	case move.Failed && pod.Name == move.TargetPod:
		return corev1.PodFailed
	case move.Completed && !move.Failed && left(pod, instance):
		return corev1.PodSucceeded
	}
	return ""
}

// left reports whether the pod is the one a finished migration started from.
// The target of the next migration may run on the same node already; it is
// told by its job and by being younger.
func left(pod *corev1.Pod, instance *kubevirtv1.VirtualMachineInstance) bool {
	move := instance.Status.MigrationState
	job := pod.Labels[kubevirtv1.MigrationJobLabel]
	return pod.Name != move.TargetPod && pod.Spec.NodeName == move.SourceNode &&
		job != string(move.MigrationUID) && (job == "" || pod.CreationTimestamp.Before(move.EndTimestamp))
}

// endPod ends a pod that is being deleted. A launcher waits for its guest.
func (s *Simulator) endPod(ctx context.Context, pod *corev1.Pod) error {
	instance := s.cache.instance(pod.Namespace, instanceOf(pod))
	if instance != nil && metav1.IsControlledBy(pod, instance) && pod.Status.Phase == corev1.PodRunning {
		if !instance.IsFinal() && instance.Status.NodeName == pod.Spec.NodeName &&
			(instance.IsRunning() || instance.IsScheduled()) {
			return nil // the instance's loop sees the deletion and shuts the guest down
		}
		phase := corev1.PodSucceeded
		if instance.Status.Phase == kubevirtv1.Failed {
			phase = corev1.PodFailed
		}
		if err := s.finishPod(ctx, pod, phase); err != nil {
			return err
		}
	}
	return s.removePod(ctx, pod)
}

func (s *Simulator) finishPod(ctx context.Context, pod *corev1.Pod, phase corev1.PodPhase) error {
	changed := pod.DeepCopy()
	setFinished(changed, phase)
	return s.writePod(ctx, changed)
}

// removePod takes the object away, as the kubelet does when nothing runs any more.
func (s *Simulator) removePod(ctx context.Context, pod *corev1.Pod) error {
	now := int64(0)
	err := s.core.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("remove pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}

func (s *Simulator) writePod(ctx context.Context, pod *corev1.Pod) error {
	if _, err := s.core.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("write the status of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}
