package kubevirtsim

import (
	"reflect"
	"strings"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// KnobPrefix starts the annotations that turn a VM's knobs, one for each field of [Knobs] by its name:
//
//	metadata:
//	  annotations:
//	    sim.shepherd-go.test/Unschedulable: "true"
const KnobPrefix = "sim.shepherd-go.test/"

// Knobs make a VM live through what a healthy one does not. Each may be turned at any time, by [Server.SetKnobs] or by
// annotations of the VM: what is blocked goes on when its knob is turned back, and what has passed already is not
// undone.
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
	// ManualRecovery: a volume migration failed. Snapshotting: a snapshot is being taken. Restoring: a restore is not
	// finished.
	ManualRecovery bool
	Snapshotting   bool
	Restoring      bool
	// NoGuestAgent: none runs in the guest. IgnoresShutdown: the guest does not shut down when asked, and is killed when its
	// grace period ends.
	NoGuestAgent    bool
	IgnoresShutdown bool
	// NotMigratable: the instance says so. MigrationPending: no node takes the target of a migration.
	// MigrationNeverEnds: it moves and does not arrive. MigrationFails: it ends without having moved.
	NotMigratable      bool
	MigrationPending   bool
	MigrationNeverEnds bool
	MigrationFails     bool
	// Printable replaces the controller's printableStatus by other words, such as one of a newer KubeVirt.
	Printable string
}

// machineKnobs are those of the machine. What the VM's own specification decides is read off it.
func (k Knobs) machineKnobs() vmsim.Knobs {
	return vmsim.Knobs{
		Unschedulable: k.Unschedulable, ImagePullFailure: k.ImagePullFailure, CrashLoop: k.CrashLoop, CreateFails: k.CreateFails,
		MissingClaim: k.MissingClaim, VolumesUnbound: k.VolumesUnbound, Provisioning: k.Provisioning, DataVolumeError: k.DataVolumeError,
		ManualRecovery: k.ManualRecovery, Snapshotting: k.Snapshotting, Restoring: k.Restoring,
		NoGuestAgent: k.NoGuestAgent, IgnoresShutdown: k.IgnoresShutdown,
		NotMigratable: k.NotMigratable, MigrationPending: k.MigrationPending, MigrationNeverEnds: k.MigrationNeverEnds, MigrationFails: k.MigrationFails,
		Printable: k.Printable,
	}
}

// SetKnobs turns the knobs of a VM; those of a VM that does not exist yet wait for it. They go with the VM. The VM's
// annotations add to them.
func (s *Server) SetKnobs(namespace, name string, knobs Knobs) {
	c := s.controller
	key := namespace + "/" + name
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look(key) // one that is gone takes its own with it
	c.knobs[key] = knobs
	if knobs == (Knobs{}) {
		delete(c.knobs, key)
	}
	c.look(key)
	c.nudge()
}

// knobsOf are the knobs of a VM: those set by call, those its annotations turn, and what its specification says.
func (c *controller) knobsOf(key string, vm *kubevirtv1.VirtualMachine) vmsim.Knobs {
	knobs := c.knobs[key]
	v := reflect.ValueOf(&knobs).Elem()
	for name, value := range vm.Annotations {
		field, ours := strings.CutPrefix(name, KnobPrefix)
		if !ours {
			continue
		}
		switch knob := v.FieldByName(field); {
		case !knob.IsValid():
		case knob.Kind() == reflect.String:
			knob.SetString(value)
		default:
			knob.SetBool(value == "true")
		}
	}
	m := knobs.machineKnobs()
	if template := vm.Spec.Template; template != nil {
		m.LivenessProbe = template.Spec.LivenessProbe != nil && template.Spec.LivenessProbe.GuestAgentPing == nil
		features := template.Spec.Domain.Features
		m.NoACPI = features != nil && features.ACPI.Enabled != nil && !*features.ACPI.Enabled
	}
	return m
}
