package nodesim

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

func TestKnobOrder(t *testing.T) {
	t.Parallel()
	k := knobs{{KnobCrash: "false", KnobStartDelay: "2s"}, {KnobCrash: "true", KnobStopDelay: "soon"}}
	if k.on(KnobCrash) {
		t.Error("the machine's annotation wins over the instance's")
	}
	if got := k.duration(KnobStartDelay, time.Minute); got != 2*time.Second {
		t.Errorf("start delay %s", got)
	}
	if got := k.duration(KnobStopDelay, time.Minute); got != time.Minute {
		t.Errorf("a stop delay that is none counts as %s", got)
	}
}

// TestLeft tells the launcher a finished migration started from among those
// that may run on the same node.
func TestLeft(t *testing.T) {
	t.Parallel()
	ended := metav1.NewTime(time.Now())
	instance := &kubevirtv1.VirtualMachineInstance{}
	instance.Status.MigrationState = &kubevirtv1.VirtualMachineInstanceMigrationState{
		MigrationUID: "first", SourceNode: "a", TargetNode: "b", TargetPod: "target", EndTimestamp: &ended,
	}
	pod := func(name, node, job string, age time.Duration) *corev1.Pod {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(ended.Add(-age))}}
		if job != "" {
			pod.Labels = map[string]string{kubevirtv1.MigrationJobLabel: job}
		}
		pod.Spec.NodeName = node
		return pod
	}
	cases := map[string]struct {
		why  string
		pod  *corev1.Pod
		want bool
	}{
		"source":            {"the first launcher has no job", pod("source", "a", "", time.Second), true},
		"source of a chain": {"an earlier target is a source now", pod("source", "a", "before", time.Second), true},
		"target":            {"the guest runs in it", pod("target", "b", "first", time.Second), false},
		"next target":       {"the next migration goes back to the first node", pod("next", "a", "second", -time.Second), false},
	}
	for name, c := range cases {
		if got := left(c.pod, instance); got != c.want {
			t.Errorf("%s: got %v, because %s", name, got, c.why)
		}
	}
}

func TestHotplugStages(t *testing.T) {
	t.Parallel()
	status := kubevirtv1.VolumeStatus{Name: "v", Phase: kubevirtv1.HotplugVolumeAttachedToNode}
	for _, want := range []kubevirtv1.VolumePhase{kubevirtv1.HotplugVolumeMounted, kubevirtv1.VolumeReady, kubevirtv1.VolumeReady} {
		if stepHotplug(&status, true, "sda"); status.Phase != want {
			t.Errorf("got %s, want %s", status.Phase, want)
		}
	}
	if stepHotplug(&status, false, "sda"); status.Phase != kubevirtv1.HotplugVolumeUnMounted || status.Target != "" {
		t.Errorf("unplugged: %+v", status)
	}
}
