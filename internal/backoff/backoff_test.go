package backoff

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestNext(t *testing.T) {
	b := Backoff{First: time.Second, Max: 5 * time.Second}
	var got []time.Duration
	for range 5 {
		got = append(got, b.Next())
	}
	if want := []time.Duration{1e9, 2e9, 4e9, 5e9, 5e9}; !slices.Equal(got, want) {
		t.Errorf("pauses %v, want %v", got, want)
	}
	b.Reset()
	if got := b.Next(); got != time.Second {
		t.Errorf("after Reset %v", got)
	}
}

func TestJitterOnlyAdds(t *testing.T) {
	b := Backoff{First: time.Second, Max: time.Second, Jitter: 0.5, Rand: func() float64 { return 0.5 }}
	if got := b.Next(); got != 1250*time.Millisecond {
		t.Errorf("Next() = %v", got)
	}
	b.Rand = nil
	for range 100 {
		if got := b.Next(); got < time.Second || got > 1500*time.Millisecond {
			t.Fatalf("Next() = %v", got)
		}
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if err := Sleep(ctx, 300*time.Millisecond); err != nil || time.Since(begin) != 300*time.Millisecond {
			t.Errorf("a whole pause: %v after %v", err, time.Since(begin))
		}
		if err := Sleep(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second {
			t.Errorf("a pause cut short: %v after %v", err, time.Since(begin))
		}
	})
}
