package mock

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// conclude adds the status, and what explains it.
func conclude(vm *domain.VM, r *record, status domain.VMStatus, reason domain.Reason, since time.Time) {
	vm.Status, vm.Reason, vm.Since = status, reason, since
	vm.SelfHealing = vm.Status == domain.StatusFailed && vm.Reason.SelfHealing()
	if count, retry := r.machine.StartFailures(); count > 0 {
		vm.StartFailure = &domain.StartFailure{Count: count, RetryAfter: retry}
	}
	problem, ok := r.problem(reason)
	if !ok {
		return
	}
	problem.Since = vm.Since
	vm.Problems = []domain.Problem{problem}
	vm.Message = problem.Message
	if vm.Message == "" {
		vm.Message = problem.Reason
	}
}

// problem is what explains a reason, of those that need it.
func (r *record) problem(reason domain.Reason) (domain.Problem, bool) {
	problem, ok := problems[reason]
	switch ended := r.machine.Instance().Ended; {
	case reason == domain.ReasonInstanceFailed && ended != "":
		problem.Reason, problem.Message = ended, ""
	case reason == domain.ReasonCreateFailed && r.machine.Knobs().ForeignInstance:
		problem.Message = "failure while starting VMI: virtualmachineinstances.kubevirt.io \"" + r.key.name + "\" already exists"
	}
	return problem, ok
}

// problems are where KubeVirt says why, and in what words.
var problems = map[domain.Reason]domain.Problem{
	domain.ReasonMissingClaim: {Source: "condition/Synchronized", Reason: "FailedPvcNotFound",
		Message: "failed to render launch manifest: didn't find PVC"},
	domain.ReasonDataVolumeError: {Source: "status", Reason: "DataVolumeError"},
	domain.ReasonUnschedulable: {Source: "condition/PodScheduled", Reason: "Unschedulable",
		Message: "0/3 nodes are available: 3 Insufficient memory."},
	domain.ReasonImagePull: {Source: "condition/Synchronized", Reason: "ImagePullBackOff",
		Message: "Back-off pulling image"},
	domain.ReasonCrashLoop: {Source: "startFailure", Reason: "CrashLoopBackOff"},
	domain.ReasonCreateFailed: {Source: "condition/Failure", Reason: "FailedCreate",
		Message: "failure while starting VMI: exceeded quota"},
	domain.ReasonInstanceFailed: {Source: "instance", Reason: "Failed"},
	domain.ReasonPausedIOError: {Source: "condition/Paused", Reason: "PausedIOError",
		Message: "VMI was paused, low-level IO error detected"},
}
