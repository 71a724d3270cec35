package watcher

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// staleAfter is how long a set counts as fresh when its stream was lost and its place is known.
const staleAfter = 30 * time.Second

// State is where a watcher stands.
type State struct {
	Phase  domain.SyncState
	Reason domain.SyncReason
	// Err is the last error that led here, nil in phase LIVE.
	Err error
	// Since is when Phase and Reason became what they are, Seen when the cluster was last known to look like the set:
	// the age of what is read is the time since then.
	Since, Seen time.Time
	// Synced says that there is a set: at least one whole list was taken.
	Synced bool
	// Revision is the place in the cluster's history that the set has; empty when it is lost.
	Revision string
	// Epoch counts how often the server's history went back.
	Epoch int
	// FreshUntil is until when the set counts as fresh if nothing more is heard of the cluster; zero is no bound.
	FreshUntil time.Time
	// RetryAt is when something is sent next, zero when that is not known.
	RetryAt time.Time
}

// Status is what a reader may think of the set at a time.
func (s State) Status(now time.Time) domain.CacheStatus {
	followed := s.Phase == domain.SyncLive || s.Phase == domain.SyncRetrying && s.Reason != domain.ReasonSinkFailed
	switch {
	case !s.Synced:
		return domain.CacheUnsynced
	case followed && (s.FreshUntil.IsZero() || now.Before(s.FreshUntil)):
		return domain.CacheFresh
	}
	return domain.CacheStale
}

// Age is how old the set is at a time, never negative.
func (s State) Age(now time.Time) time.Duration {
	if s.Seen.IsZero() {
		return 0
	}
	return max(now.Sub(s.Seen), 0)
}
