package vmsim

import "time"

// stopInstance requests the end of the instance. One that never ran has no guest to wait for.
func (m *Machine) stopInstance() {
	i := &m.instance
	if i.deleting {
		return
	}
	i.deleting, i.deletedAt, i.blocked = true, m.now, ""
	m.touch(InstanceChanged)
	switch {
	case i.finished():
	case i.phase == PhaseRunning:
		i.due = m.shutdownEnd()
	default:
		i.due = m.now.Add(m.cfg.timing.Observe)
	}
}

// hears says whether the guest shuts down when asked: a paused one cannot, a stubborn one will not.
func (m *Machine) hears() bool { return !m.instance.paused && !m.knobs.IgnoresShutdown }

// shutdownEnd is when the guest is down: by itself, or killed when its grace period ends, whatever comes first.
func (m *Machine) shutdownEnd() time.Time {
	i := &m.instance
	end := i.deletedAt.Add(i.grace)
	if own := i.deletedAt.Add(m.cfg.timing.Shutdown); m.hears() && own.Before(end) {
		return own
	}
	return end
}

// shutDown ends an instance that is being deleted.
func (m *Machine) shutDown() {
	if m.instance.phase == PhaseRunning && m.hears() && m.cfg.timing.Shutdown <= m.instance.grace {
		m.finish(PhaseSucceeded, "")
		return
	}
	m.finish(PhaseFailed, "")
}

// finish ends the instance, and a migration with it. The object stays until the controller removes it.
func (m *Machine) finish(phase Phase, why string) {
	i := &m.instance
	i.phase, i.ended, i.blocked = phase, why, ""
	i.paused, i.pausedReason, i.agent = false, "", false
	i.due, i.agentDue = time.Time{}, time.Time{}
	m.touch(InstanceChanged)
	m.migrationFailed("the instance ended")
}
