package kubevirtsim

import (
	"maps"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// Compact forgets the past, as an API server does after some minutes: continue tokens handed out so far are answered with
// 410 Expired, and so are watches from a revision before now.
func (s *Server) Compact() {
	s.store.CompactLists()
	s.store.CompactWatches()
}

// ExpiredForm is how a watch is told that the revision it asks for is forgotten.
type ExpiredForm = rest.ExpiredForm

// The three forms that watchers meet.
const (
	// ExpiredInStream answers 200 and one ERROR event, as the API server does; a watch that falls behind just ends.
	ExpiredInStream = rest.ExpiredInStream
	// ExpiredAsStatus answers with HTTP status 410.
	ExpiredAsStatus = rest.ExpiredAsStatus
	// ExpiredMidStream is as ExpiredInStream, and a watch that falls behind gets an ERROR event too.
	ExpiredMidStream = rest.ExpiredMidStream
)

// SetExpiredForm chooses the form from now on.
func (s *Server) SetExpiredForm(form ExpiredForm) { s.api.SetExpiredForm(form) }

// EndWatches ends all watches that are open in good order, as a server does at their timeout.
func (s *Server) EndWatches() { s.api.EndWatches() }

// Checkpoint is a state of the whole server to go back to.
type Checkpoint struct {
	saved  *store.Checkpoint
	guests map[string]*guest
	knobs  map[string]Knobs
}

// Checkpoint takes note of the present state.
func (s *Server) Checkpoint() Checkpoint {
	c := s.controller
	c.mu.Lock()
	defer c.mu.Unlock()
	return Checkpoint{saved: s.store.Checkpoint(), guests: forks(c.guests), knobs: maps.Clone(c.knobs)}
}

// GoBack makes the server what it was, as a restore of its database from a backup does: revisions are lower than before,
// and what was written since has never been. keepWatches leaves the open watches open, which then see nothing of it: that
// is the worst that a server does to its clients. A checkpoint may be gone back to several times.
func (s *Server) GoBack(to Checkpoint, keepWatches bool) {
	c := s.controller
	c.mu.Lock()
	s.store.Restore(to.saved, keepWatches)
	for key := range to.guests {
		if knobs, set := to.knobs[key]; set && c.guests[key] == nil {
			c.knobs[key] = knobs
		}
	}
	c.guests, c.due = forks(to.guests), nil
	for _, g := range c.guests {
		c.schedule(g)
	}
	c.rewound.Store(true)
	c.mu.Unlock()
	c.nudge()
}

// forks are guests that live on by themselves from the same state.
func forks(guests map[string]*guest) map[string]*guest {
	out := make(map[string]*guest, len(guests))
	for key, g := range guests {
		fork := *g
		fork.machine = new(*g.machine)
		fork.template = g.template.DeepCopy()
		fork.place = 0
		out[key] = &fork
	}
	return out
}
