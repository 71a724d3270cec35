package vmsim

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Restore makes a VM that has been around for a while and is in this situation now. What the situation says of the
// guest and its surroundings turns the knobs that say the same. From there on the VM lives: one that is halted and has
// a live instance shuts it down, say.
func Restore(cfg *Config, now time.Time, s domain.Situation, knobs Knobs) *Machine {
	knobs.Snapshotting = knobs.Snapshotting || s.Snapshotting
	knobs.Restoring = knobs.Restoring || s.Restoring
	knobs.ManualRecovery = knobs.ManualRecovery || s.ManualRecovery
	knobs.LivenessProbe = knobs.LivenessProbe || s.ProbeForbidsPause
	knobs.NotMigratable = knobs.NotMigratable || s.LiveMigratable == domain.FactNo
	if s.SoftRebootable == domain.FactNo {
		knobs.NoGuestAgent, knobs.NoACPI = true, true
	}
	m := &Machine{cfg: cfg, knobs: knobs, now: now, strategy: s.Strategy, observed: true, deleting: s.Deleting}
	m.restoreInstance(s)
	m.restoreMigration(s)
	if s.ChangeQueued {
		m.requests[0], m.queued = request{}, 1
	}
	if m.instance.exists() {
		m.seen = m.strategy
	}
	m.printable = m.printableStatus()
	m.touch(VMChanged)
	m.settle()
	m.effects = 0
	return m
}

func (m *Machine) restoreInstance(s domain.Situation) {
	if s.Instance == domain.InstanceNone || s.Instance == "" {
		return
	}
	m.makeInstance(false)
	i := &m.instance
	i.due = time.Time{}
	switch s.Instance {
	case domain.InstanceStarting:
		i.phase = PhaseScheduling
		i.due = m.now.Add(m.cfg.timing.Schedule)
	case domain.InstanceLive:
		i.node = 1 + int(i.serial)%m.cfg.nodes
		i.phase, i.started = PhaseRunning, m.now
		i.agent = !m.knobs.NoGuestAgent
	case domain.InstanceFinal:
		i.phase, i.started = PhaseSucceeded, m.now
	case domain.InstanceFailed:
		i.phase, i.started, i.ended = PhaseFailed, m.now, "Crashed"
	default: // without an instance there is nothing to restore
	}
	if s.Paused && s.Instance == domain.InstanceLive {
		m.suspend(domain.ReasonPausedByUser)
	}
	if s.StopPending {
		m.stopInstance()
	}
}

func (m *Machine) restoreMigration(s domain.Situation) {
	if s.Instance != domain.InstanceLive || !s.Migrating && !s.MigrationInFlight {
		return
	}
	m.migrate()
	if s.Migrating {
		g := &m.migration
		g.Phase, g.Started = MigrationPhaseRunning, m.now
		g.Target = g.Source%m.cfg.nodes + 1
		g.due = m.now.Add(m.cfg.timing.Migrate / 2)
	}
}
