package kubevirtsim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

// What virt-api hands on to the instance's node: pause, unpause, reset, soft reboot, freeze and unfreeze
// (pkg/virt-api/rest/lifecycle.go and subresource.go). It asks the objects whether that makes sense; whether it is done is
// the node's word, and a refusal of the node's comes back as an internal error.

const (
	textInstanceNotRunning = "VMI is not running"
	textNoAgent            = "VMI does not have guest agent connected"
)

func (a *virtAPI) pause(q *question) error {
	opts := &kubevirtv1.PauseOptions{}
	if err := q.decode(opts); err != nil {
		return err
	}
	return a.onNode(q, isDryRun(opts.DryRun), func(vmi *kubevirtv1.VirtualMachineInstance) error {
		switch {
		case vmi.Status.Phase != kubevirtv1.Running:
			return instanceConflict(q.name, textNotRunning)
		case a.probeForbidsPause(vmi) != "":
			return apierrors.NewForbidden(anInstance, q.name, errors.New(a.probeForbidsPause(vmi)))
		case hasCondition(vmi, kubevirtv1.VirtualMachineInstancePaused):
			return instanceConflict(q.name, "VMI is already paused")
		}
		return nil
	}, happens("Pause", vmsim.Pause))
}

// probeForbidsPause says why a paused guest would be taken for a dead one; empty when it would not. Up to 1.6 that was
// said of every liveness probe, since 1.7 not of a guest agent's ping.
func (a *virtAPI) probeForbidsPause(vmi *kubevirtv1.VirtualMachineInstance) string {
	probe := vmi.Spec.LivenessProbe
	switch {
	case probe == nil || a.version.since(7) && probe.GuestAgentPing != nil:
		return ""
	case a.version.since(7):
		return "Pausing VMIs with a non-GuestAgentPing LivenessProbe is not supported"
	default:
		return "Pausing VMIs with LivenessProbe is currently not supported"
	}
}

func (a *virtAPI) unpause(q *question) error {
	if vm, err := a.machine(q); err == nil && vm.Status.SnapshotInProgress != nil && a.version.since(5) {
		return machineConflict(q.name, "VM snapshot is in progress")
	}
	opts := &kubevirtv1.UnpauseOptions{}
	if err := q.decode(opts); err != nil {
		return err
	}
	return a.onNode(q, isDryRun(opts.DryRun), func(vmi *kubevirtv1.VirtualMachineInstance) error {
		switch {
		case vmi.Status.Phase != kubevirtv1.Running:
			return instanceConflict(q.name, textInstanceNotRunning)
		case !hasCondition(vmi, kubevirtv1.VirtualMachineInstancePaused):
			return instanceConflict(q.name, "VMI is not paused")
		}
		return nil
	}, happens("Unpause", vmsim.Unpause))
}

func (a *virtAPI) softReboot(q *question) error {
	return a.onNode(q, false, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		features := vmi.Spec.Domain.Features
		deaf := features != nil && features.ACPI.Enabled != nil && !*features.ACPI.Enabled
		switch {
		case vmi.Status.Phase != kubevirtv1.Running:
			return instanceConflict(q.name, textNotRunning)
		case isPaused(vmi):
			return instanceConflict(q.name, "VMI is paused")
		case deaf && !hasCondition(vmi, kubevirtv1.VirtualMachineInstanceAgentConnected):
			return instanceConflict(q.name, "VMI neither have the agent connected nor the ACPI feature enabled")
		}
		return nil
	}, happens("SoftReboot", vmsim.SoftReboot))
}

func isPaused(vmi *kubevirtv1.VirtualMachineInstance) bool {
	return slices.ContainsFunc(vmi.Status.Conditions, func(c kubevirtv1.VirtualMachineInstanceCondition) bool {
		return c.Type == kubevirtv1.VirtualMachineInstancePaused && c.Status == corev1.ConditionTrue
	})
}

// reset checks nothing itself. What goes wrong is told along with the phase of an instance that does not run.
func (a *virtAPI) reset(q *question) error {
	err := a.onNode(q, false, func(*kubevirtv1.VirtualMachineInstance) error { return nil }, happens("Reset", vmsim.Reset))
	status, refused := errors.AsType[*apierrors.StatusError](err)
	vmi, _ := a.instance(q)
	if !refused || vmi == nil || vmi.IsRunning() {
		return err
	}
	if failed, ok := errors.AsType[*nodeError](err); ok {
		return apierrors.NewInternalError(fmt.Errorf("Failed to reset non-running VMI with phase %s: %w", vmi.Status.Phase, failed.cause))
	}
	status.ErrStatus.Message = fmt.Sprintf("Failed to reset non-running VMI with phase %s: %s", vmi.Status.Phase, status.ErrStatus.Message)
	return status
}

// freeze has the node freeze the guest's file systems. The time after which they thaw by themselves is required, though
// virt-api does not look; here they stay frozen until they are thawed.
func (a *virtAPI) freeze(q *question) error {
	return a.onNode(q, false, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		if vmi.Status.Phase != kubevirtv1.Running {
			return instanceConflict(q.name, textNotRunning)
		}
		return nil
	}, func(g *guest, _ time.Time) error {
		opts := &kubevirtv1.FreezeUnfreezeTimeout{}
		if err := q.decode(opts); err != nil {
			return handlerRefuses(http.StatusBadRequest, "failed to unmarshal unfreeze timeout")
		}
		if opts.UnfreezeTimeout == nil {
			return handlerRefuses(http.StatusBadRequest, "Unfreeze timeout in freeze request is not set")
		}
		return a.setFrozen(q, g, "Freeze", "frozen")
	})
}

func (a *virtAPI) unfreeze(q *question) error {
	return a.onNode(q, false, func(vmi *kubevirtv1.VirtualMachineInstance) error {
		if vmi.Status.Phase != kubevirtv1.Running {
			return instanceConflict(q.name, textInstanceNotRunning)
		}
		return nil
	}, func(g *guest, _ time.Time) error { return a.setFrozen(q, g, "Unfreeze", "") })
}

// setFrozen is what the agent does, and the node reports.
func (a *virtAPI) setFrozen(q *question, g *guest, command, status string) error {
	if !g.machine.Instance().Agent {
		return handlerRefuses(http.StatusBadRequest, commandFailed(command, "Guest agent is not responding: QEMU guest agent is not connected"))
	}
	ref := rest.Ref{Resource: instances, Namespace: q.namespace, Name: q.name}
	return a.sim.controller.update(ref, managerHandler, "", func(u *unstructured.Unstructured) error {
		if status == "" {
			unstructured.RemoveNestedField(u.Object, "status", "fsFreezeStatus")
			return nil
		}
		return unstructured.SetNestedField(u.Object, status, "status", "fsFreezeStatus")
	})
}

// happens lets an event happen to a guest that runs.
func happens(command string, kind vmsim.Kind) func(*guest, time.Time) error {
	return func(g *guest, now time.Time) error {
		if g.machine.Instance().Phase != vmsim.PhaseRunning {
			return handlerRefuses(http.StatusInternalServerError, commandFailed(command, "Requested operation is not valid: domain is not running"))
		}
		g.machine.Force(now, vmsim.Event{Kind: kind})
		return nil
	}
}

// onNode hands a verb on to the instance's node, if the object lets it. An instance that no VM has is nobody's here, and
// takes everything without doing it.
func (a *virtAPI) onNode(q *question, dryRun bool, check func(*kubevirtv1.VirtualMachineInstance) error, do func(*guest, time.Time) error) error {
	vmi, err := a.instance(q)
	if err != nil {
		return err
	}
	if err := check(vmi); err != nil {
		return err
	}
	if err := hasNode(vmi); err != nil || dryRun {
		return err
	}
	err = a.sim.controller.reach(q.namespace, q.name, func(g *guest, now time.Time) error {
		if g.instanceUID != vmi.UID {
			return nil
		}
		return do(g, now)
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// hasNode says whether there is a node to talk to (dialers.go).
func hasNode(vmi *kubevirtv1.VirtualMachineInstance) error {
	if vmi.IsRunning() || vmi.IsScheduled() {
		return nil
	}
	return apierrors.NewBadRequest(fmt.Sprintf("Unable to connect to VirtualMachineInstance because phase is %s instead of %s or %s",
		vmi.Status.Phase, kubevirtv1.Running, kubevirtv1.Scheduled))
}

// nodeError is what a node refuses, as virt-api tells it: an internal error.
type nodeError struct {
	*apierrors.StatusError
	cause error
}

func (e *nodeError) Unwrap() error { return e.StatusError }

// handlerRefuses is a refusal of virt-handler's, in the words of virt-api's client of it (kubecli/handler.go).
func handlerRefuses(code int, text string) error {
	cause := fmt.Errorf("unexpected return code %d (%d %s), message: %s", code, code, http.StatusText(code), text)
	return &nodeError{apierrors.NewInternalError(cause), cause}
}

// commandFailed is how virt-handler tells what the guest's launcher said (pkg/virt-handler/cmd-client/errors.go).
func commandFailed(command, text string) string {
	return fmt.Sprintf("server error. command %s failed: %q", command, text)
}
