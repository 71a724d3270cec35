package providertest

import "reflect"

// Knobs have a VM live through what a healthy one does not. A harness translates them into whatever its back end has;
// one that it cannot turn is declared in [Harness.Missing] by the need of its name, as "Knobs.CrashLoop".
type Knobs struct {
	// Unschedulable: no node takes the instance. ImagePullFailure: an image cannot be pulled. CrashLoop: an instance
	// fails before it ever runs. CreateFails: it cannot even be created. MissingClaim: a claim does not exist.
	// VolumesUnbound: a claim is not bound. Provisioning: the disks are never finished. DataVolumeError: a disk cannot be
	// imported.
	Unschedulable    bool
	ImagePullFailure bool
	CrashLoop        bool
	CreateFails      bool
	MissingClaim     bool
	VolumesUnbound   bool
	Provisioning     bool
	DataVolumeError  bool
	// ManualRecovery: a volume migration failed and must be repaired by hand. Snapshotting: a snapshot is being taken.
	ManualRecovery bool
	Snapshotting   bool

	// NoGuestAgent: none runs in the guest. NoACPI: the guest does not hear the power button. LivenessProbe: the VM has one
	// that a pause would fail. IgnoresShutdown: the guest does not shut down when asked.
	NoGuestAgent    bool
	NoACPI          bool
	LivenessProbe   bool
	IgnoresShutdown bool

	// NotMigratable: the instance says so. MigrationPending: no node takes the target of a migration.
	// MigrationNeverEnds: it moves and does not arrive. MigrationFails: it ends without having moved.
	NotMigratable      bool
	MigrationPending   bool
	MigrationNeverEnds bool
	MigrationFails     bool

	// Unmappable: the VM's object lacks what it must have. InstanceUnreadable: its instance cannot be read.
	// ForeignInstance: an instance of its name runs that belongs to another owner.
	Unmappable         bool
	InstanceUnreadable bool
	ForeignInstance    bool

	// Printable are KubeVirt's printable status words in place of the controller's.
	Printable string
}

// needs are those of the knobs that are turned.
func (k Knobs) needs() []Need {
	var needs []Need
	v := reflect.ValueOf(k)
	for field := range reflect.TypeFor[Knobs]().Fields() {
		if !v.FieldByIndex(field.Index).IsZero() {
			needs = append(needs, Need("Knobs."+field.Name))
		}
	}
	return needs
}
