package store

// Watch is a position in the log of a table. It needs no closing. Its methods are for one goroutine at a time.
type Watch struct {
	table  *Table
	at     uint64
	epoch  int
	wanted func(*Object) bool
}

// Watch begins behind a revision, which may be ahead of the store: then nothing is seen until it is reached. Objects
// that are not wanted are left out, nil wants all; one that begins or ceases to be wanted is seen as added or deleted.
// The error is a [TooOldError] if the log does not reach back to the revision.
func (t *Table) Watch(after uint64, wanted func(*Object) bool) (*Watch, error) {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	if after < t.log.oldest {
		return nil, &TooOldError{Asked: after, Oldest: t.log.oldest}
	}
	return &Watch{table: t, at: after, epoch: t.store.epoch, wanted: wanted}, nil
}

// Pull returns the next events, looking at no more than limit; the revision that is reached with them, which is the
// store's when there are no more; and, if there are none, a channel that is closed when it is worth to pull again.
// The error is a [TooOldError] if the log has overtaken the watch, and ErrEnded after [Store.Restore].
func (w *Watch) Pull(limit int) (events []Event, reached uint64, more <-chan struct{}, err error) {
	seen, more, err := w.take(limit)
	for _, e := range seen { // outside the lock: what is wanted is the caller's code
		if e, ok := w.view(e); ok {
			events = append(events, e)
		}
	}
	return events, w.at, more, err
}

// take moves on over at most limit events.
func (w *Watch) take(limit int) ([]Event, <-chan struct{}, error) {
	t := w.table
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	switch {
	case w.epoch != t.store.epoch:
		return nil, nil, ErrEnded
	case w.at < t.log.oldest:
		return nil, nil, &TooOldError{Asked: w.at, Oldest: t.log.oldest}
	}
	first := t.log.after(w.at)
	n := min(limit, t.log.len()-first)
	if n == 0 {
		w.at = max(w.at, t.store.revision)
		if t.wake == nil {
			t.wake = make(chan struct{})
		}
		return nil, t.wake, nil
	}
	seen := make([]Event, n)
	for i := range seen {
		seen[i] = *t.log.get(first + i)
	}
	w.at = seen[n-1].Object.Revision
	return seen, nil, nil
}

// view is the event as one sees it who wants only some objects (convertToWatchEvent, apiserver v0.34
// storage/cacher/cache_watcher.go): an object that ceases to be wanted is deleted in the state before, at the revision
// of the change.
func (w *Watch) view(e Event) (Event, bool) {
	if w.wanted == nil {
		return e, true
	}
	is := e.Type != Deleted && w.wanted(e.Object)
	was := e.old != nil && w.wanted(e.old)
	switch {
	case is && was:
		return Event{Type: Modified, Object: e.Object}, true
	case is:
		return Event{Type: Added, Object: e.Object}, true
	case was:
		return Event{Type: Deleted, Object: e.old.at(e.Object.Revision)}, true
	}
	return Event{}, false
}
