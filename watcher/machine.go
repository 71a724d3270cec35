package watcher

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
)

// The curves and bounds of contracts: retries as client-go's Reflector has them, 0.8 s doubling to 30 s with full
// jitter, reset after two healthy minutes; what somebody must mend is asked for more slowly.
const (
	firstPause, longestPause     = 800 * time.Millisecond, 30 * time.Second
	firstBlocked, longestBlocked = 5 * time.Second, 5 * time.Minute
	missingPause                 = time.Minute
	longestWish                  = 5 * time.Minute  // of a server's Retry-After
	healthyAfter                 = 2 * time.Minute  // a stream that lived so long resets the pauses
	provenAfter                  = 10 * time.Second // a stream that lived so long is a success without a frame
	shortForgiven                = 2                // streams in a row that end at once and count as nothing
	shortUntilRelist             = 10
	brokenUntilRelist            = 3
	expiredUntilThrashing        = 3
	lateUntilRelist              = 10 // events of the past in one stream
	largeUntilBlocked            = 3
	smallestPage                 = 10
)

// never is a moment that does not come.
var never = time.Unix(1<<40, 0)

// machine decides what a watcher does next, and what its state is. It has no I/O and no clock: the loop tells it what
// happened and when. Its methods return how the breaker is to account for a try: nil is a success, an error that
// excluded says so is neither, any other is a failure.
type machine struct {
	state    State
	revision string // the place; "" is lost, or there never was one
	highest  string // the last place that was known, also when it is lost
	at       time.Time

	pause, blocked, relist backoff.Backoff
	random                 func() float64

	pageSize int
	count    int // objects known to exist, for the check of a list that lacks most of them

	// In a row: streams that ended at once, that were broken, places that had expired, answers that were too large.
	short, broken, expired, large int
	stream                        streamState
}

// streamState is what is known of the stream that is open.
type streamState struct {
	opened time.Time
	frames int
	proven bool // counted as a success
	late   int  // events of the past
}

func newMachine(opts Options, now time.Time) *machine {
	random := opts.Rand
	if random == nil {
		random = rand.Float64
	}
	curve := func(first, longest time.Duration) backoff.Backoff {
		return backoff.Backoff{First: first, Max: longest, Jitter: 1, Rand: random}
	}
	return &machine{
		state: State{Phase: domain.SyncIdle, Since: now}, at: now, random: random, pageSize: opts.PageSize,
		pause: curve(firstPause, longestPause), blocked: curve(firstBlocked, longestBlocked), relist: curve(time.Second, longestPause),
	}
}

// listing says whether the next thing to do is to list, else to watch.
func (m *machine) listing() bool { return m.revision == "" }

// to changes the phase. A reason that stays keeps its time.
func (m *machine) to(now time.Time, phase domain.SyncState, reason domain.SyncReason, err error) {
	if m.state.Phase != phase || m.state.Reason != reason {
		m.state.Since = now
	}
	m.state.Phase, m.state.Reason, m.state.Err = phase, reason, err
}

// started begins, or goes on after the breaker let one pass.
func (m *machine) started(now time.Time) {
	if m.state.Phase == domain.SyncIdle {
		m.to(now, domain.SyncSyncing, "", nil)
	}
}

// seen notes a sign of life.
func (m *machine) seen(now time.Time) { m.state.Seen = now }

// wait sets the next moment at which something is sent.
func (m *machine) wait(now time.Time, pause time.Duration) {
	m.at = now.Add(pause)
	m.state.RetryAt = m.at
}

// listed: a whole list was taken and applied.
func (m *machine) listed(now time.Time, revision string, count int) {
	m.revision, m.highest, m.count = revision, revision, count
	m.broken, m.large = 0, 0
	m.state.Synced = true
	m.seen(now)
	m.to(now, domain.SyncLive, "", nil)
	m.wait(now, 0)
}

// listing anew found a revision. A lower one than before is the truth of a server whose history went back.
func (m *machine) found(now time.Time, revision string) {
	if m.regressed(m.highest, revision) {
		m.state.Epoch++
		m.unplaced(now, domain.ReasonRevisionRegressed, nil)
	}
}

// regressed says whether a consistent read shows a history that went back.
func (m *machine) regressed(known, revision string) bool {
	older, comparable := olderRevision(revision, known)
	return comparable && older
}

// lose gives the place up: everything is listed anew. The first time at once, then with growing pauses.
func (m *machine) lose(now time.Time, reason domain.SyncReason, err error) {
	m.revision = ""
	m.unplaced(now, reason, err)
	pause := time.Duration(0)
	if reason == domain.ReasonExpired {
		if m.expired++; m.expired == 1 {
			m.relist.Reset()
		} else if m.expired >= expiredUntilThrashing {
			pause = m.relist.Next()
			m.pageSize = min(m.pageSize*2, 5000) // fewer pages are faster, and what expires is a list that takes too long
			m.unplaced(now, domain.ReasonRelistThrashing, err)
		}
	}
	m.wait(now, pause)
}

// unplaced is the phase of one that must list.
func (m *machine) unplaced(now time.Time, reason domain.SyncReason, err error) {
	if m.state.Synced {
		m.to(now, domain.SyncRebuilding, reason, err)
	} else {
		m.to(now, domain.SyncSyncing, reason, err)
	}
}

// trouble is the phase of one whose request failed: it keeps its place if it has one.
func (m *machine) trouble(now time.Time, reason domain.SyncReason, err error) {
	if m.listing() {
		m.unplaced(now, reason, err)
	} else {
		m.to(now, domain.SyncRetrying, reason, err)
	}
}

// failed: a list, the opening of a watch, or a stream ended with an error. It returns what the breaker is told.
func (m *machine) failed(now time.Time, err error) error {
	wish := min(wishOf(err), longestWish)
	switch code := domain.CodeOf(err); code {
	case domain.CodeRevisionExpired, domain.CodeCursorExpired:
		m.lose(now, domain.ReasonExpired, err)
		return excluded{err}
	case domain.CodeThrottled, domain.CodeQueueFull:
		m.trouble(now, domain.ReasonThrottled, err)
		m.wait(now, max(m.pause.Next(), wish))
		return excluded{err}
	case domain.CodeUnauthenticated, domain.CodeClusterCredentials:
		return m.block(now, domain.ReasonUnauthorized, err, m.blocked.Next())
	case domain.CodePermissionDenied:
		return m.block(now, domain.ReasonForbidden, err, m.blocked.Next())
	case domain.CodeClusterIdentityChanged:
		return m.block(now, domain.ReasonIdentityChanged, err, m.blocked.Next())
	case domain.CodeKubeVirtMissing:
		m.revision = "" // whatever comes back may be another set
		return m.block(now, domain.ReasonAPIMissing, err, missingPause)
	case domain.CodeResponseTooLarge:
		m.pageSize = max(m.pageSize/2, smallestPage)
		m.wait(now, max(m.pause.Next(), wish))
		if m.large++; m.large >= largeUntilBlocked {
			m.to(now, domain.SyncBlocked, domain.ReasonTooLarge, err)
		} else {
			m.trouble(now, domain.ReasonTooLarge, err)
		}
		return err
	case domain.CodeProtocolError, domain.CodeInternal, domain.CodeUnexpectedObject:
		return m.brokenStream(now, err, wish)
	default:
		if domain.KindOf(err) == domain.KindInvalidArgument {
			m.block(now, domain.ReasonBadConfig, err, 0)
			m.at, m.state.RetryAt = never, time.Time{}
			return excluded{err}
		}
	}
	m.trouble(now, domain.ReasonUnreachable, err)
	m.wait(now, max(m.pause.Next(), wish))
	return err
}

func (m *machine) block(now time.Time, reason domain.SyncReason, err error, pause time.Duration) error {
	m.to(now, domain.SyncBlocked, reason, err)
	m.wait(now, pause)
	return excluded{err}
}

// brokenStream is what is not the protocol, or a server's own failure: the place is kept, and given up after the third
// time in a row.
func (m *machine) brokenStream(now time.Time, err error, wish time.Duration) error {
	reason := domain.ReasonStreamBroken
	m.trouble(now, reason, err)
	if m.broken++; m.broken >= brokenUntilRelist && !m.listing() {
		m.broken = 0
		m.lose(now, reason, err)
	}
	m.wait(now, max(m.pause.Next(), wish))
	return err
}

// opened: the server accepted a watch.
func (m *machine) opened(now time.Time) { m.stream = streamState{opened: now} }

// frame: a stream brought something. It says whether this is the first proof that the stream works.
func (m *machine) frame(now time.Time) (first bool) {
	m.seen(now)
	m.stream.frames++
	m.short, m.broken, m.expired = 0, 0, 0
	return m.prove(now)
}

// prove: the stream works, by a frame or by its age.
func (m *machine) prove(now time.Time) (first bool) {
	first, m.stream.proven = !m.stream.proven, true
	if first {
		m.short = 0
		if !m.listing() {
			m.to(now, domain.SyncLive, "", nil)
		}
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

// bookmark takes a place without an event. It never goes back.
func (m *machine) bookmark(revision string) {
	if revision != "" && !m.regressed(m.revision, revision) {
		m.revision, m.highest = revision, revision
	}
}

// ended: the stream is over, in good order (err is nil) or not. silent says that we ended it, since nothing came. What
// it returns is for the breaker, if the try is not settled yet.
func (m *machine) ended(now time.Time, err error, silent bool) error {
	lived := now.Sub(m.stream.opened)
	if m.stream.proven && lived >= healthyAfter {
		m.pause.Reset()
		m.blocked.Reset()
	}
	switch code := domain.CodeOf(err); {
	case err == nil && m.stream.proven && !silent:
		m.to(now, domain.SyncLive, "", nil)
		m.soon(now)
		return nil
	case err == nil && silent:
		return m.silence(now)
	case err == nil:
		return m.tooShort(now)
	case code == domain.CodeClusterUnreachable && m.stream.frames > 0:
		// A connection that broke in the midst: what it brought is believed, and nobody counts it.
		m.trouble(now, domain.ReasonStreamBroken, err)
		if lived >= provenAfter {
			m.soon(now)
		} else {
			m.wait(now, m.pause.Next())
		}
		return excluded{err}
	}
	return m.failed(now, err)
}

// soon is a moment within a second: the streams of a fleet that end together do not begin together.
func (m *machine) soon(now time.Time) { m.wait(now, time.Duration(m.random()*float64(time.Second))) }

// silence: no frame for too long. The connection may be dead without saying so (half open).
func (m *machine) silence(now time.Time) error {
	err := domain.E(domain.CodeVerbTimeout, nil, errSilent)
	m.to(now, domain.SyncRetrying, domain.ReasonStreamBroken, err)
	m.soon(now)
	if m.stream.frames > 0 {
		return excluded{err}
	}
	return err
}

// tooShort: accepted, and ended at once. A server behind a broken proxy does so for ever.
func (m *machine) tooShort(now time.Time) error {
	err := domain.E(domain.CodeProtocolError, nil, errShort)
	m.short++
	m.trouble(now, domain.ReasonStreamBroken, err)
	if m.short%shortUntilRelist == 0 {
		m.lose(now, domain.ReasonStreamBroken, err)
	}
	m.wait(now, m.pause.Next())
	if m.short <= shortForgiven {
		return excluded{err}
	}
	return err
}

// open: the breaker lets nothing pass until a moment.
func (m *machine) open(now, until time.Time) {
	m.to(now, domain.SyncOpen, domain.ReasonUnreachable, m.state.Err)
	m.at, m.state.RetryAt = until, until
}

// probing: the breaker lets one request pass.
func (m *machine) probing(now time.Time) {
	m.to(now, domain.SyncProbing, domain.ReasonUnreachable, m.state.Err)
}

// probed: the one request was answered; the normal path goes on at once.
func (m *machine) probed(now time.Time) {
	m.trouble(now, domain.ReasonUnreachable, nil)
	m.wait(now, 0)
}

// sinkFailed: what is fed does not take a batch.
func (m *machine) sinkFailed(now time.Time, err error) {
	if m.state.Synced {
		m.to(now, domain.SyncRetrying, domain.ReasonSinkFailed, err)
		return
	}
	m.to(now, domain.SyncSyncing, domain.ReasonSinkFailed, err)
}

// suspicious says whether a list lacks so much of what was there that it must be asked for once more: permissions
// narrowed to nothing and another cluster behind the address look like this.
func (m *machine) suspicious(count int) bool {
	const few = 10
	return m.state.Synced && m.count-count > few && count*2 < m.count
}

// stopped ends.
func (m *machine) stopped(now time.Time) {
	m.to(now, domain.SyncStopped, "", nil)
	m.state.RetryAt = time.Time{}
}

func wishOf(err error) time.Duration {
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

var (
	errSilent = errors.New("the stream brought nothing for too long")
	errShort  = errors.New("the server ended the stream as soon as it had accepted it")
)

// excluded marks an error that is neither a failure nor a success to the breaker.
type excluded struct{ error }

func (e excluded) Unwrap() error { return e.error }
