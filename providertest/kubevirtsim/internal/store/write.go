package store

import "time"

// Create writes an object that is not there yet; if it is, it returns ErrExists.
func (t *Table) Create(d Draft) (*Object, error) {
	return t.write(d, func(old *Object) error {
		if old != nil {
			return ErrExists
		}
		return nil
	})
}

// Update writes an object over its revision was. It returns ErrNotFound if there is none, and ErrConflict if it has
// another revision by now. A was of zero writes over any.
func (t *Table) Update(d Draft, was uint64) (*Object, error) {
	return t.write(d, func(old *Object) error { return is(old, was) })
}

func is(old *Object, was uint64) error {
	switch {
	case old == nil:
		return ErrNotFound
	case was != 0 && old.Revision != was:
		return ErrConflict
	}
	return nil
}

func (t *Table) write(d Draft, may func(old *Object) error) (*Object, error) {
	o := d.object(0) // outside the lock, as it is the longer part
	s := t.store
	s.mu.Lock()
	defer s.mu.Unlock()
	old := t.past.now.get(o.Key)
	if err := may(old); err != nil {
		return nil, err
	}
	o.Revision = s.revision + 1
	kind := Added
	if old != nil {
		kind = Modified
	}
	t.commit(t.past.now.put(o), Event{Type: kind, Object: o, old: old})
	return o, nil
}

// Delete removes an object at its revision was, as in Update. It returns the last state, with the revision of the
// deletion.
func (t *Table) Delete(key string, was uint64) (*Object, error) {
	s := t.store
	s.mu.Lock()
	defer s.mu.Unlock()
	old := t.past.now.get(key)
	if err := is(old, was); err != nil {
		return nil, err
	}
	gone := old.at(s.revision + 1)
	t.commit(t.past.now.remove(key), Event{Type: Deleted, Object: gone, old: old})
	return gone, nil
}

func (t *Table) commit(next *tree, e Event) {
	s := t.store
	s.revision = e.Object.Revision
	t.past.advance(next, s.revision, s.options, time.Now())
	t.log.add(e)
	t.signal()
}

// signal wakes the watches.
func (t *Table) signal() {
	if t.wake != nil {
		close(t.wake)
		t.wake = nil
	}
}
