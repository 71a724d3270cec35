package watcher

import (
	"math/rand/v2"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
)

// The curves and bounds: retries as client-go's Reflector has them, 0.8 s doubling to 30 s with full jitter, reset
// after two healthy minutes; what somebody must mend is asked for more slowly, five minutes apart at most.
const (
	firstPause, longestPause     = 800 * time.Millisecond, 30 * time.Second
	firstBlocked, longestBlocked = 5 * time.Second, 4 * time.Minute
	blockedJitter                = 0.25
	missingPause                 = time.Minute
	longestWish                  = 5 * time.Minute  // of a server's Retry-After
	healthyAfter                 = 2 * time.Minute  // a stream that lived so long ends every run of troubles
	provenAfter                  = 10 * time.Second // a stream that lived so long is a success without a frame
	shortForgiven                = 2                // streams in a row that end at once and count as nothing
	shortUntilRelist             = 10
	brokenUntilRelist            = 3
	expiredUntilThrashing        = 3
	lateUntilRelist              = 10 // events of the past in one stream
	largeUntilBlocked            = 3
	smallestPage, largestPage    = 10, 5000
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
	lookAt   time.Time // when a stream is to be checked by a consistent read

	pause, blocked, relist backoff.Backoff
	random                 func() float64
	silence, lookEvery     time.Duration

	pageSize int
	count    int // objects known to exist, for the check of a list that lacks most of them

	// In a row: streams that ended at once, that were broken, places that had expired, answers that were too large.
	short, broken, expired, large int
	stream                        streamState
}

func newMachine(opts Options, now time.Time) *machine {
	random := opts.Rand
	if random == nil {
		random = rand.Float64
	}
	curve := func(first, longest time.Duration, jitter float64) backoff.Backoff {
		return backoff.Backoff{First: first, Max: longest, Jitter: jitter, Rand: random}
	}
	return &machine{
		state: State{Phase: domain.SyncIdle, Since: now, Synced: opts.Revision != ""}, at: now,
		revision: opts.Revision, highest: opts.Revision, random: random, pageSize: opts.PageSize,
		silence: opts.Silence, lookEvery: opts.ProbeEvery,
		pause: curve(firstPause, longestPause, 1), relist: curve(time.Second, longestPause, 1),
		blocked: curve(firstBlocked, longestBlocked, blockedJitter),
	}
}

// listing says whether the next thing to do is to list, else to watch.
func (m *machine) listing() bool { return m.revision == "" }

// to changes the phase. A reason that stays keeps its time. A set that is followed no more stays fresh for a while only,
// whatever the phases and reasons after that.
func (m *machine) to(now time.Time, phase domain.SyncState, reason domain.SyncReason, err error) {
	if m.state.Phase == domain.SyncLive && phase != domain.SyncLive {
		if limit := now.Add(staleAfter); m.state.FreshUntil.After(limit) {
			m.state.FreshUntil = limit
		}
	}
	if m.state.Phase != phase || m.state.Reason != reason {
		m.state.Since = now
	}
	m.state.Phase, m.state.Reason, m.state.Err = phase, reason, err
}

// started begins.
func (m *machine) started(now time.Time) {
	switch {
	case m.state.Phase != domain.SyncIdle:
	case m.state.Synced:
		m.looked(now)
		m.to(now, domain.SyncRetrying, "", nil)
	default:
		m.to(now, domain.SyncSyncing, "", nil)
	}
}

// seen notes when the set was like the cluster, by a list, a frame, or a stream that was opened.
func (m *machine) seen(when time.Time) {
	if !when.Before(m.state.Seen) {
		m.state.Seen, m.state.FreshUntil = when, when.Add(m.silence+staleAfter)
	}
}

// wait sets the next moment at which something is sent.
func (m *machine) wait(now time.Time, pause time.Duration) {
	m.at = now.Add(pause)
	m.state.RetryAt = m.at
}

// soon is a moment within a second: the streams of a fleet that end together do not begin together.
func (m *machine) soon(now time.Time) { m.wait(now, time.Duration(m.random()*float64(time.Second))) }

// looked sets when a consistent read is due again.
func (m *machine) looked(now time.Time) {
	m.lookAt = now.Add(time.Duration(float64(m.lookEvery) * (0.8 + 0.4*m.random())))
}

// listed: a whole list was taken and applied.
func (m *machine) listed(now time.Time, revision string, count int) {
	m.revision, m.highest, m.count = revision, revision, count
	m.broken, m.large = 0, 0
	m.state.Synced = true
	m.seen(now)
	m.looked(now)
	m.to(now, domain.SyncLive, "", nil)
	m.wait(now, 0)
}

// found: a consistent read found a revision. A lower one than before is the truth of a server whose history went back.
func (m *machine) found(now time.Time, revision string) {
	if m.regressed(m.highest, revision) {
		m.state.Epoch++
		m.highest = revision
		m.unplaced(now, domain.ReasonRevisionRegressed, nil)
	}
}

// regressed says whether a consistent read shows a history that went back.
func (m *machine) regressed(known, revision string) bool {
	older, comparable := olderRevision(revision, known)
	return comparable && older
}

// lose gives the place up: everything is listed anew, at once.
func (m *machine) lose(now time.Time, reason domain.SyncReason, err error) {
	m.revision = ""
	m.unplaced(now, reason, err)
	m.wait(now, 0)
}

// expire gives a place up that is older than the server's history. Once that is ordinary. A history that is shorter
// than a list takes needs pauses, or the watcher does nothing but list.
func (m *machine) expire(now time.Time, err error) {
	m.lose(now, domain.ReasonExpired, err)
	if m.expired++; m.expired == 1 {
		m.relist.Reset()
		return
	}
	if m.expired >= expiredUntilThrashing {
		m.pageSize = max(m.pageSize, min(m.pageSize*2, largestPage)) // fewer pages take less time
		m.unplaced(now, domain.ReasonRelistThrashing, err)
	}
	m.wait(now, m.relist.Next())
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
