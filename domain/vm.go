package domain

import "time"

// VM is a virtual machine as a provider sees it: what was asked for, and what became of it. Every read returns a
// value of its own, which the caller may change.
type VM struct {
	// Identity of the object.

	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// UID tells this VM from another one that had or will have its name. It never changes.
	UID string `json:"uid"`
	// Revision changes with every change of the VM object, InstanceRevision with those of its instance. Both are
	// opaque: compare them for equality only. Revision is the precondition that writes take.
	Revision         string `json:"revision"`
	InstanceRevision string `json:"instanceRevision,omitempty"`
	// Generation counts the changes of what was asked for.
	Generation  int64             `json:"generation,omitempty"`
	CreatedAt   time.Time         `json:"createdAt,omitzero"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// GuestLabels are those that the instance gets when it starts (spec.template.metadata.labels).
	GuestLabels map[string]string `json:"guestLabels,omitempty"`
	// Identity is read off the labels: a claim, not a proof.
	Identity Identity `json:"identity,omitzero"`

	// What was asked for.

	RunStrategy RunStrategy `json:"runStrategy"`
	// LegacyRunning says that the object uses the older field spec.running; RunStrategy is its equivalent.
	LegacyRunning bool `json:"legacyRunning,omitempty"`
	// CPU and Memory are those of the running instance, else those asked for. Their Source is unknown, and they are
	// zero, when only an instance type that was not resolved knows them.
	CPU          CPU               `json:"cpu"`
	Memory       Memory            `json:"memory"`
	InstanceType *Matcher          `json:"instanceType,omitempty"`
	Preference   *Matcher          `json:"preference,omitempty"`
	Disks        []Disk            `json:"disks,omitempty"`
	Networks     []Network         `json:"networks,omitempty"`
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	Tolerations  []Toleration      `json:"tolerations,omitempty"`

	// What became of it.

	Status VMStatus `json:"status"`
	// Reason is set for FAILED always, for PAUSED when known. SelfHealing: the failure passes when its cause goes.
	Reason      Reason `json:"reason,omitempty"`
	SelfHealing bool   `json:"selfHealing,omitempty"`
	// Message is the back end's own English text for the status; it comes from the cluster, sanitised.
	Message string `json:"message,omitempty"`
	// Since is when the status began, as far as the back end tells; zero when it does not.
	Since time.Time `json:"since,omitzero"`
	// RawStatus is the back end's own word (KubeVirt's printableStatus), for display.
	RawStatus string `json:"rawStatus,omitempty"`
	// Ready says whether the instance says it is ready (readiness probe, else running).
	Ready Fact `json:"ready,omitempty"`
	// RestartRequired: a change waits for the next start; RestartReason explains.
	RestartRequired bool          `json:"restartRequired,omitempty"`
	RestartReason   string        `json:"restartReason,omitempty"`
	StartFailure    *StartFailure `json:"startFailure,omitempty"`
	// Problems are all the errors that were found, the one that explains the status first.
	Problems []Problem `json:"problems,omitempty"`

	// The instance.

	Instance   InstanceState `json:"instance"`
	InstanceID string        `json:"instanceId,omitempty"` // UID of the instance
	// Phase is the instance's own word for its state, for display.
	Phase     string    `json:"phase,omitempty"`
	StartedAt time.Time `json:"startedAt,omitzero"` // when the instance began to run
	Node      string    `json:"node,omitempty"`     // until a migration ends, the source
	// PrimaryIP follows the rule of [PrimaryIP].
	PrimaryIP  string      `json:"primaryIp,omitempty"`
	Interfaces []Interface `json:"interfaces,omitempty"`
	GuestOS    *GuestOS    `json:"guestOs,omitempty"`
	GuestAgent Fact        `json:"guestAgent,omitempty"`
	// LiveMigratable is unknown when no instance says so; NotMigratableReason explains a no.
	LiveMigratable      Fact            `json:"liveMigratable,omitempty"`
	NotMigratableReason string          `json:"notMigratableReason,omitempty"`
	Migration           *MigrationState `json:"migration,omitempty"`

	// Inputs of the Situation; see there for their meaning.

	Paused            bool `json:"paused,omitempty"`
	StopPending       bool `json:"stopPending,omitempty"`
	ChangeQueued      bool `json:"changeQueued,omitempty"`
	Migrating         bool `json:"migrating,omitempty"`
	MigrationInFlight bool `json:"migrationInFlight,omitempty"`
	Snapshotting      bool `json:"snapshotting,omitempty"`
	Restoring         bool `json:"restoring,omitempty"`
	Deleting          bool `json:"deleting,omitempty"`
	ManualRecovery    bool `json:"manualRecovery,omitempty"`
	ProbeForbidsPause bool `json:"probeForbidsPause,omitempty"`
	SoftRebootable    Fact `json:"softRebootable,omitempty"`

	// Read says where this value came from.
	Read Read `json:"read"`
}

// Ref points at the VM, with its UID.
func (vm *VM) Ref() Ref {
	return Ref{Cluster: vm.Cluster, Namespace: vm.Namespace, Name: vm.Name, UID: vm.UID}
}

// Situation is what the lifecycle table sees of the VM.
func (vm *VM) Situation() Situation {
	return Situation{
		Strategy:          vm.RunStrategy,
		Instance:          vm.Instance,
		Paused:            vm.Paused,
		StopPending:       vm.StopPending,
		ChangeQueued:      vm.ChangeQueued,
		Migrating:         vm.Migrating,
		MigrationInFlight: vm.MigrationInFlight,
		Snapshotting:      vm.Snapshotting,
		Restoring:         vm.Restoring,
		Deleting:          vm.Deleting,
		ManualRecovery:    vm.ManualRecovery,
		ProbeForbidsPause: vm.ProbeForbidsPause,
		SoftRebootable:    vm.SoftRebootable,
		LiveMigratable:    vm.LiveMigratable,
	}
}

// Source says whose number a CPU or Memory is.
type Source string

// The sources.
const (
	SourceUnknown  Source = ""         // nobody said; the number is zero and means nothing
	SourceSpec     Source = "spec"     // what was asked for
	SourceInstance Source = "instance" // what the running instance has
)

// Memory is guest memory.
type Memory struct {
	Bytes  int64  `json:"bytes"`
	Source Source `json:"source,omitempty"`
}

// StartFailure counts starts that failed one after the other.
type StartFailure struct {
	Count      int64     `json:"count"`
	RetryAfter time.Time `json:"retryAfter,omitzero"`
}

// Problem is one error that a back end reports of a VM.
type Problem struct {
	// Source is where it stands: "condition/Failure", "status", "startFailure", "volume/NAME".
	Source string `json:"source"`
	// Reason is the back end's own word, Message its own text, sanitised.
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	Since   time.Time `json:"since,omitzero"`
}

// GuestOS is what the guest agent says of itself: foreign text, sanitised.
type GuestOS struct {
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	Kernel  string `json:"kernel,omitempty"`
}

// ReadFrom says where a value was read.
type ReadFrom string

// Where a VM can come from.
const (
	ReadLive  ReadFrom = "live"  // from the cluster, for this call
	ReadCache ReadFrom = "cache" // from a cache that follows the cluster
)

// CacheStatus says how much a cached value can be trusted.
type CacheStatus string

// The cache states.
const (
	CacheUnsynced CacheStatus = "UNSYNCED" // not filled yet
	CacheFresh    CacheStatus = "FRESH"    // follows the cluster
	CacheStale    CacheStatus = "STALE"    // as of Read.At; the connection is lost, or being rebuilt
)

// Read is the provenance of a value.
type Read struct {
	From ReadFrom `json:"from"`
	// At is when the cluster was known to look like this.
	At time.Time `json:"at,omitzero"`
	// Freshness is set for cached values.
	Freshness CacheStatus `json:"freshness,omitempty"`
	// InstanceUnread: instances could not be read (no permission, say), so that what depends on them is unknown.
	InstanceUnread bool `json:"instanceUnread,omitempty"`
}
