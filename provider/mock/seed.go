package mock

import (
	"maps"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// seeder is the manager that made the VMs that are seeded without our identity.
const seeder = "kubectl"

// Seed puts VMs there as if they had been there before, in place of those that have their names. What it takes from each
// is its place, what was asked for, and its situation; from there on it lives, and its status, node and addresses are
// its own. A VM without an Instance is put into the one that its Status tells, one without a RunStrategy into Always or
// Halted, one without a Cluster on the first one. UID and CreatedAt are kept where they are given. A VM that carries
// the identity of this library and the Mock's installation counts as made by it, any other as made by somebody else.
//
// Seed keeps nothing of the values. On CLUSTER_NOT_FOUND and INVALID_NAME (no namespace or name) nothing was put.
func (p *Provider) Seed(vms []*domain.VM) error {
	for _, vm := range vms {
		if _, err := p.cluster(p.seedCluster(vm)); err != nil {
			return domain.E(domain.CodeClusterNotFound, vm.Ref().Params(), nil)
		}
		if vm.Namespace == "" || vm.Name == "" {
			return domain.E(domain.CodeInvalidName, vm.Ref().Params(), nil)
		}
	}
	at := now()
	for _, vm := range vms {
		c := p.clusters[p.seedCluster(vm)]
		c.mu.Lock()
		c.seed(p, vm, at)
		c.unlock()
	}
	return nil
}

func (p *Provider) seedCluster(vm *domain.VM) string {
	if vm.Cluster == "" {
		return p.first
	}
	return vm.Cluster
}

func (c *site) seed(p *Provider, vm *domain.VM, at time.Time) {
	k := key{vm.Namespace, vm.Name}
	knobs := vmsim.Knobs(c.knobs[k])
	c.put(p, vm, vmsim.Restore(c.config, at, seedSituation(vm, knobs), knobs), at)
}

// put makes a VM, with the life it has had, part of the cluster.
func (c *site) put(p *Provider, vm *domain.VM, machine *vmsim.Machine, at time.Time) {
	r := c.newRecord(key{vm.Namespace, vm.Name}, seedDesired(p, vm), machine, at)
	r.generation = max(vm.Generation, 1)
	if vm.UID != "" {
		r.uid = vm.UID
	}
	if !vm.CreatedAt.IsZero() {
		r.createdAt = vm.CreatedAt
	}
	c.enter(r)
	if i := r.machine.Instance(); i.Serial != 0 {
		r.instanceRevision = c.nextRevision()
		if vm.InstanceID != "" {
			r.instanceUID = vm.InstanceID
		}
	}
	if g := r.machine.Migration(); g.Serial != 0 {
		c.newMigration(r, "")
	}
}

// seedSituation is the situation of a VM, guessed from its status where it says none. The knobs that wait for it join in.
func seedSituation(vm *domain.VM, knobs vmsim.Knobs) domain.Situation {
	s := vm.Situation()
	if s.Instance == "" {
		s.Instance = domain.InstanceNone
		switch vm.Status {
		case domain.StatusStarting:
			s.Instance = domain.InstanceStarting
		case domain.StatusRunning:
			s.Instance = domain.InstanceLive
		case domain.StatusPaused:
			s.Instance, s.Paused = domain.InstanceLive, true
		case domain.StatusMigrating:
			s.Instance, s.Migrating = domain.InstanceLive, true
		case domain.StatusStopping:
			s.Instance, s.StopPending = domain.InstanceLive, true
		case domain.StatusDeleting:
			s.Deleting = true
		default: // no instance
		}
	}
	if s.Strategy == "" {
		s.Strategy = domain.RunStrategyHalted
		if running := s.Instance == domain.InstanceStarting || s.Instance == domain.InstanceLive; running && !s.StopPending {
			s.Strategy = domain.RunStrategyAlways
		}
	}
	s.Snapshotting = s.Snapshotting || knobs.Snapshotting
	s.Restoring = s.Restoring || knobs.Restoring
	s.ManualRecovery = s.ManualRecovery || knobs.ManualRecovery
	s.ProbeForbidsPause = s.ProbeForbidsPause || knobs.LivenessProbe
	s.MigrationInFlight = s.MigrationInFlight || s.Migrating
	if s.LiveMigratable == domain.FactUnknown {
		s.LiveMigratable = domain.FactOf(!knobs.NotMigratable)
	}
	if s.SoftRebootable == domain.FactUnknown {
		s.SoftRebootable = domain.FactOf(!knobs.NoACPI || !knobs.NoGuestAgent)
	}
	return s
}

func seedDesired(p *Provider, vm *domain.VM) *desired {
	d := (&desired{
		labels: vm.Labels, annotations: vm.Annotations, guestLabels: vm.GuestLabels,
		cpu: vm.CPU, memory: vm.Memory.Bytes, instanceType: vm.InstanceType, preference: vm.Preference,
		disks: vm.Disks, networks: vm.Networks, nodeSelector: vm.NodeSelector, tolerations: vm.Tolerations,
	}).clone()
	if identity := vm.Identity.Labels(p.prefix); len(identity) > 0 {
		maps.Copy(identity, d.labels)
		d.labels = identity
	}
	if d.instanceType != nil {
		d.cpu, d.memory = domain.CPU{}, 0
	}
	d.cpu.Source = domain.SourceUnknown
	for n := range d.disks {
		d.disks[n].Attached = domain.FactUnknown
	}
	if d.seal(p.prefix); !p.ours(d) {
		d.maker = seeder
	}
	return d
}

// ours says whether a VM carries our identity.
func (p *Provider) ours(d *desired) bool {
	return d.identity.ManagedBy == domain.ManagedBy && d.identity.Installation == p.installation
}
