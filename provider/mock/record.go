package mock

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// record is a VM as the Mock keeps it: what was asked for, and the machine that says what becomes of it.
type record struct {
	key    key
	order  string // its place in lists
	uid    string
	serial uint64

	revision, instanceRevision uint64
	generation                 int64
	createdAt                  time.Time

	desired *desired
	machine vmsim.Machine

	// The instance: the machine's number of it, its id, and what it was booted with.
	instance    uint64
	instanceUID string
	booted      *desired
	size        size
	// hotplug is the number of the migration that brings an instance what is asked for now; 0 when none does.
	hotplug uint64

	migrations []*migration // the oldest first
	// lastMigration is the id of the latest one, whose object may be gone.
	lastMigration string

	// Of the chronicle: whether there may be news of the VM, and when it is to be looked at.
	touched bool
	due     time.Time
}

// newRecord makes a VM that is not part of the cluster yet.
func (c *site) newRecord(k key, d *desired, machine *vmsim.Machine, at time.Time) *record {
	return &record{
		key:        k,
		order:      k.String(),
		serial:     c.serial + 1,
		uid:        c.ids.uid('v', c.serial+1, 0),
		generation: 1,
		createdAt:  at,
		desired:    d,
		machine:    *machine,
	}
}

// enter makes a new record part of the cluster.
func (c *site) enter(r *record) {
	c.serial = r.serial
	r.revision = c.nextRevision()
	c.add(r)
	c.follow(r)
}

// happen lets an event happen that was allowed, at the very time it was allowed.
func (c *site) happen(r *record, e vmsim.Event) {
	effects, _ := r.machine.Apply(r.machine.Now(), e)
	c.changed(r, effects)
	if r.machine.Gone() {
		c.remove(r)
		return
	}
	c.track(r)
}
