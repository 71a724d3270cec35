package mock

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
)

// stream is what one consumer has been told of a cluster, and is to be told next. It belongs to its consumer's goroutine;
// of the cluster it reads under the lock.
type stream struct {
	c      *site
	asked  args.WatchRequest
	prefix string // of the keys that it tells of

	known map[string]*state // what the consumer knows when all that is ready has been told
	at    uint64            // the place behind the last change that was looked at
	lost  int
	ready []told
}

// told is one event to be told.
type told struct {
	what    domain.EventType
	state   *state // for DELETED the last one
	place   *place // behind it; nil where the stream cannot be resumed
	unknown bool
}

// begin makes ready what comes first. The cluster is locked.
func (s *stream) begin(from *place) error {
	h := s.c.watched(s.asked.Queue, now())
	s.c.note()
	s.lost = h.lost
	switch {
	case from == nil:
		s.whole(false)
		return nil
	case from.to > h.end():
		return args.ForeignRevision()
	case from.from < h.oldest():
		return domain.E(domain.CodeRevisionExpired, nil, nil)
	}
	s.ready = []told{{what: domain.EventSynced, place: from}}
	s.known, s.at = s.visible(h.known(from.from)), from.from
	if from.from != from.to {
		s.goOn(*from, h.known(from.to))
	}
	return nil
}

// whole makes ready what makes the consumer's set whole: nobody goes on from the midst of that.
func (s *stream) whole(missed bool) {
	h := s.c.chronicle
	s.merge(h.states, h.end(), missed)
	for n := range s.ready {
		s.ready[n].place = nil
	}
	s.ready = append(s.ready, told{what: domain.EventSynced, place: upTo(s.at)})
}

// goOn resumes in the midst of merged changes: it merges what was left of them.
func (s *stream) goOn(from place, then map[string]*state) {
	then = s.visible(then)
	for key := range s.known {
		if key <= from.key && then[key] == nil {
			delete(s.known, key)
		}
	}
	for key, state := range then {
		if key <= from.key {
			s.known[key] = state
		}
	}
	if from.half {
		delete(s.known, from.key)
	}
	s.merge(then, from.to, false)
}

// next waits for the next event.
func (s *stream) next(ctx context.Context) (told, error) {
	for len(s.ready) == 0 && ctx.Err() == nil {
		if news, due := s.look(); len(s.ready) == 0 {
			s.wait(ctx, news, due)
		}
	}
	if err := args.Context(ctx); err != nil {
		return told{}, err
	}
	t := s.ready[0]
	s.ready[0] = told{}
	s.ready = s.ready[1:]
	return t, nil
}

// wait waits until there may be something to tell.
func (s *stream) wait(ctx context.Context, news <-chan struct{}, due time.Time) {
	var alarm <-chan time.Time // without a due time it never rings
	if !due.IsZero() {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-ctx.Done():
	case <-news:
	case <-alarm:
	}
}

// look makes ready what has happened. When that is nothing, it returns what to wait for.
func (s *stream) look() (news <-chan struct{}, due time.Time) {
	s.c.mu.Lock()
	defer s.c.unlock()
	s.c.pass(now())
	h := s.c.chronicle
	for len(s.ready) == 0 {
		switch behind := h.end() - s.at; {
		case s.lost != h.lost:
			s.lost = h.lost
			s.ready = append(s.ready, told{what: domain.EventRebuilding})
			s.whole(true)
		case behind == 0:
			return h.news(), h.agenda.next()
		case behind > uint64(s.asked.Queue): //nolint:gosec // it is positive
			s.merge(h.states, h.end(), false)
		default:
			s.follow(h.behind(s.at))
		}
	}
	return nil, time.Time{}
}

// follow makes ready what one change means to the consumer.
func (s *stream) follow(ch change) {
	s.at++
	if !strings.HasPrefix(ch.key, s.prefix) {
		return
	}
	here := upTo(s.at)
	s.tell(ch.key, s.sees(ch.new), ch.new == nil, false, here, here)
}

// merge makes ready, in the order of lists, what lies between what the consumer knows and what was up to a place. missed
// says that nobody saw it happen.
func (s *stream) merge(states map[string]*state, to uint64, missed bool) {
	from, already := s.at, len(s.ready)
	then := s.visible(states)
	keys := maps.Clone(then)
	maps.Copy(keys, s.known)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at := place{from: from, to: to, key: key}
		half := at
		half.half = true
		s.tell(key, then[key], states[key] == nil, missed, &half, &at)
	}
	if len(s.ready) > already {
		s.ready[len(s.ready)-1].place = upTo(to)
	}
	s.known, s.at = then, to
}

// tell makes ready what leads from what the consumer knows of a key to now, which is nil for nothing that it sees. gone
// says that there is nothing. A VM that was made anew is told in two, with a place behind each.
func (s *stream) tell(key string, now *state, gone, missed bool, half, whole *place) {
	old := s.known[key]
	switch {
	case old == now:
		return
	case old == nil:
		s.ready = append(s.ready, told{what: domain.EventAdded, state: now, place: whole})
	case now == nil:
		s.ready = append(s.ready, told{what: domain.EventDeleted, state: old, place: whole, unknown: gone && missed})
	case now.ref.UID != old.ref.UID:
		s.ready = append(s.ready, told{what: domain.EventDeleted, state: old, place: half, unknown: missed},
			told{what: domain.EventAdded, state: now, place: whole})
	case !now.same(old):
		s.ready = append(s.ready, told{what: domain.EventModified, state: now, place: whole})
	}
	if s.known == nil {
		s.known = map[string]*state{}
	}
	if s.known[key] = now; now == nil {
		delete(s.known, key)
	}
}

// sees is the state if the consumer is told of such a VM, and nil else.
func (s *stream) sees(now *state) *state {
	if now == nil || !s.asked.Labels.Matches(now.labels) {
		return nil
	}
	return now
}

// visible are those of the states that the consumer is told of.
func (s *stream) visible(states map[string]*state) map[string]*state {
	seen := make(map[string]*state, len(states))
	for key, state := range states {
		if strings.HasPrefix(key, s.prefix) && s.sees(state) != nil {
			seen[key] = state
		}
	}
	return seen
}

// event is what the consumer gets: it shares nothing with the stream.
func (s *stream) event(t told) (domain.Event[*domain.VM], error) {
	e := domain.Event[*domain.VM]{Type: t.what, Revision: t.place.revision(s.asked), FinalStateUnknown: t.unknown}
	if t.state == nil {
		return e, nil
	}
	if t.state.err != nil && t.what != domain.EventDeleted {
		return e, t.state.err
	}
	e.Value = t.state.vm.Clone()
	return e, nil
}
