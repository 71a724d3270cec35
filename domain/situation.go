package domain

// RunStrategy says when a VM runs. Values that this version does not know are kept as they came.
type RunStrategy string

// KubeVirt's run strategies.
const (
	// RunStrategyAlways keeps an instance running; the controller replaces one that ends.
	RunStrategyAlways RunStrategy = "Always"
	// RunStrategyHalted keeps the VM off.
	RunStrategyHalted RunStrategy = "Halted"
	// RunStrategyManual starts and stops only on request.
	RunStrategyManual RunStrategy = "Manual"
	// RunStrategyRerunOnFailure runs until the guest shuts itself down; a failed instance is replaced.
	RunStrategyRerunOnFailure RunStrategy = "RerunOnFailure"
	// RunStrategyOnce runs one instance; when that has ended, no other follows.
	RunStrategyOnce RunStrategy = "Once"
	// RunStrategyWaitAsReceiver waits for a migration from another cluster (KubeVirt 1.6, gate DecentralizedLiveMigration).
	RunStrategyWaitAsReceiver RunStrategy = "WaitAsReceiver"
)

// RunStrategies returns the known run strategies.
func RunStrategies() []RunStrategy {
	return []RunStrategy{RunStrategyAlways, RunStrategyHalted, RunStrategyManual, RunStrategyRerunOnFailure,
		RunStrategyOnce, RunStrategyWaitAsReceiver}
}

// InstanceState says how far a VM's instance is.
type InstanceState string

// The instance states.
const (
	InstanceNone     InstanceState = "None"     // no instance, or one the back end has not begun with
	InstanceStarting InstanceState = "Starting" // being placed or booted: phases Pending, Scheduling, Scheduled, WaitingForSync
	InstanceLive     InstanceState = "Live"     // phase Running
	InstanceFinal    InstanceState = "Final"    // ended well: phase Succeeded
	InstanceFailed   InstanceState = "Failed"   // ended badly: phase Failed
)

// InstanceStates returns the five instance states.
func InstanceStates() []InstanceState {
	return []InstanceState{InstanceNone, InstanceStarting, InstanceLive, InstanceFinal, InstanceFailed}
}

// Situation is all that decides whether a verb is allowed on a VM: the key of the lifecycle table. The status is not:
// a STOPPED VM with run strategy Always and one with Halted answer a start differently.
type Situation struct {
	Strategy RunStrategy   `json:"strategy"`
	Instance InstanceState `json:"instance"`
	// Paused: the instance's CPUs are stopped.
	Paused bool `json:"paused,omitempty"`
	// StopPending: the instance is being deleted.
	StopPending bool `json:"stopPending,omitempty"`
	// ChangeQueued: a start, stop or restart request waits for the controller.
	ChangeQueued bool `json:"changeQueued,omitempty"`
	// Migrating: the instance is being moved right now.
	Migrating bool `json:"migrating,omitempty"`
	// MigrationInFlight: an unfinished migration exists, whether it moves already or waits.
	MigrationInFlight bool `json:"migrationInFlight,omitempty"`
	// Snapshotting: a snapshot is being taken.
	Snapshotting bool `json:"snapshotting,omitempty"`
	// Restoring: a restore into this VM is not finished.
	Restoring bool `json:"restoring,omitempty"`
	// Deleting: a delete was accepted.
	Deleting bool `json:"deleting,omitempty"`
	// ManualRecovery: a volume migration failed and must be repaired by hand.
	ManualRecovery bool `json:"manualRecovery,omitempty"`
	// ProbeForbidsPause: a liveness probe other than the guest agent's ping would fail a paused VM.
	ProbeForbidsPause bool `json:"probeForbidsPause,omitempty"`
	// SoftRebootable: No when there is neither a guest agent nor ACPI.
	SoftRebootable Fact `json:"softRebootable,omitempty"`
	// LiveMigratable: No when the instance says it cannot be migrated; unknown is not No.
	LiveMigratable Fact `json:"liveMigratable,omitempty"`
}

// hasInstance says whether an instance exists that has not ended.
func (s Situation) hasInstance() bool {
	return s.Instance == InstanceStarting || s.Instance == InstanceLive
}
