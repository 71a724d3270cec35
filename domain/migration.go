package domain

import "time"

// MigrationState is what an instance says of its latest live migration; it stays after the migration has ended.
type MigrationState struct {
	UID        string    `json:"uid,omitempty"` // of the [Migration]
	SourceNode string    `json:"sourceNode,omitempty"`
	TargetNode string    `json:"targetNode,omitempty"`
	StartedAt  time.Time `json:"startedAt,omitzero"`
	EndedAt    time.Time `json:"endedAt,omitzero"`
	Completed  bool      `json:"completed,omitempty"`
	Failed     bool      `json:"failed,omitempty"`
	// FailureReason is the back end's text, AbortStatus its word for a cancel (Aborting, Succeeded, Failed),
	// Mode is PreCopy, PostCopy or Paused.
	FailureReason string `json:"failureReason,omitempty"`
	AbortStatus   string `json:"abortStatus,omitempty"`
	Mode          string `json:"mode,omitempty"`
}

// Migration is a live migration of a VM to another node of its cluster. Back ends keep only the latest few that ended
// (KubeVirt: five per VM), so do not store its name for good.
type Migration struct {
	Cluster   string    `json:"cluster"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	UID       string    `json:"uid"`
	Revision  string    `json:"revision,omitempty"`
	CreatedAt time.Time `json:"createdAt,omitzero"`
	// VMName is the VM that moves.
	VMName string `json:"vmName"`
	// Phase, and RawPhase in KubeVirt's words: Pending, Scheduling, Scheduled, PreparingTarget, TargetReady, Running,
	// Succeeded, Failed, and since 1.6 WaitingForSync, Synchronizing.
	Phase    Phase  `json:"phase"`
	RawPhase string `json:"rawPhase,omitempty"`
	// CancelRequested is true once a cancel was accepted and is not finished.
	CancelRequested bool `json:"cancelRequested,omitempty"`
	// Message says why it failed, or what it waits for.
	Message string `json:"message,omitempty"`
	// State is the instance's side of it, when it has begun.
	State MigrationState `json:"state,omitzero"`
}

// Ref points at the migration, with its UID.
func (m *Migration) Ref() Ref {
	return Ref{Cluster: m.Cluster, Namespace: m.Namespace, Name: m.Name, UID: m.UID}
}

// MigrationList is a page of migrations, the active ones first, then the newest.
type MigrationList = Page[*Migration]
