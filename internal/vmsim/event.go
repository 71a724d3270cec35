package vmsim

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Kind says what happens to a VM.
type Kind int

// The kinds of event. The first ones are the verbs of the lifecycle table, the others come from elsewhere.
const (
	Start Kind = iota
	Stop
	Restart
	Pause
	Unpause
	SoftReboot
	Reset
	Migrate
	Update // of the VM's spec; what changed is the caller's business
	Delete

	CancelMigration // refused with OPERATION_NOT_ACTIVE when none is in flight
	SetStrategy     // somebody edits the run strategy: Event.Strategy
	GuestShutdown   // the guest shuts itself down
	GuestCrash      // the guest, or its virtual machine process, dies
	NodeLost        // the node stops answering, and its instance is given up
	IOError         // storage fails, and the instance is paused
	Received        // the migration that a receiver waits for has arrived; Event.Strategy is the one it had before
	kinds
)

// Event is something that happens to a VM. The zero values of its options are those of the plain verb.
type Event struct {
	Kind Kind
	// Paused starts with the CPUs stopped.
	Paused bool
	// Grace is how long the guest may take to shut down: of Stop, and of Restart (nil or zero).
	Grace *time.Duration
	// Strategy of SetStrategy and Received.
	Strategy domain.RunStrategy
}

// Effects say what an event, or the passing of time, has changed.
type Effects uint

// The effects, as a set of bits.
const (
	VMChanged        Effects = 1 << iota // the VM object, spec or status
	SpecChanged                          // its spec: the run strategy
	InstanceChanged                      // the instance: made, changed or removed
	MigrationChanged                     // the latest migration
	Gone                                 // the VM does not exist any more
)

var verbs = [...]domain.Verb{
	Start: domain.VerbStart, Stop: domain.VerbStop, Restart: domain.VerbRestart, Pause: domain.VerbPause,
	Unpause: domain.VerbUnpause, SoftReboot: domain.VerbSoftReboot, Reset: domain.VerbReset,
	Migrate: domain.VerbMigrate, Update: domain.VerbUpdate, Delete: domain.VerbDelete,
}

// Check says what an event would be refused with now, and "" when it would be taken. Verbs are decided by the
// lifecycle table, and by what KubeVirt makes of their options.
func (m *Machine) Check(e Event) domain.Code {
	s := m.Situation()
	if int(e.Kind) >= len(verbs) {
		return m.checkOther(e, s)
	}
	code := domain.Decide(verbs[e.Kind], s)
	switch {
	case e.Kind == Start && code == "" && e.Paused && s.Strategy == domain.RunStrategyHalted && s.ChangeQueued:
		return domain.CodeTransitionInProgress // a paused start is a queued request, and one waits already
	case e.Kind == Stop && code == domain.CodeTransitionInProgress && e.Grace != nil && *e.Grace < m.instance.grace:
		return "" // KubeVirt hastens a stop under way
	}
	return code
}

func (m *Machine) checkOther(e Event, s domain.Situation) domain.Code {
	switch e.Kind {
	case CancelMigration:
		if !m.migration.inFlight() {
			return domain.CodeOperationNotActive
		}
	case GuestShutdown, GuestCrash, IOError:
		if s.Instance != domain.InstanceLive || e.Kind == IOError && s.Paused {
			return domain.CodeVMNotRunning
		}
	case NodeLost:
		if m.instance.node == 0 || m.instance.finished() {
			return domain.CodeVMNotRunning
		}
	case Received:
		if m.instance.phase != PhaseWaitingForSync || m.instance.deleting {
			return domain.CodeVMNotRunning
		}
	case SetStrategy:
		if s.Deleting {
			return domain.CodeVMDeleting
		}
	default:
		return domain.CodeInvalidOption
	}
	return ""
}

// Apply lets the time pass until now, then lets the event happen. It answers what that changed, and the code of the
// refusal; a refused event changes nothing, but the time has passed. A time that lies behind counts as the present.
func (m *Machine) Apply(now time.Time, e Event) (Effects, domain.Code) {
	effects := m.Advance(now)
	if m.gone {
		return effects, domain.CodeVMNotFound
	}
	if code := m.Check(e); code != "" {
		return effects, code
	}
	m.happen(e)
	m.settle()
	return effects | m.take(), ""
}

func (m *Machine) happen(e Event) {
	switch e.Kind {
	case Start:
		m.start(e.Paused)
	case Stop:
		m.stop(e.Grace)
	case Restart:
		m.restart(e.Grace)
	case Pause:
		m.suspend(domain.ReasonPausedByUser)
	case IOError:
		m.suspend(domain.ReasonPausedIOError)
	case Unpause:
		m.resume()
	case SoftReboot, Reset:
		m.reboot()
	case Migrate:
		m.migrate()
	case CancelMigration:
		m.cancelMigration()
	case Update:
		m.edited()
	case SetStrategy:
		m.setStrategy(e.Strategy)
	case Delete:
		m.delete()
	case GuestShutdown:
		m.finish(PhaseSucceeded, "")
	case GuestCrash:
		m.finish(PhaseFailed, "Crashed")
	case NodeLost:
		m.finish(PhaseFailed, "NodeUnresponsive")
	case Received:
		m.received(e.Strategy)
	default: // kinds is no event
	}
}
