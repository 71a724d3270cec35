package mock

import (
	"github.com/kv-shepherd/shepherd-go/domain"
)

// conclude adds the status, and what explains it.
func conclude(vm *domain.VM, r *record) {
	vm.Status, vm.Reason, vm.Since = r.machine.Status()
	vm.SelfHealing = vm.Status == domain.StatusFailed && vm.Reason.SelfHealing()
	if count, retry := r.machine.StartFailures(); count > 0 {
		vm.StartFailure = &domain.StartFailure{Count: count, RetryAfter: retry}
	}
	problem, ok := problems[vm.Reason]
	if !ok {
		return
	}
	if ended := r.machine.Instance().Ended; ended != "" && vm.Reason == domain.ReasonInstanceFailed {
		problem.Reason, problem.Message = ended, ""
	}
	problem.Since = vm.Since
	vm.Problems = []domain.Problem{problem}
	vm.Message = problem.Message
	if vm.Message == "" {
		vm.Message = problem.Reason
	}
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
