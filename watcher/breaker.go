package watcher

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

// failuresToOpen is after how many failures in a row the breaker opens. gobreaker's own default is one more.
const failuresToOpen = 5

// breaker is gobreaker with our accounting, and with the moment at which it may be asked again: by itself it leaves the
// open state only when somebody asks.
type breaker struct {
	two     *gobreaker.TwoStepCircuitBreaker[struct{}]
	openFor time.Duration
	random  func() float64
	until   time.Time
}

func newBreaker(openFor time.Duration, random func() float64) *breaker {
	b := &breaker{openFor: openFor, random: random}
	b.two = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: 1,
		Timeout:     openFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failuresToOpen },
		// IsExcluded, not IsSuccessful: an expired place must not reset the failures before it.
		IsExcluded: func(err error) bool {
			_, no := errors.AsType[excluded](err)
			return no || errors.Is(err, context.Canceled)
		},
	})
	return b
}

// attempt is a try that the breaker let pass.
type attempt struct {
	breaker *breaker
	settle  func(error)
	// probe says that the breaker is half open: this is the one request.
	probe bool
}

// allow asks for a try; nil is no, and nothing may be sent before b.until.
func (b *breaker) allow(now time.Time) *attempt {
	settle, err := b.two.Allow()
	if err != nil {
		if !b.until.After(now) { // our clock and the breaker's disagree by a hair
			b.until = now.Add(time.Second)
		}
		return nil
	}
	return &attempt{breaker: b, settle: settle, probe: b.two.State() == gobreaker.StateHalfOpen}
}

// done settles the try. It counts once: later calls mean nothing, and say so.
func (a *attempt) done(outcome error) (counted, opened bool) {
	if a.settle == nil {
		return false, false
	}
	b := a.breaker
	a.settle(outcome)
	a.settle = nil
	if b.two.State() != gobreaker.StateOpen {
		return true, false
	}
	// At the very moment it is still open (it compares strictly); the tenth keeps a fleet from asking together.
	b.until = time.Now().Add(b.openFor + time.Millisecond + time.Duration(b.random()*float64(b.openFor)/10))
	return true, true
}
