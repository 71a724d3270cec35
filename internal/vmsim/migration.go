package vmsim

import (
	"time"
)

// MigrationPhase is how far a migration is, in KubeVirt's words.
type MigrationPhase string

// The phases of a migration. They only move forward.
const (
	MigrationPhasePending         MigrationPhase = "Pending"
	MigrationPhaseScheduling      MigrationPhase = "Scheduling"
	MigrationPhaseScheduled       MigrationPhase = "Scheduled"
	MigrationPhasePreparingTarget MigrationPhase = "PreparingTarget"
	MigrationPhaseTargetReady     MigrationPhase = "TargetReady"
	MigrationPhaseRunning         MigrationPhase = "Running"
	MigrationPhaseSucceeded       MigrationPhase = "Succeeded"
	MigrationPhaseFailed          MigrationPhase = "Failed"
)

// Migration is a live migration of the VM, the latest one. The zero value is none.
type Migration struct {
	// Serial counts the migrations of the VM, from 1.
	Serial uint64
	// Instance is the number of the instance that moves.
	Instance uint64
	Phase    MigrationPhase
	// Source and Target are nodes, counted from 1; Target is 0 until there is one.
	Source, Target int
	Created        time.Time
	// Started is when the guest began to move, Ended when that was over.
	Started, Ended time.Time
	// Canceled: a cancel was accepted. With phase Failed it has had its effect.
	Canceled bool
	// Reason says why it failed.
	Reason string

	due time.Time
}

// Over says that the migration has ended, one way or another.
func (g *Migration) Over() bool {
	return g.Phase == MigrationPhaseSucceeded || g.Phase == MigrationPhaseFailed
}

func (g *Migration) inFlight() bool { return g.Serial != 0 && !g.Over() }

// moving says whether the guest moves right now. It asks the times, as KubeVirt does: a queued migration shows Running.
func (g *Migration) moving() bool { return !g.Started.IsZero() && g.Ended.IsZero() }

// The preparation of a migration and the move itself take half of its time each.
const preparations = 5

func (m *Machine) migrate() {
	if m.migrationShown() {
		m.effects |= InstanceChanged // which told of the last one
	}
	m.migration = Migration{
		Serial:   m.migration.Serial + 1,
		Instance: m.instance.serial,
		Phase:    MigrationPhasePending,
		Source:   m.instance.node,
		Created:  m.now,
		due:      m.now.Add(m.preparation()),
	}
	m.touch(MigrationChanged)
}

// migrationShown says whether the instance tells of the migration: from the moment there is a target.
func (m *Machine) migrationShown() bool {
	return m.migration.Target != 0 && m.migration.Instance == m.instance.serial
}

func (m *Machine) preparation() time.Duration { return m.cfg.timing.Migrate / 2 / preparations }

// migrationStep takes the migration one phase on.
func (m *Machine) migrationStep() {
	g := &m.migration
	if g.Canceled {
		m.migrationFailed("canceled")
		return
	}
	g.due = m.now.Add(m.preparation())
	switch g.Phase {
	case MigrationPhasePending:
		g.Phase = MigrationPhaseScheduling
	case MigrationPhaseScheduling:
		m.scheduleTarget()
	case MigrationPhaseScheduled:
		g.Phase = MigrationPhasePreparingTarget
	case MigrationPhasePreparingTarget:
		g.Phase = MigrationPhaseTargetReady
	case MigrationPhaseTargetReady:
		g.Phase = MigrationPhaseRunning
		g.Started = m.now
		g.due = m.now.Add(m.cfg.timing.Migrate / 2)
		m.effects |= InstanceChanged
	case MigrationPhaseRunning:
		m.arrive()
		return
	default: // it has ended
	}
	m.touch(MigrationChanged)
}

// scheduleTarget finds another node than the source; a cluster of one node has none.
func (m *Machine) scheduleTarget() {
	g := &m.migration
	if m.knobs.MigrationPending || m.cfg.nodes < 2 {
		g.due = time.Time{}
		return
	}
	g.Phase = MigrationPhaseScheduled
	g.Target = g.Source%m.cfg.nodes + 1
	m.effects |= InstanceChanged
}

func (m *Machine) arrive() {
	g := &m.migration
	switch {
	case m.knobs.MigrationFails:
		m.migrationFailed("the migration failed")
	case m.knobs.MigrationNeverEnds:
		g.due = time.Time{}
	default:
		g.Phase, g.Ended, g.due = MigrationPhaseSucceeded, m.now, time.Time{}
		m.instance.node = g.Target
		m.touch(MigrationChanged | InstanceChanged)
	}
}

// migrationFailed ends a migration that is in flight; the instance, if it still runs, stays where it is.
func (m *Machine) migrationFailed(why string) {
	g := &m.migration
	if !g.inFlight() {
		return
	}
	g.Phase, g.Reason, g.Ended, g.due = MigrationPhaseFailed, why, m.now, time.Time{}
	m.touch(MigrationChanged | InstanceChanged)
}

func (m *Machine) cancelMigration() {
	m.migration.Canceled = true
	m.migration.due = m.now.Add(m.cfg.timing.Observe)
	m.touch(MigrationChanged)
	if m.migrationShown() {
		m.effects |= InstanceChanged
	}
}

// retryMigration has one that waits try again.
func (m *Machine) retryMigration() {
	if m.migration.inFlight() && m.migration.due.IsZero() {
		m.migration.due = m.now
	}
}
