package kubevirtsim

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// condition is a condition without its times, which carry derives.
type condition struct {
	kind, status, reason, message string
}

func yes(kind kubevirtv1.VirtualMachineInstanceConditionType) condition {
	return condition{kind: string(kind), status: "True"}
}

func no(kind kubevirtv1.VirtualMachineInstanceConditionType, reason, message string) condition {
	return condition{kind: string(kind), status: "False", reason: reason, message: message}
}

// instanceConditions are those of an instance, in the words that a KubeVirt 1.9.0 was seen to use.
func instanceConditions(m *vmsim.Machine, place string) []condition {
	i, knobs := m.Instance(), m.Knobs()
	list := []condition{readiness(i)}
	switch i.Blocked {
	case "FailedPvcNotFound":
		message := "PVC " + place + " does not exist, waiting for it to appear"
		list = append(list, no(kubevirtv1.VirtualMachineInstanceSynchronized, "FailedPvcNotFound", message),
			condition{string(corev1.PodScheduled), "False", "Unschedulable", message})
	case "Unschedulable":
		list = append(list, condition{string(corev1.PodScheduled), "False", "Unschedulable",
			"0/3 nodes are available: 3 Insufficient memory."})
	case "ErrImagePull", "ImagePullBackOff":
		list = append(list, no(kubevirtv1.VirtualMachineInstanceSynchronized, i.Blocked, "failed to pull the image"))
	}
	if i.Started.IsZero() {
		return list
	}
	migratable := yes(kubevirtv1.VirtualMachineInstanceIsMigratable)
	if knobs.NotMigratable {
		migratable = no(kubevirtv1.VirtualMachineInstanceIsMigratable, kubevirtv1.VirtualMachineInstanceReasonDisksNotMigratable,
			"cannot migrate VMI: a claim is not shared")
	}
	list = append(list, migratable)
	migratable.kind = string(kubevirtv1.VirtualMachineInstanceIsStorageLiveMigratable)
	list = append(list, migratable)
	if i.Agent {
		list = append(list, yes(kubevirtv1.VirtualMachineInstanceAgentConnected))
	}
	if reason, message := pausedWords(m); reason != "" {
		list = append(list, condition{string(kubevirtv1.VirtualMachineInstancePaused), "True", reason, message})
	}
	return list
}

// readiness is the condition Ready of an instance.
func readiness(i vmsim.Instance) condition {
	const ready = kubevirtv1.VirtualMachineInstanceReady
	switch {
	case i.Phase == vmsim.PhaseSucceeded, i.Phase == vmsim.PhaseFailed, i.Deleting:
		return no(ready, kubevirtv1.PodTerminatingReason, "virt-launcher pod is terminating")
	case i.Phase == vmsim.PhaseRunning:
		return yes(ready)
	case i.Phase == vmsim.PhasePending, i.Phase == vmsim.PhaseWaitingForSync:
		return no(ready, kubevirtv1.PodNotExistsReason, "virt-launcher pod has not yet been scheduled")
	default:
		return no(ready, kubevirtv1.GuestNotRunningReason, "Guest VM is not reported as running")
	}
}

// pausedWords are reason and message of the condition Paused; "" when the instance is not.
func pausedWords(m *vmsim.Machine) (reason, message string) {
	s := m.Signals()
	switch {
	case !s.Situation.Paused:
		return "", ""
	case s.PausedReason == domain.ReasonPausedIOError:
		return "PausedIOError", "VMI was paused, low-level IO error detected"
	default:
		return "PausedByUser", "VMI was paused by user"
	}
}

// vmConditions are those of the VM: the instance's, copied as long as there is one, and its own. A stopped VM keeps what
// was last copied (vm.go:2747 of KubeVirt v1.9.0), but for Ready.
func vmConditions(m *vmsim.Machine, before []kubevirtv1.VirtualMachineCondition, ofInstance []condition, own []condition) []condition {
	if m.Instance().Serial != 0 {
		return append(slices.Clone(ofInstance), own...)
	}
	list := []condition{no("Ready", "VMINotExists", "VMI does not exist")}
	for _, c := range before {
		if kind := string(c.Type); kind != "Ready" && !ownCondition(kind) {
			list = append(list, condition{kind, string(c.Status), c.Reason, c.Message})
		}
	}
	return append(list, own...)
}

// ownCondition names the conditions that the controller writes of its own, and takes away again.
func ownCondition(kind string) bool {
	switch kubevirtv1.VirtualMachineConditionType(kind) {
	case kubevirtv1.VirtualMachineFailure, kubevirtv1.VirtualMachineRestartRequired, kubevirtv1.VirtualMachineManualRecoveryRequired:
		return true
	default:
		return false
	}
}

// carryVM gives conditions their times: one whose status is as before keeps the time of its last transition.
func carryVM(before []kubevirtv1.VirtualMachineCondition, list []condition, now metav1.Time) []kubevirtv1.VirtualMachineCondition {
	var out []kubevirtv1.VirtualMachineCondition
	for _, c := range list {
		at := now
		for _, old := range before {
			if string(old.Type) == c.kind && string(old.Status) == c.status {
				at = old.LastTransitionTime
			}
		}
		out = append(out, kubevirtv1.VirtualMachineCondition{Type: kubevirtv1.VirtualMachineConditionType(c.kind),
			Status: corev1.ConditionStatus(c.status), Reason: c.reason, Message: c.message, LastTransitionTime: at})
	}
	return out
}

// carryInstance is carryVM for the other type.
func carryInstance(before []kubevirtv1.VirtualMachineInstanceCondition, list []condition, now metav1.Time) []kubevirtv1.VirtualMachineInstanceCondition {
	var out []kubevirtv1.VirtualMachineInstanceCondition
	for _, c := range list {
		at := now
		for _, old := range before {
			if string(old.Type) == c.kind && string(old.Status) == c.status {
				at = old.LastTransitionTime
			}
		}
		out = append(out, kubevirtv1.VirtualMachineInstanceCondition{Type: kubevirtv1.VirtualMachineInstanceConditionType(c.kind),
			Status: corev1.ConditionStatus(c.status), Reason: c.reason, Message: c.message, LastTransitionTime: at})
	}
	return out
}
