package domain

import "time"

// Phase is how far a job is. A back end's own words are kept beside it.
type Phase string

// The phases. A job is in exactly one of them and leaves only PhasePending and PhaseRunning.
const (
	PhasePending   Phase = "PENDING"   // accepted, nothing done yet
	PhaseRunning   Phase = "RUNNING"   // under way
	PhaseSucceeded Phase = "SUCCEEDED" // done
	PhaseFailed    Phase = "FAILED"    // ended without its effect
	PhaseCanceled  Phase = "CANCELED"  // ended because somebody asked for it
	PhaseUnknown   Phase = "UNKNOWN"   // a word of a newer back end
)

// Ended says whether the phase is final.
func (p Phase) Ended() bool {
	return p == PhaseSucceeded || p == PhaseFailed || p == PhaseCanceled
}

// OperationKind says what an [Operation] does.
type OperationKind string

// The kinds of operation.
const (
	OperationMigration OperationKind = "migration"
	OperationSnapshot  OperationKind = "snapshot"
	OperationRestore   OperationKind = "restore"
	OperationClone     OperationKind = "clone"
	OperationExport    OperationKind = "export"
)

// Operation is a handle on a job that the cluster works on. It is plain data: another process can pick it up.
type Operation struct {
	Kind OperationKind `json:"kind"`
	// Job is the job object, with its UID. Target is the VM it is about.
	Job    Ref `json:"job"`
	Target Ref `json:"target"`
}

// Progress is how far an operation is.
type Progress struct {
	Phase Phase `json:"phase"`
	// Percent is 0 to 100, and nil when the back end has none. It is never invented.
	Percent *float64 `json:"percent,omitempty"`
	// RawPhase is the back end's word, Detail its text for what it waits for.
	RawPhase string    `json:"rawPhase,omitempty"`
	Detail   string    `json:"detail,omitempty"`
	At       time.Time `json:"at,omitzero"`
}
