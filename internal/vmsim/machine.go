package vmsim

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Machine is one VM. Make it with [New] or [Restore]; it is not safe for concurrent use.
type Machine struct {
	cfg   *Config
	knobs Knobs
	now   time.Time
	// effects are those not handed out yet.
	effects Effects

	// The VM object: what was asked for.

	strategy     domain.RunStrategy
	deleting     bool
	gone         bool
	requests     [2]request // the queue, status.stateChangeRequests; the first queued ones count
	queued       int
	provisioning time.Time // when its disks are finished

	// The VM object: what the controller wrote.

	observed     bool               // it has looked at the VM at all
	seen         domain.RunStrategy // the strategy it last acted on; empty before the first instance
	printable    string
	createFailed bool
	failures     int64 // starts that failed one after the other
	failed       uint64
	retryAfter   time.Time
	syncAt       time.Time // when it looks again; zero for not before something changes

	instance  instance
	instances uint64 // made so far
	migration Migration

	// What it all came to, kept so that its beginning is known.
	status domain.VMStatus
	reason domain.Reason
	since  time.Time
}

// request is an entry of the queue of power requests.
type request struct {
	stop     bool
	instance uint64 // the one to stop
	paused   bool   // of a start
}

// New makes a VM that was created just now. It is never nil.
func New(cfg *Config, now time.Time, strategy domain.RunStrategy, knobs Knobs) *Machine {
	m := &Machine{cfg: cfg, knobs: knobs, now: now, strategy: strategy, syncAt: now.Add(cfg.timing.Observe)}
	if cfg.timing.Provision > 0 {
		m.provisioning = now.Add(cfg.timing.Provision)
	}
	m.note()
	m.settle()
	m.effects = 0
	return m
}

// Next returns when something happens by itself, and the zero time when nothing will.
func (m *Machine) Next() time.Time {
	next := m.syncAt
	for _, at := range []time.Time{m.provisioning, m.instance.due, m.instance.agentDue, m.migration.due} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// Advance lets the time pass until now and answers what has changed since the last answer. A time that lies behind the
// last one changes nothing.
func (m *Machine) Advance(now time.Time) Effects {
	if now.After(m.now) && !m.gone {
		for next := m.Next(); !next.IsZero() && !next.After(now); next = m.Next() {
			m.step(next)
		}
		if !m.gone {
			m.now = now
		}
	}
	return m.take()
}

// settle does what is due without any time passing.
func (m *Machine) settle() {
	m.note()
	for next := m.Next(); !next.IsZero() && !next.After(m.now); next = m.Next() {
		m.step(next)
	}
}

// step does the one thing that is due at that time. The controller comes last: it sees what the others did.
func (m *Machine) step(at time.Time) {
	if at.After(m.now) {
		m.now = at
	}
	due := func(t *time.Time) bool {
		if t.IsZero() || t.After(m.now) {
			return false
		}
		*t = time.Time{}
		return true
	}
	switch {
	case due(&m.provisioning):
		m.touch(VMChanged)
	case due(&m.instance.due):
		m.instanceStep()
	case due(&m.instance.agentDue):
		m.instance.agent = true
		m.touch(InstanceChanged)
	case due(&m.migration.due):
		m.migrationStep()
	case due(&m.syncAt):
		m.sync()
	}
	m.note()
}

func (m *Machine) take() Effects {
	effects := m.effects
	m.effects = 0
	return effects
}

// touch records a change that the controller will notice.
func (m *Machine) touch(what Effects) {
	m.effects |= what
	m.syncBy(m.now.Add(m.cfg.timing.Observe))
}

// syncBy has the controller look at the VM then, or earlier if it does anyway.
func (m *Machine) syncBy(at time.Time) {
	if m.syncAt.IsZero() || at.Before(m.syncAt) {
		m.syncAt = at
	}
}

// note keeps the time at which the present status began.
func (m *Machine) note() {
	if status, reason := m.Signals().Status(); status != m.status || reason != m.reason {
		m.status, m.reason, m.since = status, reason, m.now
	}
}

// end takes the VM away: nothing happens to it any more.
func (m *Machine) end() {
	m.gone = true
	m.effects |= Gone | VMChanged
	m.instance = instance{}
	m.migration.due, m.syncAt, m.provisioning = time.Time{}, time.Time{}, time.Time{}
}

// SetKnobs turns the knobs, after the time until now has passed. What they had blocked is tried again.
func (m *Machine) SetKnobs(now time.Time, knobs Knobs) Effects {
	effects := m.Advance(now)
	if m.gone || knobs == m.knobs {
		return effects
	}
	m.knobs = knobs
	m.instance.mute = mute{}
	m.touch(VMChanged)
	m.retryInstance()
	m.retryMigration()
	m.settle()
	return effects | m.take()
}
