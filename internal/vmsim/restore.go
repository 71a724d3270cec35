package vmsim

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Restore makes a VM that has been around for a while and is in this situation now, before the controller looks at it
// again. Where the situation says nothing of a knob's matter, or cannot, knobs does. From there on the VM lives: one that
// is halted and has a live instance shuts it down, say.
//
// What cannot be is left out, a pause without a live instance for example: then [Machine.Situation] is another one.
func Restore(cfg *Config, now time.Time, s domain.Situation, knobs Knobs) *Machine {
	m := &Machine{cfg: cfg, knobs: knobs.in(s), now: now, strategy: s.Strategy, observed: true, deleting: s.Deleting}
	m.restoreInstance(s)
	m.restoreMigration(s)
	m.restoreQueue(s)
	m.seen = m.strategy
	m.printable = m.printableStatus()
	m.touch(VMChanged)
	m.note() // and nothing more: with no time at all the situation would have passed
	m.effects = 0
	return m
}

// in turns the knobs that say what the situation says. Of the guest it says something only while there is one.
func (k Knobs) in(s domain.Situation) Knobs {
	k.Snapshotting, k.Restoring = s.Snapshotting, s.Restoring
	k.ManualRecovery, k.LivenessProbe = s.ManualRecovery, s.ProbeForbidsPause
	if s.Instance != domain.InstanceLive {
		return k
	}
	k.NotMigratable = s.LiveMigratable == domain.FactNo
	switch s.SoftRebootable {
	case domain.FactNo:
		k.NoGuestAgent, k.NoACPI = true, true
	case domain.FactYes:
		k.NoACPI = false
	default: // it is not said
	}
	return k
}

// restoreQueue queues a restart for an instance that is there, a start where none is. A halted VM is not to come back.
func (m *Machine) restoreQueue(s domain.Situation) {
	stop := request{stop: true, instance: m.instance.serial}
	switch {
	case !s.ChangeQueued:
	case !m.instance.exists():
		m.requests[0], m.queued = request{}, 1
	case m.strategy == domain.RunStrategyHalted:
		m.requests[0], m.queued = stop, 1
	default:
		m.requests, m.queued = [2]request{stop, {}}, 2
	}
}

func (m *Machine) restoreInstance(s domain.Situation) {
	if s.Instance == domain.InstanceNone || s.Instance == "" {
		m.instances = 1 // the one it had: RerunOnFailure does not start a VM that has run
		return
	}
	m.makeInstance(false)
	i := &m.instance
	i.due = time.Time{}
	switch s.Instance {
	case domain.InstanceStarting:
		i.phase = PhaseScheduling
		i.due = m.now.Add(m.cfg.timing.Schedule)
		if m.strategy == domain.RunStrategyWaitAsReceiver {
			i.phase, i.due = PhaseWaitingForSync, time.Time{}
		}
	case domain.InstanceLive:
		i.node = 1 + int(i.serial)%m.cfg.nodes
		i.phase, i.started = PhaseRunning, m.now
		i.agent = !m.knobs.NoGuestAgent
		i.mute = mute{reboot: s.SoftRebootable == domain.FactUnknown, migration: s.LiveMigratable == domain.FactUnknown}
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
	if s.Instance != domain.InstanceLive || !s.MigrationInFlight {
		return
	}
	m.migrate()
	if s.Migrating && s.MigrationInFlight {
		g := &m.migration
		g.Phase, g.Started = MigrationPhaseRunning, m.now
		g.Target = g.Source%m.cfg.nodes + 1
		g.due = m.now.Add(m.cfg.timing.Migrate / 2)
	}
}
