package vmsim

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Situation is what the lifecycle table sees of the VM.
func (m *Machine) Situation() domain.Situation {
	i := &m.instance
	s := domain.Situation{
		Strategy:          m.strategy,
		Instance:          i.state(),
		Paused:            i.paused,
		StopPending:       i.deleting && !i.finished(),
		ChangeQueued:      m.queued > 0,
		MigrationInFlight: m.migration.inFlight(),
		Snapshotting:      m.knobs.Snapshotting,
		Restoring:         m.knobs.Restoring,
		Deleting:          m.deleting,
		ManualRecovery:    m.knobs.ManualRecovery,
		ProbeForbidsPause: m.knobs.LivenessProbe,
	}
	if s.Instance == domain.InstanceLive {
		s.Migrating = m.migration.moving() && s.MigrationInFlight
		if !i.mute.reboot {
			s.SoftRebootable = domain.FactOf(i.agent || !m.knobs.NoACPI)
		}
		if !i.mute.migration {
			s.LiveMigratable = domain.FactOf(!m.knobs.NotMigratable)
		}
	}
	return s
}

func (i *instance) state() domain.InstanceState {
	switch {
	case !i.exists():
		return domain.InstanceNone
	case i.phase == PhaseRunning:
		return domain.InstanceLive
	case i.phase == PhaseSucceeded:
		return domain.InstanceFinal
	case i.phase == PhaseFailed:
		return domain.InstanceFailed
	default:
		return domain.InstanceStarting
	}
}

// Signals are all that the status of the VM follows from.
func (m *Machine) Signals() domain.Signals {
	return domain.Signals{
		Printable:      m.printable,
		Observed:       m.observed,
		Situation:      m.Situation(),
		StartQueued:    m.startQueued(),
		CreateFailed:   m.createFailed,
		EverRan:        m.instances > 0,
		Leaving:        m.instance.deleting,
		PausedReason:   m.instance.pausedReason,
		VolumesPending: m.instance.blocked == blockedByVolumes,
	}
}

// Status is that of [domain.Signals.Status], with the time at which it began.
func (m *Machine) Status() (domain.VMStatus, domain.Reason, time.Time) {
	return m.status, m.reason, m.since
}

// Now is the time until which the machine has lived.
func (m *Machine) Now() time.Time { return m.now }

// Gone says that the VM does not exist any more.
func (m *Machine) Gone() bool { return m.gone }

// Strategy is the present run strategy.
func (m *Machine) Strategy() domain.RunStrategy { return m.strategy }

// Printable is KubeVirt's printableStatus as last written, "" before that.
func (m *Machine) Printable() string { return m.printable }

// Knobs returns the knobs as they are turned.
func (m *Machine) Knobs() Knobs { return m.knobs }

// Migration returns the latest migration; its Serial is 0 when there was none.
func (m *Machine) Migration() Migration { return m.migration }

// StartFailures counts the starts that failed one after the other, and says when the next is due.
func (m *Machine) StartFailures() (count int64, retryAfter time.Time) {
	return m.failures, m.retryAfter
}

// Instance is what can be seen of a VM's instance.
type Instance struct {
	// Serial counts the instances of the VM, from 1; 0 is none.
	Serial uint64
	Phase  Phase
	// Created is when it was made, Started when it began to run.
	Created, Started time.Time
	// Node counts from 1; 0 is none yet.
	Node int
	// Agent says whether the guest agent is connected.
	Agent bool
	// Blocked is KubeVirt's word for what the instance waits for, Ended for why it failed.
	Blocked, Ended string
	// Deleting: its end was requested. Grace is what the guest has for it.
	Deleting bool
	Grace    time.Duration
}

// Instance returns the present instance; its Serial is 0 when there is none.
func (m *Machine) Instance() Instance {
	i := &m.instance
	return Instance{
		Serial: i.serial, Phase: i.phase, Created: i.created, Started: i.started, Node: i.node, Agent: i.agent,
		Blocked: string(i.blocked), Ended: i.ended, Deleting: i.deleting, Grace: i.grace,
	}
}
