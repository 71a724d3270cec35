package domain

import "slices"

// VMStatus is the one-word state of a VM. It is derived by [Signals.Status]; a missing VM is an error, not a status.
type VMStatus string

// The twelve statuses.
const (
	// StatusUnobserved: the controller has not looked at the VM yet; nothing is known about its state.
	StatusUnobserved VMStatus = "UNOBSERVED"
	// StatusPending: the VM should run, and nothing was placed yet; also a receiver of a migration that waits.
	StatusPending VMStatus = "PENDING"
	// StatusProvisioning: its disks are being made or bound.
	StatusProvisioning VMStatus = "PROVISIONING"
	// StatusStarting: an instance is being placed or booted.
	StatusStarting VMStatus = "STARTING"
	// StatusRunning: the instance runs. Whether the guest is ready is another question, see VM.Ready.
	StatusRunning VMStatus = "RUNNING"
	// StatusPaused: the instance exists, its CPUs are stopped.
	StatusPaused VMStatus = "PAUSED"
	// StatusMigrating: the instance moves to another node; it may be paused at the same time, see VM.Paused.
	StatusMigrating VMStatus = "MIGRATING"
	// StatusStopping: the instance is shutting down.
	StatusStopping VMStatus = "STOPPING"
	// StatusStopped: nothing runs, and nothing is about to.
	StatusStopped VMStatus = "STOPPED"
	// StatusFailed: the VM cannot do what it should; VM.Reason says why, VM.SelfHealing whether it recovers by itself.
	StatusFailed VMStatus = "FAILED"
	// StatusDeleting: a delete was accepted and is not finished.
	StatusDeleting VMStatus = "DELETING"
	// StatusUnknown: the back end says something that this version does not know; VM.RawStatus has the words.
	StatusUnknown VMStatus = "UNKNOWN"
)

// VMStatuses returns the twelve statuses, in the order of a VM's life.
func VMStatuses() []VMStatus {
	return []VMStatus{StatusUnobserved, StatusPending, StatusProvisioning, StatusStarting, StatusRunning, StatusPaused,
		StatusMigrating, StatusStopping, StatusStopped, StatusFailed, StatusDeleting, StatusUnknown}
}

// Reason says why a VM has its status. FAILED always has one of the failure reasons; other statuses may have none.
type Reason string

// Reasons of FAILED. All but ReasonInstanceFailed pass by themselves when their cause goes (VM.SelfHealing).
const (
	ReasonMissingClaim    Reason = "MISSING_CLAIM"     // a persistent volume claim does not exist
	ReasonDataVolumeError Reason = "DATA_VOLUME_ERROR" // a disk could not be imported or cloned
	ReasonUnschedulable   Reason = "UNSCHEDULABLE"     // no node has room, or fits
	ReasonImagePull       Reason = "IMAGE_PULL"        // an image cannot be pulled
	ReasonCrashLoop       Reason = "CRASH_LOOP"        // starts fail again and again; VM.StartFailure has count and time
	ReasonCreateFailed    Reason = "CREATE_FAILED"     // the instance cannot be created: quota, webhook, missing instance type
	ReasonInstanceFailed  Reason = "INSTANCE_FAILED"   // the instance failed and the run strategy does not replace it
)

// Reasons of PAUSED.
const (
	ReasonPausedByUser      Reason = "PAUSED_BY_USER"
	ReasonPausedIOError     Reason = "PAUSED_IO_ERROR"     // storage failed underneath
	ReasonPausedByMigration Reason = "PAUSED_BY_MIGRATION" // the migration monitor stopped it to let a migration finish
)

// FailureReasons returns the closed list of reasons of FAILED.
func FailureReasons() []Reason {
	return []Reason{ReasonMissingClaim, ReasonDataVolumeError, ReasonUnschedulable, ReasonImagePull, ReasonCrashLoop,
		ReasonCreateFailed, ReasonInstanceFailed}
}

// SelfHealing says whether a failure passes by itself once its cause is gone, without anybody starting the VM again.
func (r Reason) SelfHealing() bool {
	return r != ReasonInstanceFailed && slices.Contains(FailureReasons(), r)
}

// Signals are what a back end shows of a VM, and all that its status follows from. The mapper fills them from
// Kubernetes objects and the Mock from its machine, so that both speak of the same states in the same words.
type Signals struct {
	// Printable is KubeVirt's printableStatus, "" when not written. It is a cache of the controller's and lags.
	Printable string
	// Observed is true once the controller has written its Ready condition.
	Observed bool
	// Situation is what the lifecycle table sees.
	Situation Situation
	// StartQueued is true when a request to start waits for the controller. ChangeQueued does not say so: a request to
	// stop stays in the queue until the ended instance is gone, and announces no other one.
	StartQueued bool
	// CreateFailed is true when the controller's last attempt to create the instance failed (condition Failure).
	CreateFailed bool
	// EverRan is true when the VM has had an instance before.
	EverRan bool
	// Leaving is true when an ended instance is being deleted: how it ended was wanted, and says nothing.
	Leaving bool
	// PausedReason is the reason of the instance's Paused condition.
	PausedReason Reason
	// VolumesPending is true while an instance waits for its volumes to be bound.
	VolumesPending bool
}

// printableStatuses maps the words of KubeVirt that need no second look. The others are decided in Signals.Status.
// Source: VirtualMachinePrintableStatus in kubevirt.io/api core/v1 types.go, v1.9.0; the same 17 since v1.6.
var printableStatuses = map[string]struct {
	status VMStatus
	reason Reason
}{
	"Terminating":        {StatusDeleting, ""},
	"Stopping":           {StatusStopping, ""},
	"Migrating":          {StatusMigrating, ""},
	"Paused":             {StatusPaused, ""},
	"Running":            {StatusRunning, ""},
	"Starting":           {StatusStarting, ""},
	"Stopped":            {StatusStopped, ""},
	"WaitingForReceiver": {StatusPending, ""},
	"ErrorPvcNotFound":   {StatusFailed, ReasonMissingClaim},
	"DataVolumeError":    {StatusFailed, ReasonDataVolumeError},
	"ErrorUnschedulable": {StatusFailed, ReasonUnschedulable},
	"ErrImagePull":       {StatusFailed, ReasonImagePull},
	"ImagePullBackOff":   {StatusFailed, ReasonImagePull},
	"CrashLoopBackOff":   {StatusFailed, ReasonCrashLoop},
}

// Status derives the status and its reason. First match wins; the order is the reason why a paused VM that migrates
// reads MIGRATING, and why a VM whose delete was accepted never reads RUNNING. What the instance itself shows is
// believed before printableStatus, which the controller writes later.
func (s Signals) Status() (VMStatus, Reason) {
	at := s.Situation
	switch {
	case at.Deleting:
		return StatusDeleting, ""
	case !s.Observed && at.Instance == InstanceNone:
		return StatusUnobserved, ""
	case !s.knowsPrintable():
		return StatusUnknown, ""
	case at.hasInstance() && at.StopPending:
		return StatusStopping, ""
	case at.Instance == InstanceLive && at.Migrating:
		return StatusMigrating, ""
	case at.Instance == InstanceLive && at.Paused && s.PausedReason == ReasonPausedByMigration:
		return StatusMigrating, s.PausedReason
	case at.Instance == InstanceLive && at.Paused:
		return StatusPaused, s.PausedReason
	case at.Instance == InstanceLive:
		return StatusRunning, ""
	}
	return s.withoutLiveInstance()
}

// withoutLiveInstance decides for an instance that is absent, placed or finished: here printableStatus knows more.
func (s Signals) withoutLiveInstance() (VMStatus, Reason) {
	at := s.Situation
	row, known := printableStatuses[s.Printable]
	switch {
	case s.Printable == "Provisioning" || s.Printable == "WaitingForVolumeBinding":
		if s.wantsRunning() || !s.EverRan || at.hasInstance() {
			return StatusProvisioning, ""
		}
		return StatusStopped, ""
	case row.reason == ReasonCrashLoop && at.Strategy == RunStrategyOnce:
		return StatusFailed, ReasonInstanceFailed // KubeVirt says CrashLoopBackOff, and starts no other
	case row.reason == ReasonCrashLoop && at.Strategy == RunStrategyRerunOnFailure && !s.startsByItself():
		return StatusStopped, "" // stopped before it ever ran: KubeVirt counts a failed start, and makes no other
	case row.status == StatusFailed:
		return row.status, row.reason
	case at.Instance == InstanceStarting && s.Printable == "WaitingForReceiver":
		return StatusPending, ""
	case at.Instance == InstanceStarting && s.VolumesPending:
		return StatusProvisioning, ""
	case at.Instance == InstanceStarting:
		return StatusStarting, ""
	case at.Instance == InstanceNone && s.CreateFailed && s.wantsRunning():
		return StatusFailed, ReasonCreateFailed
	case at.Instance == InstanceFailed && !s.Leaving && (at.Strategy == RunStrategyManual || at.Strategy == RunStrategyOnce):
		return StatusFailed, ReasonInstanceFailed
	case s.Printable == "Stopped" && (s.startsByItself() || at.Strategy == RunStrategyWaitAsReceiver):
		return StatusPending, "" // the instant before the controller makes the instance, or between two of them
	case at.Instance == InstanceFinal || at.Instance == InstanceFailed:
		if s.startsByItself() { // whatever the words still say
			return StatusPending, ""
		}
		return StatusStopped, ""
	case known && isOfLiveInstance(row.status): // the words lag behind an instance that is gone
		if s.startsByItself() {
			return StatusPending, ""
		}
		return StatusStopped, ""
	case known:
		return row.status, row.reason
	}
	return StatusUnknown, ""
}

// knowsPrintable is false for words of a newer KubeVirt: they may mean anything, so nothing is concluded from the rest.
func (s Signals) knowsPrintable() bool {
	switch s.Printable {
	case "", "Unknown", "Provisioning", "WaitingForVolumeBinding":
		return true
	}
	_, known := printableStatuses[s.Printable]
	return known
}

// isOfLiveInstance names the statuses that cannot hold when no instance is there.
func isOfLiveInstance(status VMStatus) bool {
	switch status {
	case StatusRunning, StatusPaused, StatusMigrating, StatusStopping:
		return true
	default:
		return false
	}
}

// wantsRunning says whether the run strategy, or a queued request, asks for an instance that is not there yet.
func (s Signals) wantsRunning() bool {
	switch s.Situation.Strategy {
	case RunStrategyAlways, RunStrategyOnce, RunStrategyRerunOnFailure:
		return true
	default:
		return s.StartQueued
	}
}

// startsByItself says whether the controller is about to make an instance without another request. (RerunOnFailure
// starts one as well when the strategy was just changed to it; the VM does not show that.)
func (s Signals) startsByItself() bool {
	at := s.Situation
	switch at.Strategy {
	case RunStrategyAlways:
		return true
	case RunStrategyRerunOnFailure:
		return at.Instance == InstanceFailed && !s.Leaving || s.StartQueued || at.Instance == InstanceNone && !s.EverRan
	case RunStrategyOnce:
		return at.Instance == InstanceNone // an ended instance stays; one that was deleted is replaced
	default:
		return s.StartQueued
	}
}
