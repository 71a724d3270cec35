package watcher

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/backoff"
)

// triesPerBatch is how often a sink is asked to take one batch.
const triesPerBatch = 3

// feed has the sink take a batch. What it does not take is tried again; the last error is returned.
func (w *Watcher[T]) feed(ctx context.Context, batch func() error) error {
	pause := backoff.Backoff{First: 100 * time.Millisecond, Max: 5 * time.Second, Jitter: 1, Rand: w.machine.random}
	before := w.machine.state
	for n := 1; ; n++ {
		err := guarded(batch)
		if err == nil {
			if n > 1 {
				w.machine.to(time.Now(), before.Phase, before.Reason, before.Err)
				w.machine.state.FreshUntil = before.FreshUntil
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.count(func(s *Stats) { s.SinkFailures++ })
		w.machine.trouble(time.Now(), domain.ReasonSinkFailed, err)
		w.tell(ctx)
		if n == triesPerBatch {
			return err
		}
		if err := backoff.Sleep(ctx, pause.Next()); err != nil {
			return err
		}
	}
}

// guarded makes an error of a panic of foreign code.
func guarded(call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = domain.E(domain.CodeInternal, nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return call()
}

func levelOf(phase domain.SyncState) slog.Level {
	switch phase {
	case domain.SyncOpen, domain.SyncBlocked, domain.SyncRebuilding:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

func attrs(s State) []slog.Attr {
	a := []slog.Attr{slog.String("phase", string(s.Phase))}
	if s.Reason != "" {
		a = append(a, slog.String("reason", string(s.Reason)))
	}
	if s.Err != nil {
		a = append(a, slog.String("code", string(domain.CodeOf(s.Err))), slog.Any("error", s.Err))
	}
	return a
}
