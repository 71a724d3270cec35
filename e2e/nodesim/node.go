package nodesim

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// node follows the knob that stops a node and starts it again.
func (s *Simulator) node(ctx context.Context, name string) error {
	node := get[corev1.Node](s.cache.nodes, "", name)
	if node == nil {
		return nil
	}
	up := !knobsOf(node).on(KnobDown)
	if up != nodeReady(node) {
		changed := node.DeepCopy()
		setNodeStatus(changed, nodeNumber(name), up)
		if _, err := s.core.CoreV1().Nodes().UpdateStatus(ctx, changed, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("write the status of node %s: %w", name, err)
		}
		if up {
			s.beat(ctx, node, time.Now())
		} else {
			s.beat(ctx, node, time.Now().Add(-time.Hour))
		}
	}
	if up {
		return nil
	}
	return s.dropPods(ctx, name)
}

func nodeReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// nodeNumber undoes nodeName; nodes that others made count as the first.
func nodeNumber(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "node-"))
	if err != nil {
		return 0
	}
	return n - 1
}

// beat writes a heartbeat and, as virt-handler does with each, that machines
// may be scheduled. A failure is made good by the next one.
func (s *Simulator) beat(ctx context.Context, node *corev1.Node, at time.Time) {
	schedulable := strconv.FormatBool(time.Since(at) < time.Minute)
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{kubevirtv1.VirtHandlerHeartbeat: heartbeat(at)},
		"labels":      map[string]string{kubevirtv1.NodeSchedulable: schedulable},
	}})
	if err == nil {
		_, err = s.core.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	}
	if err != nil && ctx.Err() == nil {
		s.logger.Debug("heartbeat failed", "node", node.Name, "error", err)
	}
}

// dropPods removes every launcher of a node that is down, as an administrator
// does who declares the node dead.
func (s *Simulator) dropPods(ctx context.Context, node string) error {
	for _, object := range s.cache.pods.GetStore().List() {
		pod, ok := object.(*corev1.Pod)
		if !ok || pod.Spec.NodeName != node || instanceOf(pod) == "" {
			continue
		}
		if err := s.removePod(ctx, pod); err != nil {
			return err
		}
	}
	return nil
}
