package vmsim

// Knobs make a VM live through what a healthy one does not. Each may be turned at any time: what is blocked goes on
// when its knob is turned back, and what has passed already is not undone.
type Knobs struct {
	// Unschedulable: no node takes the instance.
	Unschedulable bool
	// ImagePullFailure: an image cannot be pulled.
	ImagePullFailure bool
	// CrashLoop: an instance fails before it ever runs.
	CrashLoop bool
	// CreateFails: the instance cannot even be created, because of a quota for example.
	CreateFails bool
	// MissingClaim: a claim of the VM does not exist.
	MissingClaim bool
	// VolumesUnbound: a claim of the VM is not bound.
	VolumesUnbound bool
	// Provisioning: the disks are never finished.
	Provisioning bool
	// DataVolumeError: a disk cannot be imported.
	DataVolumeError bool
	// ManualRecovery: a volume migration failed; the VM cannot be started until that is repaired.
	ManualRecovery bool
	// Snapshotting and Restoring: a snapshot is being taken, a restore is not finished.
	Snapshotting bool
	Restoring    bool

	// NoGuestAgent: none runs in the guest. NoACPI: the guest does not hear the power button.
	NoGuestAgent bool
	NoACPI       bool
	// LivenessProbe: the VM has one that a pause would fail.
	LivenessProbe bool
	// IgnoresShutdown: the guest does not shut down when asked, and is killed when its grace period ends.
	IgnoresShutdown bool

	// NotMigratable: the instance says that it cannot be migrated.
	NotMigratable bool
	// MigrationPending: no node takes the target of a migration. MigrationNeverEnds: the guest writes faster than it
	// is copied. MigrationFails: it ends without having moved.
	MigrationPending   bool
	MigrationNeverEnds bool
	MigrationFails     bool

	// Unmappable and InstanceUnreadable are for who shows the VM to others, the machine does not heed them: its object lacks
	// what it must have, its instance may not be read.
	Unmappable         bool
	InstanceUnreadable bool
	// ForeignInstance: an instance of the VM's name belongs to another owner, so that none of its own can be created.
	// While it has one the name is taken, and the knob waits.
	ForeignInstance bool

	// Printable replaces the controller's printableStatus by other words, such as one of a newer KubeVirt.
	Printable string
}
