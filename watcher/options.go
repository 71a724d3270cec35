package watcher

import (
	"context"
	"log/slog"
	"time"
)

// Options configures a Watcher. The zero value is ready to use.
type Options struct {
	// PageSize of lists. Zero means 250. Pages shrink when answers are too large.
	PageSize int
	// WatchList takes the initial set as a stream (Kubernetes' sendInitialEvents) where the server offers it.
	WatchList bool
	// Lists bounds how many lists run at once in the process. Nil is no bound; share one among the watchers of a fleet.
	Lists *Limiter
	// Revision is the place of which the sink has the set already, as State.Revision told it: the watcher begins there and
	// lists nothing, unless the place has expired. Empty begins with a list.
	Revision string
	// Fingerprint is the expected answer of Source.Identity. Empty takes the first one that is seen.
	Fingerprint string
	// WatchTimeout is after how long a server is asked to end a stream. Zero means 10 minutes, spread by up to a half
	// more, so that streams do not end together.
	WatchTimeout time.Duration
	// Silence is how long a stream may bring no frame, bookmarks included, before it is taken for dead. Zero means 150 s:
	// API servers send a bookmark about every minute.
	Silence time.Duration
	// ProbeEvery is how often a consistent read of one item looks whether the server's history went back, give or take
	// a fifth: a server restored from a backup accepts a watch from its future and stays silent. Zero means 5 minutes.
	ProbeEvery time.Duration
	// Timeouts of one page of a list, of opening a watch, and of the breaker's probe. Zero means 30 s, 15 s, 10 s.
	ListTimeout, OpenTimeout, ProbeTimeout time.Duration
	// OpenFor is how long the breaker stays open. Zero means 60 s; up to a tenth is added by chance.
	OpenFor time.Duration
	// Rand returns a number in [0, 1); nil uses math/rand/v2. It is for tests that want to see the same run again.
	Rand func() float64
	// Logger receives changes of phase and reason. Nil discards them; what was dropped is counted in [Stats].
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	for at, fallback := range map[*time.Duration]time.Duration{
		&o.WatchTimeout: 10 * time.Minute,
		&o.Silence:      150 * time.Second,
		&o.ProbeEvery:   5 * time.Minute,
		&o.ListTimeout:  30 * time.Second,
		&o.OpenTimeout:  15 * time.Second,
		&o.ProbeTimeout: 10 * time.Second,
		&o.OpenFor:      time.Minute,
	} {
		if *at <= 0 {
			*at = fallback
		}
	}
	if o.PageSize <= 0 {
		o.PageSize = 250
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Limiter bounds how many lists run at once, first come, first served: a list of a large cluster takes memory, and a
// hundred clusters that lose their place together would take it a hundred times.
type Limiter struct{ slots chan struct{} }

// NewLimiter returns a limiter for n lists at once, at least one.
func NewLimiter(n int) *Limiter { return &Limiter{make(chan struct{}, max(n, 1))} }

// acquire waits for a slot, or for the end of ctx.
func (l *Limiter) acquire(ctx context.Context) (release func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	select {
	case l.slots <- struct{}{}:
		return func() { <-l.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
