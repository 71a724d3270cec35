package watcher

import (
	"errors"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

var (
	errSilent = errors.New("the stream brought nothing for too long")
	errShort  = errors.New("the server ended the stream as soon as it had accepted it")
)

// streamState is what is known of the stream that is open.
type streamState struct {
	opened time.Time
	frames int
	proven bool // counted as a success
	late   int  // events of the past
}

// opened: the server accepted a watch.
func (m *machine) opened(now time.Time) { m.stream = streamState{opened: now} }

// frame: a stream brought something. It says whether this is the first proof that the stream works.
func (m *machine) frame(now time.Time) (first bool) {
	m.stream.frames++
	m.short, m.broken = 0, 0
	if !m.listing() {
		m.seen(now)
	}
	return m.prove(now)
}

// prove: the stream works, by a frame or by its age. A server that says nothing had accepted the place when it opened
// the stream: that much was seen.
func (m *machine) prove(now time.Time) (first bool) {
	first, m.stream.proven = !m.stream.proven, true
	if first && !m.listing() {
		m.short = 0
		m.seen(m.stream.opened)
		m.to(now, domain.SyncLive, "", nil)
		m.state.RetryAt = time.Time{}
	}
	return first
}

// verdict of an event of a stream.
type verdict uint8

const (
	deliver verdict = iota
	drop            // known, or of the past
	relist          // too many of the past
)

// place takes the revision of an object of the stream. A stream from a revision brings later ones only, in order.
func (m *machine) place(now time.Time, revision string) verdict {
	if revision == "" {
		return deliver
	}
	if revision == m.revision {
		return drop
	}
	if m.regressed(m.revision, revision) {
		if m.stream.late++; m.stream.late > lateUntilRelist {
			m.lose(now, domain.ReasonRevisionRegressed, nil)
			return relist
		}
		return drop
	}
	m.revision, m.highest = revision, revision
	return deliver
}

// counted keeps the number of objects, roughly: a repeated ADDED counts twice until the next list.
func (m *machine) counted(t FrameType) {
	switch t {
	case FrameAdded:
		m.count++
	case FrameDeleted:
		m.count = max(m.count-1, 0)
	default:
	}
}

// bookmark takes a place without an event. It never goes back; ok says whether it was taken.
func (m *machine) bookmark(revision string) (ok bool) {
	if revision == "" || m.regressed(m.revision, revision) {
		return false
	}
	m.revision, m.highest = revision, revision
	return true
}

// ended: the stream is over, in good order (err is nil) or not. What it returns is for the breaker, if the try is not
// settled yet.
func (m *machine) ended(now time.Time, err error) error {
	m.forgive(now)
	switch {
	case err == nil && m.stream.proven:
		m.closed(now)
		return nil
	case err == nil:
		return m.tooShort(now)
	case domain.CodeOf(err) == domain.CodeClusterUnreachable && m.stream.frames > 0:
		m.torn(now, err)
		return excluded{err}
	}
	return m.failed(now, err)
}

// lived says whether the stream was open for so long.
func (m *machine) lived(now time.Time, d time.Duration) bool { return now.Sub(m.stream.opened) >= d }

// forgive ends every run of troubles after a stream that was healthy for long.
func (m *machine) forgive(now time.Time) {
	if m.stream.proven && m.lived(now, healthyAfter) {
		m.pause.Reset()
		m.blocked.Reset()
		m.expired = 0
	}
}

// closed: a stream that worked ended in good order. One that never lives long is trouble of its own.
func (m *machine) closed(now time.Time) {
	if m.listing() || !m.lived(now, provenAfter) {
		m.retry(now, domain.ReasonStreamBroken, nil)
		return
	}
	m.to(now, domain.SyncLive, "", nil)
	m.soon(now)
}

// torn: a connection broke in the midst. What it brought is believed, and nobody counts it.
func (m *machine) torn(now time.Time, err error) {
	m.lookAt = now
	if !m.lived(now, provenAfter) {
		m.retry(now, domain.ReasonStreamBroken, err)
		return
	}
	m.trouble(now, domain.ReasonStreamBroken, err)
	m.soon(now)
}

// silent: no frame for too long. The connection may be dead without saying so (half open).
// A stream that spoke before is believed to be; of one that never did the server may not send bookmarks.
func (m *machine) silent(now time.Time) error {
	m.forgive(now)
	err := domain.E(domain.CodeVerbTimeout, nil, errSilent)
	if m.stream.frames > 0 {
		m.state.FreshUntil = now
	}
	m.trouble(now, domain.ReasonStreamBroken, err)
	m.soon(now)
	if m.stream.frames > 0 {
		return excluded{err}
	}
	return err
}

// tooShort: accepted, and ended at once. A server behind a broken proxy does so for ever.
func (m *machine) tooShort(now time.Time) error {
	err := domain.E(domain.CodeProtocolError, nil, errShort)
	if m.short++; m.short%shortUntilRelist == 0 {
		m.lose(now, domain.ReasonStreamBroken, err)
	}
	m.retry(now, domain.ReasonStreamBroken, err)
	if m.short <= shortForgiven {
		return excluded{err}
	}
	return err
}
