// Package backoff paces repeated attempts.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is a run of growing pauses. It is not safe for concurrent use.
type Backoff struct {
	// First is the first pause, Max the longest. Each pause is twice the one before.
	First, Max time.Duration
	// Jitter is the share of a pause that is random, 0 to 1: it is added, so that no pause is shorter than planned.
	Jitter float64
	// Rand returns a number in [0, 1); nil uses the shared source of math/rand/v2.
	Rand func() float64

	next time.Duration
}

// Next returns the next pause.
func (b *Backoff) Next() time.Duration {
	if b.next == 0 {
		b.next = b.First
	}
	pause := min(b.next, b.Max)
	b.next = min(b.next*2, b.Max)
	if b.Jitter > 0 {
		random := rand.Float64
		if b.Rand != nil {
			random = b.Rand
		}
		pause += time.Duration(float64(pause) * b.Jitter * random())
	}
	return pause
}

// Reset begins the run anew.
func (b *Backoff) Reset() { b.next = 0 }

// Sleep pauses, or returns the context's error as soon as ctx ends.
func Sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
