package vmsim

import "time"

// What follows is for who keeps the objects of a VM itself, as an API server does: there the objects are changed first,
// by whoever may, and the machine is told.

// Request is an entry of the queue of power requests that wait for the controller: status.stateChangeRequests.
type Request struct {
	// Stop asks for the end of an instance, else for a new one.
	Stop bool
	// Instance is the number of the instance to stop; 0 is one that is gone.
	Instance uint64
	// Paused: the new instance is to start with its CPUs stopped.
	Paused bool
}

// goneInstance is the number of no instance.
const goneInstance = ^uint64(0)

// Requests returns the queue, the first one to be served first.
func (m *Machine) Requests() []Request {
	var out []Request
	for _, r := range m.requests[:m.queued] {
		if r.instance == goneInstance {
			r.instance = 0
		}
		out = append(out, Request{Stop: r.stop, Instance: r.instance, Paused: r.paused})
	}
	return out
}

// SetRequests replaces the queue; there is room for two. A new request forgives earlier failed starts.
func (m *Machine) SetRequests(now time.Time, queue []Request) Effects {
	return m.control(now, func() {
		var requests []request
		for _, r := range queue {
			if r.Stop && r.Instance == 0 {
				r.Instance = goneInstance // and not the one that is not there yet
			}
			requests = append(requests, request{stop: r.Stop, instance: r.Instance, paused: r.Paused})
		}
		m.requests = [len(m.requests)]request{}
		m.queue(requests...)
	})
}

// Force lets an event happen whatever the lifecycle table says of it: the table is what a provider refuses, and a server
// takes some of that.
func (m *Machine) Force(now time.Time, e Event) Effects {
	return m.control(now, func() { m.happen(e) })
}

// SetGrace gives the instance another grace period, also while it shuts down.
func (m *Machine) SetGrace(now time.Time, grace time.Duration) Effects {
	return m.control(now, func() { m.setGrace(&grace) })
}

// DeleteInstance requests the end of the instance past the VM: somebody deletes its object.
func (m *Machine) DeleteInstance(now time.Time) Effects {
	return m.control(now, func() {
		if m.instance.exists() {
			m.stopInstance()
		}
	})
}

func (m *Machine) control(now time.Time, do func()) Effects {
	effects := m.Advance(now)
	if m.gone {
		return effects
	}
	do()
	m.settle()
	return effects | m.take()
}
