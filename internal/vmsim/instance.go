package vmsim

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Phase is how far an instance is, in KubeVirt's words. KubeVirt's empty first phase lasts no time here.
type Phase string

// The phases of an instance.
const (
	PhasePending        Phase = "Pending"    // its volumes are looked for
	PhaseScheduling     Phase = "Scheduling" // a node is looked for, images are pulled
	PhaseScheduled      Phase = "Scheduled"  // it boots
	PhaseRunning        Phase = "Running"
	PhaseSucceeded      Phase = "Succeeded"      // ended well
	PhaseFailed         Phase = "Failed"         // ended badly
	PhaseWaitingForSync Phase = "WaitingForSync" // a receiver that waits for its migration
)

// blockage is what an instance waits for without an end in sight.
type blockage string

const (
	blockedByClaim    blockage = "FailedPvcNotFound"
	blockedByVolumes  blockage = "VolumesUnbound"
	blockedByNodes    blockage = "Unschedulable"
	blockedByImage    blockage = "ErrImagePull"
	blockedByImageOff blockage = "ImagePullBackOff"
)

// instance is the running side of a VM. The zero value is none.
type instance struct {
	serial  uint64 // counts the instances of the VM, from 1
	phase   Phase
	created time.Time
	started time.Time // when it began to run
	ended   string    // why it failed
	node    int       // counts from 1; 0 before it has one
	blocked blockage

	startPaused  bool
	paused       bool
	pausedReason domain.Reason

	deleting  bool
	deletedAt time.Time
	grace     time.Duration

	mute mute

	agent    bool
	due      time.Time // the next phase
	agentDue time.Time
}

// mute is what an instance has not said of itself.
type mute struct{ reboot, migration bool }

func (i *instance) exists() bool { return i.serial != 0 }

func (i *instance) finished() bool { return i.phase == PhaseSucceeded || i.phase == PhaseFailed }

func (m *Machine) makeInstance(paused bool) {
	m.instances++
	m.instance = instance{
		serial:      m.instances,
		phase:       PhasePending,
		created:     m.now,
		startPaused: paused,
		grace:       m.cfg.timing.Grace,
		due:         m.now.Add(m.cfg.timing.Observe),
	}
	m.touch(InstanceChanged)
}

// instanceStep takes the instance one phase on, or finds that it cannot go on.
func (m *Machine) instanceStep() {
	i := &m.instance
	switch {
	case i.deleting:
		m.shutDown()
		return
	case i.phase == PhasePending:
		m.place()
	case i.phase == PhaseScheduling:
		m.schedule()
	case i.phase == PhaseScheduled && m.knobs.CrashLoop:
		m.finish(PhaseFailed, "Crashed")
		return
	case i.phase == PhaseScheduled:
		m.run()
	}
	m.touch(InstanceChanged)
}

func (m *Machine) place() {
	i := &m.instance
	i.blocked = ""
	switch {
	case m.knobs.MissingClaim:
		i.blocked = blockedByClaim
	case m.knobs.VolumesUnbound:
		i.blocked = blockedByVolumes
	case m.strategy == domain.RunStrategyWaitAsReceiver:
		i.phase = PhaseWaitingForSync
	default:
		i.phase = PhaseScheduling
		i.due = m.now.Add(m.cfg.timing.Schedule)
	}
}

func (m *Machine) schedule() {
	i := &m.instance
	was := i.blocked
	i.blocked = ""
	switch {
	case m.knobs.Unschedulable:
		i.blocked = blockedByNodes
	case m.knobs.ImagePullFailure && (was == blockedByImage || was == blockedByImageOff):
		i.blocked = blockedByImageOff
	case m.knobs.ImagePullFailure:
		i.blocked = blockedByImage
		i.due = m.now.Add(m.cfg.timing.ImageRetry)
	default:
		i.phase = PhaseScheduled
		i.node = 1 + int(i.serial)%m.cfg.nodes
		i.due = m.now.Add(m.cfg.timing.Boot)
	}
}

func (m *Machine) run() {
	i := &m.instance
	i.phase = PhaseRunning
	i.started = m.now
	if i.startPaused {
		i.paused, i.pausedReason = true, domain.ReasonPausedByUser
	}
	m.connectAgent(m.cfg.timing.Agent)
}

// received turns a receiver that waits into a running instance, and gives the VM the strategy it had at its source.
func (m *Machine) received(strategy domain.RunStrategy) {
	if strategy == "" {
		strategy = domain.RunStrategyAlways
	}
	m.instance.node = 1 + int(m.instance.serial)%m.cfg.nodes
	m.run()
	m.touch(InstanceChanged)
	m.setStrategy(strategy)
}

// connectAgent has the guest agent connect after a while, if the guest has one.
func (m *Machine) connectAgent(after time.Duration) {
	m.instance.agent, m.instance.agentDue = false, time.Time{}
	if !m.knobs.NoGuestAgent && !m.instance.paused {
		m.instance.agentDue = m.now.Add(after)
	}
}

func (m *Machine) suspend(reason domain.Reason) {
	m.instance.paused, m.instance.pausedReason = true, reason
	m.instance.agent, m.instance.agentDue = false, time.Time{} // a stopped guest answers no ping
	m.touch(InstanceChanged)
}

func (m *Machine) resume() {
	m.instance.paused, m.instance.pausedReason = false, ""
	m.connectAgent(m.cfg.timing.Agent)
	m.touch(InstanceChanged)
}

// reboot keeps the instance; only the agent notices.
func (m *Machine) reboot() {
	m.connectAgent(m.cfg.timing.Boot + m.cfg.timing.Agent)
	m.touch(InstanceChanged)
}

// retryInstance has a blocked instance try again, and one that runs heed the knobs of the guest.
func (m *Machine) retryInstance() {
	i := &m.instance
	switch {
	case i.blocked != "" && i.due.IsZero() && !i.deleting:
		i.due = m.now
	case i.phase == PhaseRunning && i.deleting:
		i.due = m.shutdownEnd()
	}
	if i.phase != PhaseRunning {
		return
	}
	if m.knobs.NoGuestAgent {
		i.agent, i.agentDue = false, time.Time{}
	} else if !i.agent && i.agentDue.IsZero() {
		m.connectAgent(m.cfg.timing.Agent)
	}
}
