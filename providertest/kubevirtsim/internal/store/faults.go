package store

// CompactLists forgets all states but the present one: lists that read an earlier revision, by a continue token or by
// its number, are expired from now on.
func (s *Store) CompactLists() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		t.past = past{now: t.past.now, since: t.past.since, oldest: s.revision}
		t.past.since = s.revision // revisions between the last write and now are compacted too
	}
}

// CompactWatches forgets all events: a watch can only begin at the present revision or later, and one that has not
// read all events has lost them.
func (s *Store) CompactWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tables {
		t.log = log{oldest: s.revision, size: s.options.Events}
		t.signal()
	}
}

// Checkpoint is the state of a whole store, kept for as long as it is referred to.
type Checkpoint struct {
	revision uint64
	states   map[string]*tree
}

// Revision is that of the store when the checkpoint was made.
func (c *Checkpoint) Revision() uint64 { return c.revision }

// Checkpoint returns the present state, for Restore.
func (s *Store) Checkpoint() *Checkpoint {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := &Checkpoint{revision: s.revision, states: map[string]*tree{}}
	for name, t := range s.tables {
		c.states[name] = t.past.now
	}
	return c
}

// Restore makes the store what it was at a checkpoint of it: objects are back, later ones are gone, and revisions are
// counted from there again, all without an event. Watches end, or are kept: then those ahead of the restored revision
// stay silent until it is reached again, as an API server's do whose etcd was restored behind its back.
func (s *Store) Restore(c *Checkpoint, keepWatches bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision = c.revision
	if !keepWatches {
		s.epoch++
	}
	for name, t := range s.tables {
		state := c.states[name]
		if state == nil {
			state = &tree{}
		}
		t.reset(state, c.revision)
		t.signal()
	}
}
