package vmsim

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// What virt-api does for the power verbs, once they are allowed: pkg/virt-api/rest/lifecycle.go of KubeVirt v1.9.0.

// start of a halted VM makes it Always, unless it is to start paused: that is a request, on which the controller then
// makes it Always. Other strategies keep theirs and queue a request, behind a stop for an instance that has ended.
func (m *Machine) start(paused bool) {
	if m.strategy == domain.RunStrategyHalted && !paused {
		m.setStrategy(domain.RunStrategyAlways)
		return
	}
	start := request{paused: paused}
	if m.strategy != domain.RunStrategyHalted && m.instance.finished() {
		m.queue(request{stop: true, instance: m.instance.serial}, start)
		return
	}
	m.queue(start)
}

// stop of an Always or Once VM makes it Halted, which is why Once is lost. Other strategies queue a request, which
// replaces whatever is queued.
func (m *Machine) stop(grace *time.Duration) {
	m.setGrace(grace)
	switch m.strategy {
	case domain.RunStrategyAlways, domain.RunStrategyOnce:
		m.setStrategy(domain.RunStrategyHalted)
	default:
		m.queue(request{stop: true, instance: m.instance.serial})
	}
}

// restart queues a stop and a start. Without a grace period the guest still gets a second: KubeVirt's shortest.
func (m *Machine) restart(grace *time.Duration) {
	if grace != nil {
		shortest := time.Second
		m.setGrace(&shortest)
	}
	m.queue(request{stop: true, instance: m.instance.serial}, request{})
}

// queue replaces the queued requests, and forgives earlier failed starts: somebody asks for another try.
func (m *Machine) queue(requests ...request) {
	m.queued = copy(m.requests[:], requests)
	m.failures, m.retryAfter = 0, time.Time{}
	m.touch(VMChanged)
}

// pop takes the first request off the queue.
func (m *Machine) pop() {
	m.requests[0] = m.requests[1]
	m.queued--
	m.touch(VMChanged)
}

func (m *Machine) setStrategy(strategy domain.RunStrategy) {
	if strategy != m.strategy {
		m.strategy = strategy
		m.touch(VMChanged | SpecChanged)
	}
}

// edited is an update of the spec that does not concern the machine, except that a failed create is tried again.
func (m *Machine) edited() { m.touch(VMChanged) }

// setGrace gives the instance another grace period, also while it shuts down.
func (m *Machine) setGrace(grace *time.Duration) {
	if grace == nil || !m.instance.exists() || m.instance.finished() {
		return
	}
	m.instance.grace = max(*grace, 0)
	m.touch(InstanceChanged)
	if m.instance.deleting && m.instance.phase == PhaseRunning {
		m.instance.due = m.shutdownEnd()
	}
}

// delete marks the VM. One that the controller has not seen yet has no finalizer and is gone at once.
func (m *Machine) delete() {
	if !m.observed {
		m.end()
		return
	}
	if !m.deleting {
		m.deleting = true
		m.touch(VMChanged)
	}
}
