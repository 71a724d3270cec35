package vmsim

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// What virt-controller does with a VM: sync and syncRunStrategy of pkg/virt-controller/watch/vm/vm.go, KubeVirt v1.9.0.

// sync is one look at the VM: it acts, then writes down what it saw. The first look only takes note, so that a new VM
// shows Stopped for an instant, as on a cluster.
func (m *Machine) sync() {
	if !m.observed {
		m.observed = true
		m.touch(VMChanged)
	} else if m.act(); m.gone {
		return
	}
	m.writeStatus()
	if m.instance.finished() && m.instance.deleting {
		m.instance = instance{} // its finalizer goes, and the object with it
		m.touch(InstanceChanged)
	}
}

func (m *Machine) act() {
	m.createFailed = false
	switch {
	case m.deleting && !m.instance.exists():
		m.end()
	case m.deleting:
		m.stopInstance()
	case !m.disksReady() && m.strategy != domain.RunStrategyHalted:
		// Nothing is started or stopped before the disks are there.
	default:
		m.actByStrategy()
	}
}

func (m *Machine) disksReady() bool {
	return m.provisioning.IsZero() && !m.knobs.Provisioning && !m.knobs.DataVolumeError
}

func (m *Machine) actByStrategy() {
	exists := m.instance.exists()
	switch m.strategy {
	case domain.RunStrategyAlways:
		switch {
		case !exists:
			m.startInstance()
		case m.stopRequested() || m.instance.finished():
			m.stopInstance()
		}
	case domain.RunStrategyRerunOnFailure:
		m.rerunOnFailure()
	case domain.RunStrategyManual:
		switch {
		case exists && m.stopRequested():
			m.stopInstance()
		case !exists && m.startRequested():
			m.startInstance()
		}
	case domain.RunStrategyHalted:
		switch {
		case exists:
			m.stopInstance()
		case m.startRequested():
			m.setStrategy(domain.RunStrategyAlways) // the request stays, and says whether to start paused
		}
	case domain.RunStrategyOnce, domain.RunStrategyWaitAsReceiver:
		if !exists {
			m.startInstance()
		}
	}
}

// rerunOnFailure removes every instance that has ended, and starts another only after a failed one, on request, or
// when it never acted on this strategy before.
func (m *Machine) rerunOnFailure() {
	switch {
	case m.instance.exists():
		if m.instance.deleting || !m.stopRequested() && !m.instance.finished() {
			return
		}
		failed := m.instance.phase == PhaseFailed
		m.stopInstance()
		if failed && m.queued < len(m.requests) {
			m.requests[m.queued] = request{}
			m.queued++
			m.touch(VMChanged)
		}
	case m.startRequested() || m.seen != m.strategy:
		m.startInstance()
	}
}

func (m *Machine) stopRequested() bool {
	return m.queued > 0 && m.requests[0].stop && m.requests[0].instance == m.instance.serial
}

func (m *Machine) startRequested() bool { return m.queued > 0 && !m.requests[0].stop }

func (m *Machine) startQueued() bool {
	return m.queued > 0 && !m.requests[0].stop || m.queued > 1 && !m.requests[1].stop
}

// startInstance makes an instance, unless it is too early after a failed start. Manual and Once do not wait.
func (m *Machine) startInstance() {
	if waits := m.strategy == domain.RunStrategyAlways || m.strategy == domain.RunStrategyRerunOnFailure; waits && m.retryAfter.After(m.now) {
		m.syncBy(m.retryAfter)
		return
	}
	switch {
	case m.knobs.ManualRecovery:
	case m.knobs.CreateFails || m.knobs.ForeignInstance:
		m.createFailed = true
	default:
		m.makeInstance(m.startRequested() && m.requests[0].paused)
	}
}

// writeStatus is what the controller writes at the end of a look: updateStatus.
func (m *Machine) writeStatus() {
	if m.seen != "" || m.instance.exists() {
		m.seen = m.strategy
	}
	m.trimRequests()
	m.countFailures()
	m.printable = m.printableStatus()
	m.effects |= VMChanged
}

// trimRequests drops the first request when it is done with.
func (m *Machine) trimRequests() {
	if m.queued == 0 {
		return
	}
	switch first := m.requests[0]; {
	case first.stop && first.instance != m.instance.serial:
		m.pop()
	case !first.stop && m.instance.exists() && !m.instance.deleting && !m.instance.finished():
		m.pop()
	}
}

// countFailures counts instances that ended without ever having run, each once; one that runs clears the count.
func (m *Machine) countFailures() {
	counts := m.strategy == domain.RunStrategyAlways || m.strategy == domain.RunStrategyRerunOnFailure || m.strategy == domain.RunStrategyOnce
	switch {
	case !counts || !m.instance.started.IsZero():
		m.failures, m.retryAfter = 0, time.Time{}
	case m.instance.finished() && m.failed != m.instance.serial:
		m.failed = m.instance.serial
		m.failures++
		m.retryAfter = m.now.Add(startBackoff(m.failures))
	}
}
