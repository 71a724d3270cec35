package kubevirt

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// observed notes how the calls of a source end, so that a watcher's accounts can be held against it.
type observed[R any] struct {
	watcher.Source[R]
	mu    sync.Mutex
	calls int64 // for the resource
	// failures is the most that a breaker may have counted: calls that failed, and streams that brought nothing.
	failures int64
}

// excused says whether an error is none to the breaker.
func excused(err error) bool {
	switch domain.CodeOf(err) {
	case domain.CodeRevisionExpired, domain.CodeCursorExpired, domain.CodeThrottled, domain.CodeQueueFull, domain.CodeCanceled,
		domain.CodePermissionDenied, domain.CodeClusterCredentials, domain.CodeUnauthenticated, domain.CodeKubeVirtMissing:
		return true
	default:
		return err == nil
	}
}

func (o *observed[R]) note(ctx context.Context, calls int64, err error) {
	if err != nil && errors.Is(context.Cause(ctx), domain.CodeVerbTimeout) {
		err = domain.E(domain.CodeVerbTimeout, nil, err) // it was not this side that gave up
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls += calls
	if !excused(err) {
		o.failures++
	}
}

func (o *observed[R]) noted() (calls, failures int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls, o.failures
}

// List implements watcher.Source.
func (o *observed[R]) List(ctx context.Context, opts watcher.ListOptions) (*watcher.Page[R], error) {
	page, err := o.Source.List(ctx, opts)
	o.note(ctx, 1, err)
	if err == nil && page.Revision == "" { // no list of an API server's
		o.note(ctx, 0, domain.E(domain.CodeProtocolError, nil, nil))
	}
	return page, err
}

// Identity implements watcher.Source.
func (o *observed[R]) Identity(ctx context.Context) (string, error) {
	id, err := o.Source.Identity(ctx)
	o.note(ctx, 0, err)
	return id, err
}

// Watch implements watcher.Source.
func (o *observed[R]) Watch(ctx context.Context, opts watcher.WatchOptions) (watcher.Stream[R], error) {
	stream, err := o.Source.Watch(ctx, opts)
	o.note(ctx, 1, err)
	if err != nil {
		return nil, err
	}
	return &observedStream[R]{Stream: stream, source: o}, nil
}

type observedStream[R any] struct {
	watcher.Stream[R]
	source *observed[R]
	once   sync.Once
}

// Next implements watcher.Stream. The first frame proves a stream, so that its end is nobody's failure.
func (s *observedStream[R]) Next() (watcher.Frame[R], error) {
	frame, err := s.Stream.Next()
	s.once.Do(func() {
		if errors.Is(err, io.EOF) {
			err = domain.E(domain.CodeProtocolError, nil, err)
		}
		s.source.note(context.Background(), 0, err)
	})
	if err != nil && domain.CodeOf(err) == domain.CodeProtocolError && errors.Is(err, io.EOF) {
		err = io.EOF
	}
	return frame, err
}

// Close implements watcher.Stream.
func (s *observedStream[R]) Close() {
	s.once.Do(func() { s.source.note(context.Background(), 0, domain.E(domain.CodeVerbTimeout, nil, nil)) })
	s.Stream.Close()
}
