package mock

import (
	"strconv"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// migration is a migration object. Its machine's state is kept here once it has ended, since a machine knows its
// latest one only.
type migration struct {
	namespace, name string
	uid             string
	serial          uint64 // of the machine
	created         time.Time
	revision        uint64
	vm              *record
	state           vmsim.Migration
}

func (m *migration) key() key { return key{m.namespace, m.name} }

// keptMigrations is how many migrations of a VM that have ended KubeVirt keeps.
const keptMigrations = 5

// newMigration makes the object of the migration that has just begun. An empty name is generated, as the server does.
func (c *site) newMigration(r *record, name string) *migration {
	c.jobs++
	state := r.machine.Migration()
	m := &migration{
		namespace: r.key.namespace,
		name:      name,
		uid:       c.ids.uid('m', c.jobs, 0),
		serial:    state.Serial,
		created:   state.Created,
		revision:  c.nextRevision(),
		vm:        r,
		state:     state,
	}
	if name == "" {
		m.name = "kubevirt-migrate-vm-" + strconv.FormatUint(mix(c.ids.seed+c.jobs)%(36*36*36*36*36), 36)
		for c.migrations[m.key()] != nil {
			m.name += "x"
		}
	}
	c.migrations[m.key()] = m
	r.migrations = append(r.migrations, m)
	r.lastMigration = m.uid
	c.collect(r)
	return m
}

// followMigration keeps up with the latest migration of a VM. One that was canceled goes when it ends: the cancel is a
// delete. The VM itself goes on telling of it.
func (c *site) followMigration(r *record) {
	state := r.machine.Migration()
	for n, m := range r.migrations {
		if m.serial != state.Serial {
			continue
		}
		m.state = state
		m.revision = c.nextRevision()
		if state.Over() && state.Canceled {
			c.forget(r, n)
		}
		break
	}
	if state.Over() {
		c.plugged(r, state)
		c.collect(r)
	}
}

func (c *site) forget(r *record, n int) {
	delete(c.migrations, r.migrations[n].key())
	r.migrations = append(r.migrations[:n:n], r.migrations[n+1:]...)
}

// collect forgets all but the newest few migrations that have ended.
func (c *site) collect(r *record) {
	ended := 0
	for n := len(r.migrations) - 1; n >= 0; n-- {
		if !r.migrations[n].state.Over() {
			continue
		}
		if ended++; ended > keptMigrations {
			c.forget(r, n)
		}
	}
}

func (r *record) activeMigration() *migration {
	for _, m := range r.migrations {
		if !m.state.Over() {
			return m
		}
	}
	return nil
}

// viewMigration makes the migration that a caller gets.
func (c *site) viewMigration(m *migration) *domain.Migration {
	return &domain.Migration{
		Cluster:         c.name,
		Namespace:       m.namespace,
		Name:            m.name,
		UID:             m.uid,
		Revision:        revision(m.revision),
		CreatedAt:       m.created,
		VMName:          m.vm.key.name,
		Phase:           migrationPhase(m.state),
		RawPhase:        string(m.state.Phase),
		CancelRequested: m.state.Canceled,
		Message:         m.state.Reason,
		State:           migrationState(m.state, m.uid),
	}
}

func migrationPhase(state vmsim.Migration) domain.Phase {
	switch state.Phase {
	case vmsim.MigrationPhasePending:
		return domain.PhasePending
	case vmsim.MigrationPhaseSucceeded:
		return domain.PhaseSucceeded
	case vmsim.MigrationPhaseFailed:
		if state.Canceled {
			return domain.PhaseCanceled
		}
		return domain.PhaseFailed
	default:
		return domain.PhaseRunning
	}
}

// viewMigrationState is what the instance says of its latest migration, from the moment there is a target; nil before.
func (c *site) viewMigrationState(r *record) *domain.MigrationState {
	state := r.machine.Migration()
	if state.Target == 0 || state.Instance != r.instance {
		return nil
	}
	return new(migrationState(state, r.lastMigration))
}

func migrationState(state vmsim.Migration, uid string) domain.MigrationState {
	if state.Target == 0 {
		return domain.MigrationState{}
	}
	out := domain.MigrationState{
		UID:           uid,
		SourceNode:    nodeName(state.Source),
		TargetNode:    nodeName(state.Target),
		StartedAt:     state.Started,
		EndedAt:       state.Ended,
		Completed:     state.Over(),
		Failed:        state.Phase == vmsim.MigrationPhaseFailed,
		FailureReason: state.Reason,
	}
	if !state.Started.IsZero() {
		out.Mode = "PreCopy"
	}
	switch {
	case state.Canceled && state.Over():
		out.AbortStatus = "Succeeded"
	case state.Canceled:
		out.AbortStatus = "Aborting"
	}
	return out
}
