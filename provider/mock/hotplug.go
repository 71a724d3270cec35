package mock

import (
	"reflect"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// What a running instance takes of a change: syncRestartRequired of pkg/virt-controller/watch/vm/vm.go, KubeVirt v1.9.0,
// with the rollout strategy LiveUpdate, its default. More sockets and memory come with a live migration, and so do
// further networks; placement and hot-pluggable disks are taken at once; all else waits for the next start.

// same says whether two desired are equal.
func same(a, b *desired) bool { return reflect.DeepEqual(a, b) }

// hasRunning says whether an instance is there that a change could reach.
func (r *record) hasRunning() bool {
	s := r.machine.Situation()
	return (s.Instance == domain.InstanceStarting || s.Instance == domain.InstanceLive) && !s.StopPending
}

// takesEffect says when the VM becomes what is asked for by d.
func (r *record) takesEffect(d *desired) domain.Applied {
	if !r.hasRunning() {
		return domain.AppliedLive
	}
	booted := r.booted.withLive(d)
	plugged := booted.withPlugged(d)
	switch {
	case !sameGuest(plugged, d):
		return domain.AppliedRestartRequired
	case sameGuest(booted, d):
		return domain.AppliedLive
	case r.hotplug != 0 || r.machine.Check(vmsim.Event{Kind: vmsim.Migrate}) == "":
		return domain.AppliedMigrating
	default:
		return domain.AppliedRestartRequired
	}
}

// restartRequired says whether something waits for the next start.
func (r *record) restartRequired() (bool, string) {
	if r.booted == r.desired || !r.hasRunning() {
		return false, ""
	}
	booted := r.booted.withLive(r.desired)
	if r.hotplug != 0 {
		booted = booted.withPlugged(r.desired)
	}
	if sameGuest(booted, r.desired) {
		return false, ""
	}
	return true, "a non-live-updatable field was changed in the template spec"
}

// bootLive gives a running instance what it takes at once.
func (r *record) bootLive() {
	if r.hasRunning() {
		r.booted = r.booted.withLive(r.desired)
	}
}

// plugged gives the instance what the migration that has ended was for, if it succeeded.
func (c *site) plugged(r *record, state vmsim.Migration) {
	if r.hotplug != state.Serial {
		return
	}
	r.hotplug = 0
	if state.Phase == vmsim.MigrationPhaseSucceeded && r.booted != nil {
		r.booted = r.booted.withPlugged(r.desired)
	}
	r.revision = c.nextRevision()
}

// withLive is d with what a running instance takes of n at once.
func (d *desired) withLive(n *desired) *desired {
	c := *d
	c.labels, c.annotations, c.maker, c.owners = n.labels, n.annotations, n.maker, n.owners
	c.nodeSelector, c.tolerations = n.nodeSelector, n.tolerations
	c.disks = liveDisks(d.disks, n.disks)
	return &c
}

// liveDisks is the list n where only hot-pluggable disks differ from the list d, and d otherwise.
func liveDisks(d, n []domain.Disk) []domain.Disk {
	fixed := func(disks []domain.Disk) []domain.Disk {
		return slices.DeleteFunc(slices.Clone(disks), func(disk domain.Disk) bool { return disk.Hotpluggable })
	}
	if slices.Equal(fixed(d), fixed(n)) {
		return n
	}
	return d
}

// withPlugged is d with what a running instance takes of n by a migration.
func (d *desired) withPlugged(n *desired) *desired {
	c := *d
	if n.cpu.Sockets > max(d.cpu.Sockets, 1) {
		c.cpu.Sockets = n.cpu.Sockets
	}
	if n.memory > d.memory {
		c.memory = n.memory
	}
	if more := len(n.networks) > len(d.networks); more && slices.Equal(n.networks[:len(d.networks)], d.networks) &&
		!slices.ContainsFunc(n.networks[len(d.networks):], func(network domain.Network) bool { return network.Attachment == domain.NetworkPod }) {
		c.networks = n.networks
	}
	return &c
}

// sameGuest says whether an instance of one is an instance of the other. Labels of the instance do not count: KubeVirt
// compares the specification of the template only.
func sameGuest(a, b *desired) bool {
	return a.cpu == b.cpu && a.memory == b.memory &&
		reflect.DeepEqual(a.instanceType, b.instanceType) && reflect.DeepEqual(a.preference, b.preference) &&
		slices.Equal(a.disks, b.disks) && slices.Equal(a.networks, b.networks)
}
