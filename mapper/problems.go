package mapper

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// conditionOf names the condition that holds the text of a failure which printableStatus only names
// (pkg/virt-controller/watch/vm/vm.go, v1.9.0). A failed DataVolume has its text in the DataVolume, which is not read.
var conditionOf = map[domain.Reason]string{
	domain.ReasonMissingClaim:  "Synchronized",
	domain.ReasonImagePull:     "Synchronized",
	domain.ReasonUnschedulable: "PodScheduled",
	domain.ReasonCreateFailed:  "Failure",
	domain.ReasonPausedIOError: "Paused",
}

// sourceOf names the problem that explains a reason.
func sourceOf(reason domain.Reason) string {
	switch reason {
	case domain.ReasonInstanceFailed:
		return "instance"
	case domain.ReasonCrashLoop:
		return "startFailure"
	case domain.ReasonDataVolumeError:
		return "status"
	case "":
		return ""
	}
	if condition, ok := conditionOf[reason]; ok {
		return "condition/" + condition
	}
	return ""
}

// explain lists the errors that are to be found, in this order: the condition Failure, the instance's conditions
// Synchronized, PodScheduled and Paused (I/O error), ManualRecoveryRequired, start failures, the end of a failed
// instance, volumes that cannot be attached. The one that explains the status is then taken to the front, and its text
// is the message of the VM; where there is none, the printable status itself is.
func explain(vm *domain.VM, v *vmView, i *instanceView) {
	p := conditionProblems(v, i)
	if f := vm.StartFailure; f != nil && f.Count > 0 {
		p = append(p, domain.Problem{Source: "startFailure", Reason: "CrashLoopBackOff"})
	}
	if vm.Instance == domain.InstanceFailed && i != nil {
		p = append(p, domain.Problem{Source: "instance", Reason: first(i.reason, "Failed"), Since: i.phaseSince})
	}
	if i != nil {
		p = volumeProblems(p, i)
	}
	source := sourceOf(vm.Reason)
	if source == "" {
		vm.Problems = p
		return
	}
	at := slices.IndexFunc(p, func(p domain.Problem) bool { return p.Source == source })
	switch {
	case at >= 0:
		explaining := p[at]
		copy(p[1:at+1], p[:at])
		p[0] = explaining
	case vm.Status == domain.StatusFailed:
		p = slices.Insert(p, 0, domain.Problem{Source: "status", Reason: vm.RawStatus})
	default:
		vm.Problems = p
		return
	}
	vm.Problems = p
	vm.Message = first(p[0].Message, p[0].Reason)
}

func conditionProblems(v *vmView, i *instanceView) []domain.Problem {
	var p []domain.Problem
	if c := find(v.conditions, "Failure"); c.isTrue() {
		p = append(p, problem(c))
	}
	if i != nil && !ended(instanceState(i.phase)) {
		if c := find(i.conditions, "Synchronized"); c.isFalse() {
			p = append(p, problem(c))
		}
		if c := find(i.conditions, "PodScheduled"); c.isFalse() {
			p = append(p, problem(c))
		}
		if c := find(i.conditions, "Paused"); pausedReason(c) == domain.ReasonPausedIOError {
			p = append(p, problem(c))
		}
	}
	if c := find(v.conditions, "ManualRecoveryRequired"); c.isTrue() {
		p = append(p, problem(c))
	}
	return p
}

func problem(c *conditionView) domain.Problem {
	return domain.Problem{
		Source:  "condition/" + c.kind,
		Reason:  c.reason,
		Message: c.message,
		Since:   c.since,
	}
}

// volumeProblems adds volumes that wait with a reason, and memory dumps that failed.
func volumeProblems(p []domain.Problem, i *instanceView) []domain.Problem {
	for n := range i.volumes {
		s := &i.volumes[n]
		if s.failing() {
			p = append(p, domain.Problem{Source: "volume/" + s.name, Reason: s.reason, Message: s.message})
		}
	}
	return p
}
