package nodesim

import (
	"crypto/sha256"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// setRunning gives a pod the status of one whose containers all run.
func setRunning(pod *corev1.Pod, address string) {
	now := metav1.Now()
	pod.Status.Phase = corev1.PodRunning
	pod.Status.StartTime = &now
	pod.Status.HostIP = "198.19.0.1"
	pod.Status.HostIPs = []corev1.HostIP{{IP: pod.Status.HostIP}}
	pod.Status.PodIP = address
	pod.Status.PodIPs = []corev1.PodIP{{IP: address}}
	pod.Status.Conditions = podConditions(corev1.ConditionTrue)
	pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses = nil, nil
	for _, container := range pod.Spec.InitContainers {
		status := containerStatus(container, running(now))
		if container.RestartPolicy == nil {
			status = containerStatus(container, ended(now, 0))
			status.Ready = true
		}
		pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, status)
	}
	for _, container := range pod.Spec.Containers {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, containerStatus(container, running(now)))
	}
}

// setFinished gives a pod the status of one whose containers have ended.
func setFinished(pod *corev1.Pod, phase corev1.PodPhase) {
	code := int32(0)
	if phase == corev1.PodFailed {
		code = 1
	}
	now := metav1.Now()
	pod.Status.Phase = phase
	pod.Status.Conditions = podConditions(corev1.ConditionFalse)
	pod.Status.ContainerStatuses = nil
	for _, container := range pod.Spec.Containers {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, containerStatus(container, ended(now, code)))
	}
	for n, container := range pod.Spec.InitContainers {
		if container.RestartPolicy != nil && n < len(pod.Status.InitContainerStatuses) {
			pod.Status.InitContainerStatuses[n] = containerStatus(container, ended(now, code))
		}
	}
}

// setWaiting gives a pod the status of one whose images cannot be pulled.
func setWaiting(pod *corev1.Pod, reason string) {
	now := metav1.Now()
	pod.Status.StartTime = &now
	pod.Status.Conditions = podConditions(corev1.ConditionFalse)
	pod.Status.ContainerStatuses = nil
	for _, container := range pod.Spec.Containers {
		state := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
			Reason: reason, Message: "cannot pull image " + container.Image,
		}}
		status := containerStatus(container, state)
		status.ImageID = ""
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status)
	}
}

func podConditions(ready corev1.ConditionStatus) []corev1.PodCondition {
	now := metav1.Now()
	condition := func(name corev1.PodConditionType, status corev1.ConditionStatus) corev1.PodCondition {
		return corev1.PodCondition{Type: name, Status: status, LastTransitionTime: now}
	}
	return []corev1.PodCondition{
		condition(corev1.PodScheduled, corev1.ConditionTrue),
		condition(corev1.PodInitialized, corev1.ConditionTrue),
		condition(corev1.ContainersReady, ready),
		condition(corev1.PodReady, ready),
	}
}

// containerStatus names the image by a digest, as a container runtime does.
// virt-controller reads the digest of a container disk when it makes the target
// pod of a migration, and makes none without it.
func containerStatus(container corev1.Container, state corev1.ContainerState) corev1.ContainerStatus {
	started := state.Running != nil
	// After a migration the image is named by its digest already.
	image, _, _ := strings.Cut(container.Image, "@")
	digest := sha256.Sum256([]byte(image))
	return corev1.ContainerStatus{
		Name: container.Name, Image: container.Image,
		ImageID:     fmt.Sprintf("%s@sha256:%x", image, digest),
		ContainerID: fmt.Sprintf("nodesim://%x", digest[:8]),
		Ready:       started, Started: &started, State: state,
	}
}

func running(since metav1.Time) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: since}}
}

func ended(at metav1.Time, code int32) corev1.ContainerState {
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: at, FinishedAt: at,
	}}
}
