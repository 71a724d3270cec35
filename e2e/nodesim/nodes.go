package nodesim

import (
	"context"
	"fmt"
	"net"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// heartbeatPeriod is virt-handler's; virt-controller gives a node up after
// five minutes of silence.
const heartbeatPeriod = 30 * time.Second

func nodeName(n int) string { return fmt.Sprintf("node-%d", n+1) }

// registerNodes creates the nodes and the virt-handler of each.
func (s *Simulator) registerNodes(ctx context.Context) error {
	if err := s.furnish(ctx, s.opts.Namespace); err != nil {
		return err
	}
	if err := s.createHandlerSet(ctx); err != nil {
		return err
	}
	for n := range s.opts.Nodes {
		node, err := s.core.CoreV1().Nodes().Create(ctx, newNode(n), metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			continue // an earlier simulator's
		}
		if err != nil {
			return fmt.Errorf("create node: %w", err)
		}
		setNodeStatus(node, n, true)
		if _, err := s.core.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("write the status of node %s: %w", node.Name, err)
		}
		if err := s.createHandlerPod(ctx, node.Name); err != nil {
			return err
		}
	}
	return nil
}

func newNode(n int) *corev1.Node {
	name := nodeName(n)
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:        name,
		Annotations: map[string]string{kubevirtv1.VirtHandlerHeartbeat: heartbeat(time.Now())},
		Labels: map[string]string{
			corev1.LabelHostname:                     name,
			corev1.LabelArchStable:                   "amd64",
			corev1.LabelOSStable:                     "linux",
			corev1.LabelTopologyZone:                 fmt.Sprintf("zone-%d", n%3+1),
			"node-role.kubernetes.io/worker":         "",
			kubevirtv1.NodeSchedulable:               "true",
			kubevirtv1.KSMEnabledLabel:               "false",
			kubevirtv1.VMArchLabel + "amd64":         "true",
			kubevirtv1.CPUManager:                    "false",
			kubevirtv1.CPUModelVendorLabel + "Intel": "true",
		},
	}}
	for _, model := range []string{"Nehalem", "Westmere", "SandyBridge", "Haswell-noTSX", "Skylake-Server", "Cascadelake-Server", "qemu64"} {
		node.Labels[kubevirtv1.CPUModelLabel+model] = "true"
		node.Labels[kubevirtv1.SupportedHostModelMigrationCPU+model] = "true"
	}
	node.Labels[kubevirtv1.HostModelCPULabel+"Cascadelake-Server"] = "true"
	for _, feature := range []string{"aes", "avx", "avx2", "vmx", "pcid", "x2apic"} {
		node.Labels[kubevirtv1.CPUFeatureLabel+feature] = "true"
	}
	for _, feature := range []string{"vpindex", "runtime", "synic", "synic2", "synictimer", "reset", "frequencies", "reenlightenment", "tlbflush", "ipi"} {
		node.Labels[kubevirtv1.HypervLabel+feature] = "true"
	}
	for _, machine := range machineTypes {
		node.Labels[kubevirtv1.SupportedMachineTypeLabel+machine] = "true"
	}
	return node
}

// machineTypes are what the nodes offer; the last is what q35 stands for.
var machineTypes = []string{"pc", "q35", "pc-i440fx-10.0", "pc-q35-9.2", currentMachineType}

const currentMachineType = "pc-q35-10.0"

func setNodeStatus(node *corev1.Node, n int, up bool) {
	room := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("64"),
		corev1.ResourceMemory:           resource.MustParse("256Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		corev1.ResourcePods:             resource.MustParse("1000"),
	}
	for _, device := range []string{"kvm", "tun", "vhost-net"} {
		room[corev1.ResourceName("devices.kubevirt.io/"+device)] = resource.MustParse("1000")
	}
	node.Status.Capacity, node.Status.Allocatable = room, room.DeepCopy()
	node.Status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("198.19.0.%d", n+1)},
		{Type: corev1.NodeHostName, Address: node.Name},
	}
	node.Status.NodeInfo = corev1.NodeSystemInfo{
		Architecture: "amd64", OperatingSystem: "linux", OSImage: "simulated", KernelVersion: "6.12.0",
		KubeletVersion: "v1.34.3", ContainerRuntimeVersion: "nodesim://1",
	}
	ready := corev1.NodeCondition{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady",
		Message: "the simulated kubelet is ready", LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now(),
	}
	if !up {
		ready.Status, ready.Reason, ready.Message = corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
	}
	node.Status.Conditions = []corev1.NodeCondition{ready}
}

// heartbeat is virt-handler's sign of life.
func heartbeat(at time.Time) string {
	return at.UTC().Format(time.RFC3339)
}

// heartbeats renews the sign of life of every node until ctx ends.
func (s *Simulator) heartbeats(ctx context.Context) {
	ticker := time.NewTicker(heartbeatPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, object := range s.cache.nodes.GetStore().List() {
			if node, ok := object.(*corev1.Node); ok && !knobsOf(node).on(KnobDown) {
				s.beat(ctx, node, time.Now())
			}
		}
	}
}

// createHandlerSet makes the DaemonSet that virt-controller looks for when a
// node is silent, with the status of a finished roll-out.
func (s *Simulator) createHandlerSet(ctx context.Context) error {
	labels := map[string]string{kubevirtv1.AppLabel: handlerName}
	set := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.opts.Namespace, Name: handlerName, Labels: labels},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: handlerPodSpec("")},
		},
	}
	sets := s.core.AppsV1().DaemonSets(s.opts.Namespace)
	set, err := sets.Create(ctx, set, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the DaemonSet of virt-handler: %w", err)
	}
	count := int32(s.opts.Nodes)
	set.Status = appsv1.DaemonSetStatus{
		CurrentNumberScheduled: count, DesiredNumberScheduled: count, NumberReady: count,
		UpdatedNumberScheduled: count, NumberAvailable: count, ObservedGeneration: set.Generation,
	}
	if _, err := sets.UpdateStatus(ctx, set, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("write the status of virt-handler's DaemonSet: %w", err)
	}
	return nil
}

const handlerName = "virt-handler"

func handlerPodSpec(node string) corev1.PodSpec {
	return corev1.PodSpec{
		NodeName:   node,
		Containers: []corev1.Container{{Name: handlerName, Image: "registry.example/kubevirt/virt-handler:v1.9.0"}},
	}
}

// createHandlerPod makes the pod by whose address virt-api finds the node's
// virt-handler.
func (s *Simulator) createHandlerPod(ctx context.Context, node string) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.opts.Namespace, Name: handlerName + "-" + node,
			Labels: map[string]string{kubevirtv1.AppLabel: handlerName},
		},
		Spec: handlerPodSpec(node),
	}
	_, err := s.core.CoreV1().Pods(s.opts.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create the virt-handler pod of %s: %w", node, err)
	}
	return nil
}

// handlerHost is the address of every virt-handler pod.
func (s *Simulator) handlerHost() string {
	host, _, err := net.SplitHostPort(s.opts.HandlerAddress)
	if err != nil {
		return "127.0.0.1"
	}
	return host
}
