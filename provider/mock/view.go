package mock

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// view makes the VM that a caller gets: it shares nothing with the record.
func (c *site) view(r *record, at time.Time) *domain.VM {
	d := r.desired
	s := r.machine.Situation()
	vm := &domain.VM{
		Cluster:     c.name,
		Namespace:   r.key.namespace,
		Name:        r.key.name,
		UID:         r.uid,
		Revision:    revision(r.revision),
		Generation:  r.generation,
		CreatedAt:   r.createdAt,
		Labels:      maps.Clone(d.labels),
		Annotations: maps.Clone(d.annotations),
		GuestLabels: maps.Clone(d.guestLabels),
		Identity:    d.identity,

		RunStrategy:  s.Strategy,
		InstanceType: cloneMatcher(d.instanceType),
		Preference:   cloneMatcher(d.preference),
		Disks:        slices.Clone(d.disks),
		Networks:     slices.Clone(d.networks),
		NodeSelector: maps.Clone(d.nodeSelector),
		Tolerations:  cloneTolerations(d.tolerations),

		RawStatus: r.machine.Printable(),

		ChangeQueued:      s.ChangeQueued,
		Snapshotting:      s.Snapshotting,
		Restoring:         s.Restoring,
		Deleting:          s.Deleting,
		ManualRecovery:    s.ManualRecovery,
		ProbeForbidsPause: s.ProbeForbidsPause,

		Read: domain.Read{From: domain.ReadLive, At: at},
	}
	vm.CPU, vm.Memory = d.asked()
	vm.RestartRequired, vm.RestartReason = r.restartRequired()
	if r.machine.Knobs().InstanceUnreadable {
		viewUnread(vm, r)
		return vm
	}
	if vm.Instance = s.Instance; vm.Instance != domain.InstanceNone {
		c.viewInstance(vm, r, s)
	}
	status, reason, since := r.machine.Status()
	conclude(vm, r, status, reason, since)
	return vm
}

// viewInstance adds what can be seen of the instance, which exists.
func (c *site) viewInstance(vm *domain.VM, r *record, s domain.Situation) {
	vm.Paused, vm.StopPending = s.Paused, s.StopPending
	vm.Migrating, vm.MigrationInFlight = s.Migrating, s.MigrationInFlight
	vm.SoftRebootable = s.SoftRebootable
	migratable(vm, s)
	i := r.machine.Instance()
	vm.InstanceID = r.instanceUID
	vm.InstanceRevision = revision(r.instanceRevision)
	vm.Phase = string(i.Phase)
	vm.StartedAt = i.Started
	if i.Node != 0 {
		vm.Node = nodeName(i.Node)
	}
	vm.Migration = c.viewMigrationState(r)
	switch vm.Instance {
	case domain.InstanceStarting:
		vm.CPU, vm.Memory = r.booted.given(r.size)
		vm.Ready = domain.FactNo
	case domain.InstanceLive:
		vm.CPU, vm.Memory = r.booted.given(r.size)
		c.viewGuest(vm, r, i.Agent)
	default: // what has ended has no guest
	}
}

// notMigratable is why an instance says that it cannot be migrated, when its knob is turned.
const notMigratable = "DisksNotLiveMigratable: cannot migrate VMI: a claim is not shared"

func migratable(vm *domain.VM, s domain.Situation) {
	vm.LiveMigratable = s.LiveMigratable
	if vm.LiveMigratable == domain.FactNo {
		vm.NotMigratableReason = notMigratable
	}
}

func (c *site) viewGuest(vm *domain.VM, r *record, agent bool) {
	vm.Ready = domain.FactOf(!vm.StopPending)
	vm.GuestAgent = domain.FactOf(agent)
	if agent {
		vm.GuestOS = &domain.GuestOS{Name: "Fedora Linux", Version: "41", Kernel: "6.11.4-301.fc41.x86_64"}
	}
	for n := range vm.Disks {
		vm.Disks[n].Attached = domain.FactOf(r.booted.hasDisk(vm.Disks[n].Name))
	}
	vm.Interfaces = r.interfaces(agent)
	vm.PrimaryIP = domain.PrimaryIP(vm.Networks, vm.Interfaces)
}

func (d *desired) hasDisk(name string) bool {
	return slices.ContainsFunc(d.disks, func(disk domain.Disk) bool { return disk.Name == name })
}

// interfaces are those that the instance was booted with. The one on the pod network has the address of the VM, the
// others have none that the cluster would know of.
func (r *record) interfaces(agent bool) []domain.Interface {
	if len(r.booted.networks) == 0 {
		return nil
	}
	out := make([]domain.Interface, len(r.booted.networks))
	for n, network := range r.booted.networks {
		out[n] = domain.Interface{Network: network.Name, MAC: network.MAC, Sources: []string{"domain"}, LinkState: "up"}
		if network.MAC == "" {
			out[n].MAC = r.mac(n)
		}
		if agent {
			out[n].Device = "eth" + strconv.Itoa(n)
			out[n].Sources = append(out[n].Sources, "guest-agent")
		}
		if network.Attachment == domain.NetworkPod {
			out[n].IPs = []string{r.address()}
		}
	}
	return out
}

// address is the VM's own out of 10.0.0.0/8, the same for all its instances.
func (r *record) address() string {
	n := r.serial
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}).String()
}

func (r *record) mac(n int) string {
	const digits = "0123456789abcdef"
	out := []byte("02:00:00:00:00:00")
	for i, b := range []byte{byte(n), byte(r.serial >> 24), byte(r.serial >> 16), byte(r.serial >> 8), byte(r.serial)} {
		out[3+3*i], out[4+3*i] = digits[b>>4], digits[b&15]
	}
	return string(out)
}

func nodeName(n int) string { return "node-" + strconv.Itoa(n) }
