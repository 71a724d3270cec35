package domain

import "time"

// Snapshot is a point-in-time copy of a VM's definition and of those of its disks whose storage can.
type Snapshot struct {
	Cluster   string            `json:"cluster"`
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	UID       string            `json:"uid"`
	Revision  string            `json:"revision,omitempty"`
	CreatedAt time.Time         `json:"createdAt,omitzero"`
	Labels    map[string]string `json:"labels,omitempty"`
	Deleting  bool              `json:"deleting,omitempty"`
	// VMName and VMUID are the source; VMUID is empty until the back end has seen it.
	VMName string `json:"vmName"`
	VMUID  string `json:"vmUid,omitempty"`
	// Phase is SUCCEEDED only when the snapshot can be restored from: KubeVirt's own phase Succeeded, kept in
	// RawPhase, comes earlier.
	Phase    Phase  `json:"phase"`
	RawPhase string `json:"rawPhase,omitempty"`
	Message  string `json:"message,omitempty"`
	// TakenAt is the point in time it holds.
	TakenAt time.Time `json:"takenAt,omitzero"`
	// Deadline is how long it may take before it fails; zero is the back end's default (KubeVirt: 5 minutes).
	Deadline time.Duration `json:"deadline,omitempty"`
	// Indications tell its quality in KubeVirt's words: Online, NoGuestAgent, GuestAgent, QuiesceTimeout, Paused, PartialSnapshot.
	Indications []string `json:"indications,omitempty"`
	// Included and Excluded are the volumes that it does and does not hold: a snapshot can succeed and hold none.
	Included []string `json:"included,omitempty"`
	Excluded []string `json:"excluded,omitempty"`
}

// RestorePolicy says what a restore does about a target that runs.
type RestorePolicy string

// The restore policies, as KubeVirt 1.5 has them.
const (
	RestoreWaitGracePeriod RestorePolicy = "WaitGracePeriod" // wait 5 minutes for it to stop, then fail; the default
	RestoreStopTarget      RestorePolicy = "StopTarget"
	RestoreFailImmediate   RestorePolicy = "FailImmediate"
	RestoreWaitEventually  RestorePolicy = "WaitEventually"
)

// Restore puts a snapshot back into a VM, or into a new one.
type Restore struct {
	Cluster      string        `json:"cluster"`
	Namespace    string        `json:"namespace"`
	Name         string        `json:"name"`
	UID          string        `json:"uid"`
	Revision     string        `json:"revision,omitempty"`
	CreatedAt    time.Time     `json:"createdAt,omitzero"`
	SnapshotName string        `json:"snapshotName"`
	TargetName   string        `json:"targetName"`
	Policy       RestorePolicy `json:"policy,omitempty"`
	Phase        Phase         `json:"phase"`
	Message      string        `json:"message,omitempty"`
	EndedAt      time.Time     `json:"endedAt,omitzero"`
}

// Clone makes a new VM out of a VM or a snapshot.
type Clone struct {
	Cluster   string    `json:"cluster"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	UID       string    `json:"uid"`
	Revision  string    `json:"revision,omitempty"`
	CreatedAt time.Time `json:"createdAt,omitzero"`
	// SourceVM or SourceSnapshot is set, not both.
	SourceVM       string `json:"sourceVm,omitempty"`
	SourceSnapshot string `json:"sourceSnapshot,omitempty"`
	// TargetName is the new VM; empty until the back end has chosen it.
	TargetName string `json:"targetName,omitempty"`
	Phase      Phase  `json:"phase"`
	RawPhase   string `json:"rawPhase,omitempty"`
	Message    string `json:"message,omitempty"`
}

// Export offers the disks of a VM, snapshot or claim for download.
type Export struct {
	Cluster   string    `json:"cluster"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	UID       string    `json:"uid"`
	Revision  string    `json:"revision,omitempty"`
	CreatedAt time.Time `json:"createdAt,omitzero"`
	// SourceKind is VirtualMachine, VirtualMachineSnapshot or PersistentVolumeClaim.
	SourceKind string `json:"sourceKind"`
	SourceName string `json:"sourceName"`
	// Phase is RUNNING while the export can be downloaded, SUCCEEDED when its time is over.
	Phase     Phase     `json:"phase"`
	RawPhase  string    `json:"rawPhase,omitempty"`
	Message   string    `json:"message,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// TokenSecret names the Kubernetes secret with the download token.
	TokenSecret string       `json:"tokenSecret,omitempty"`
	Links       []ExportLink `json:"links,omitempty"`
}

// ExportLink is one download.
type ExportLink struct {
	Volume string `json:"volume"`
	Format string `json:"format"` // raw, gzip, dir, tar.gz
	URL    string `json:"url"`
	// External links are reachable from outside the cluster.
	External bool `json:"external,omitempty"`
}
