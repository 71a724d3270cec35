package harness

import (
	"testing"
	"time"
)

// pollPeriod is short, because nobody else uses the server.
const pollPeriod = 50 * time.Millisecond

// Eventually calls check until it returns nil. The test fails at once when
// that has not happened within the timeout, or when its context ends; the
// message holds the last error. Call it from the test's goroutine.
func Eventually(tb testing.TB, timeout time.Duration, check func() error) {
	tb.Helper()
	ticker := time.NewTicker(pollPeriod)
	defer ticker.Stop()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			tb.Fatalf("not within %s: %v", timeout, err)
		case <-tb.Context().Done():
			tb.Fatalf("the test has ended: %v", err)
		}
	}
}
