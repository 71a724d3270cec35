package nodesim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// schedule binds a pod to a node, or says in its status why it cannot. A node
// that appears or changes wakes the pods that wait.
func (s *Simulator) schedule(ctx context.Context, pod *corev1.Pod) error {
	node, why := s.choose(pod)
	if node == "" {
		return s.setUnschedulable(ctx, pod, why)
	}
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: node},
	}
	if err := s.core.CoreV1().Pods(pod.Namespace).Bind(ctx, binding, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("bind pod %s/%s to %s: %w", pod.Namespace, pod.Name, node, err)
	}
	return nil
}

// choose returns the allowed node with the fewest pods, or why there is none.
func (s *Simulator) choose(pod *corev1.Pod) (node, why string) {
	knobs := s.podKnobs(pod)
	if knobs.on(KnobUnschedulable) || knobs.on(KnobBlockTarget) && pod.Labels[kubevirtv1.MigrationJobLabel] != "" {
		return "", "0/0 nodes are available: told so by a knob"
	}
	load, taken := s.load(pod)
	var refused []string
	total := 0
	for _, object := range s.cache.nodes.GetStore().List() {
		candidate, ok := object.(*corev1.Node)
		if !ok {
			continue
		}
		total++
		if reason := refuses(candidate, pod, taken); reason != "" {
			refused = append(refused, candidate.Name+" "+reason)
			continue
		}
		if node == "" || load[candidate.Name] < load[node] || load[candidate.Name] == load[node] && candidate.Name < node {
			node = candidate.Name
		}
	}
	slices.Sort(refused)
	return node, fmt.Sprintf("0/%d nodes are available: %s", total, strings.Join(refused, ", "))
}

// refuses tells why a node does not take a pod.
func refuses(node *corev1.Node, pod *corev1.Pod, taken map[string]bool) string {
	matches, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	switch {
	case err != nil:
		return "cannot be compared with the pod's affinity: " + err.Error()
	case !matches:
		return "didn't match the pod's node affinity/selector"
	case node.Spec.Unschedulable:
		return "was unschedulable"
	case !nodeReady(node):
		return "was not ready"
	case taken[node.Name]:
		return "didn't match pod anti-affinity rules"
	}
	return ""
}

// load counts the pods of each node, and finds the nodes that the pod must
// keep away from. The only anti-affinity known is that of a migration's target
// with the other pods of its instance.
func (s *Simulator) load(pod *corev1.Pod) (load map[string]int, taken map[string]bool) {
	load, taken = map[string]int{}, map[string]bool{}
	apart := pod.Labels[kubevirtv1.MigrationJobLabel] != ""
	for _, object := range s.cache.pods.GetStore().List() {
		other, ok := object.(*corev1.Pod)
		if !ok || other.Spec.NodeName == "" || podFinished(other) {
			continue
		}
		load[other.Spec.NodeName]++
		if apart && other.Namespace == pod.Namespace &&
			other.Labels[kubevirtv1.CreatedByLabel] == pod.Labels[kubevirtv1.CreatedByLabel] {
			taken[other.Spec.NodeName] = true
		}
	}
	return load, taken
}

func (s *Simulator) setUnschedulable(ctx context.Context, pod *corev1.Pod, why string) error {
	condition := corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
		Message: why, LastTransitionTime: metav1.Now(),
	}
	for _, present := range pod.Status.Conditions {
		if present.Type == condition.Type && present.Status == condition.Status && present.Message == why {
			return nil
		}
	}
	changed := pod.DeepCopy()
	changed.Status.Conditions = []corev1.PodCondition{condition}
	return s.writePod(ctx, changed)
}
