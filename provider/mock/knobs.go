package mock

import (
	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// Knobs make a VM live through what a healthy one does not. Each may be turned at any time: what is blocked goes on
// when its knob is turned back, and what has passed already is not undone.
type Knobs struct {
	// Unschedulable: no node takes the instance. FAILED, reason UNSCHEDULABLE.
	Unschedulable bool
	// ImagePullFailure: an image cannot be pulled. FAILED, reason IMAGE_PULL.
	ImagePullFailure bool
	// CrashLoop: an instance fails before it ever runs. FAILED, reason CRASH_LOOP, and tries 10 s, 40 s, 90 s and so on
	// up to 5 minutes apart.
	CrashLoop bool
	// CreateFails: the instance cannot even be created, because of a quota for example. FAILED, reason CREATE_FAILED.
	CreateFails bool
	// MissingClaim: a claim of the VM does not exist. FAILED, reason MISSING_CLAIM.
	MissingClaim bool
	// VolumesUnbound: a claim of the VM is not bound. PROVISIONING.
	VolumesUnbound bool
	// Provisioning: the disks are never finished. PROVISIONING.
	Provisioning bool
	// DataVolumeError: a disk cannot be imported. FAILED, reason DATA_VOLUME_ERROR, also while the VM is halted.
	DataVolumeError bool
	// ManualRecovery: a volume migration failed; a start is MANUAL_RECOVERY_REQUIRED.
	ManualRecovery bool
	// Snapshotting and Restoring: a snapshot is being taken, a restore is not finished.
	Snapshotting bool
	Restoring    bool

	// NoGuestAgent: none runs in the guest. NoACPI: the guest does not hear the power button.
	NoGuestAgent bool
	NoACPI       bool
	// LivenessProbe: the VM has one that a pause would fail. PROBE_FORBIDS_PAUSE.
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

	// Unmappable: the VM's object lacks what it must have. Calls that read it are INCOMPATIBLE_SCHEMA, and a list has it
	// among its ItemErrors; a delete takes it away.
	Unmappable bool
	// InstanceUnreadable: its instance may not be read. Read.InstanceUnread is true, and of the instance is known what the
	// VM's own object tells.
	InstanceUnreadable bool
	// ForeignInstance: an instance of the VM's name belongs to another owner. The VM has none, and cannot have one of its
	// own: FAILED, reason CREATE_FAILED, when it should run. While it has one the name is taken, and the knob waits.
	ForeignInstance bool

	// Printable replaces the controller's printableStatus by other words, such as one of a newer KubeVirt.
	Printable string
}

// SetKnobs turns the knobs of a VM: knobs replaces them all. Those of a VM that does not exist yet wait for the next
// one of that name. ref.UID, if given, must be that of the VM. Only its cluster may be unknown: CLUSTER_NOT_FOUND.
func (p *Provider) SetKnobs(ref domain.Ref, knobs Knobs) error {
	return p.locked(ref.Cluster, func(c *site) error {
		k := key{ref.Namespace, ref.Name}
		r := c.find(k, now())
		if r == nil {
			if ref.UID != "" {
				return domain.E(domain.CodeVMNotFound, ref.Params(), nil)
			}
			c.knobs[k] = knobs
			return nil
		}
		if err := r.sameUID(ref.UID); err != nil {
			return err
		}
		c.changed(r, r.machine.SetKnobs(r.machine.Now(), vmsim.Knobs(knobs)))
		return nil
	})
}

// Knobs returns the knobs of a VM as they are turned, and whether the VM exists.
func (p *Provider) Knobs(ref domain.Ref) (knobs Knobs, exists bool) {
	_ = p.locked(ref.Cluster, func(c *site) error {
		if r := c.find(key{ref.Namespace, ref.Name}, now()); r != nil {
			knobs, exists = Knobs(r.machine.Knobs()), true
		}
		return nil
	})
	return knobs, exists
}

// Incident is something that happens to a VM without anybody's request.
type Incident string

// The incidents.
const (
	GuestShutdown Incident = "guest_shutdown" // the guest shuts itself down
	GuestCrash    Incident = "guest_crash"    // the guest, or its virtual machine process, dies
	NodeLost      Incident = "node_lost"      // the node stops answering, and its instance is given up
	IOError       Incident = "io_error"       // storage fails, and the instance is paused
	Received      Incident = "received"       // the migration that a receiver waits for arrives: it runs, under Always
)

var incidents = map[Incident]vmsim.Kind{
	GuestShutdown: vmsim.GuestShutdown,
	GuestCrash:    vmsim.GuestCrash,
	NodeLost:      vmsim.NodeLost,
	IOError:       vmsim.IOError,
	Received:      vmsim.Received,
}

// Happen lets an incident happen to a VM. VM_NOT_FOUND when there is none, VM_NOT_RUNNING when it has no instance that
// this could happen to, INVALID_OPTION for an incident that there is not.
func (p *Provider) Happen(ref domain.Ref, incident Incident) error {
	kind, ok := incidents[incident]
	if !ok {
		return domain.E(domain.CodeInvalidOption, domain.Params{domain.ParamField: "incident"}, nil)
	}
	return p.locked(ref.Cluster, func(c *site) error {
		r := c.find(key{ref.Namespace, ref.Name}, now())
		if r == nil {
			return domain.E(domain.CodeVMNotFound, ref.Params(), nil)
		}
		if err := r.sameUID(ref.UID); err != nil {
			return err
		}
		if err := r.refusal(vmsim.Event{Kind: kind}); err != nil {
			return err
		}
		c.happen(r, vmsim.Event{Kind: kind})
		return nil
	})
}
