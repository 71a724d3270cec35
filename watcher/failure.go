package watcher

import (
	"errors"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// excluded marks an error that is neither a failure nor a success to the breaker.
type excluded struct{ error }

func (e excluded) Unwrap() error { return e.error }

// failed: a list, the opening of a watch, or a stream ended with an error. It returns what the breaker is told.
func (m *machine) failed(now time.Time, err error) error {
	switch domain.CodeOf(err) {
	case domain.CodeRevisionExpired, domain.CodeCursorExpired, domain.CodeInvalidCursor:
		m.expire(now, err)
		return excluded{err}
	case domain.CodeThrottled, domain.CodeQueueFull:
		m.retry(now, domain.ReasonThrottled, err)
		return excluded{err}
	case domain.CodeCanceled: // a connection that was given up on this side, as when a credential was replaced
		m.retry(now, domain.ReasonStreamBroken, err)
		return excluded{err}
	case domain.CodeResponseTooLarge:
		return m.tooLarge(now, err)
	case domain.CodeProtocolError, domain.CodeInternal, domain.CodeUnexpectedObject:
		return m.brokenStream(now, err)
	}
	if m.blockedBy(now, err) {
		return excluded{err}
	}
	m.lookAt = now // whoever answers next may be restored, or another cluster
	m.retry(now, domain.ReasonUnreachable, err)
	return err
}

// retry is trouble that is over by itself, after a pause or when the server wishes.
func (m *machine) retry(now time.Time, reason domain.SyncReason, err error) {
	m.trouble(now, reason, err)
	m.wait(now, max(m.pause.Next(), min(wishOf(err), longestWish)))
}

// blockedBy enters phase BLOCKED if an error is one that somebody must mend.
func (m *machine) blockedBy(now time.Time, err error) bool {
	switch domain.CodeOf(err) {
	case domain.CodeUnauthenticated, domain.CodeClusterCredentials:
		m.block(now, domain.ReasonUnauthorized, err, m.blocked.Next())
	case domain.CodePermissionDenied:
		m.block(now, domain.ReasonForbidden, err, m.blocked.Next())
	case domain.CodeClusterIdentityChanged:
		m.revision = "" // it means nothing to another cluster
		m.block(now, domain.ReasonIdentityChanged, err, m.blocked.Next())
	case domain.CodeKubeVirtMissing:
		m.revision = "" // whatever comes back may be another set
		m.block(now, domain.ReasonAPIMissing, err, missingPause)
	default:
		if domain.KindOf(err) != domain.KindInvalidArgument {
			return false
		}
		m.block(now, domain.ReasonBadConfig, err, 0)
		m.at, m.state.RetryAt = never, time.Time{}
	}
	return true
}

func (m *machine) block(now time.Time, reason domain.SyncReason, err error, pause time.Duration) {
	m.to(now, domain.SyncBlocked, reason, err)
	m.wait(now, pause)
}

// tooLarge: pages shrink. If that does not help, somebody must raise the limit; the breaker is not asked any more. What
// was too large may be one event of the stream, so the place is given up with it.
func (m *machine) tooLarge(now time.Time, err error) error {
	m.pageSize = max(m.pageSize/2, smallestPage)
	if m.large++; m.large < largeUntilBlocked {
		m.retry(now, domain.ReasonTooLarge, err)
		return err
	}
	m.revision = ""
	m.block(now, domain.ReasonTooLarge, err, m.blocked.Next())
	if m.large == largeUntilBlocked {
		return err
	}
	return excluded{err}
}

// brokenStream is what is not the protocol, or a server's own failure: the place is kept, and given up after the third
// time in a row.
func (m *machine) brokenStream(now time.Time, err error) error {
	if m.broken++; m.broken >= brokenUntilRelist && !m.listing() {
		m.broken = 0
		m.lose(now, domain.ReasonStreamBroken, err)
	}
	m.retry(now, domain.ReasonStreamBroken, err)
	return err
}

func wishOf(err error) time.Duration {
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
