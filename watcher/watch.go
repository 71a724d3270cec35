package watcher

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// grace is how long after its timeout a server may take to end a stream.
const grace = 30 * time.Second

// batchSize is how many events a sink is told at once, at most.
const batchSize = 256

// watch opens a stream and follows it to its end. Without a place, the stream begins with the whole set.
func (w *Watcher[T]) watch(ctx context.Context, a *attempt) error {
	f := &follower[T]{w: w, attempt: a, initial: w.machine.listing()}
	if f.initial {
		release, err := w.opts.Lists.acquire(ctx)
		if err != nil {
			return excluded{err}
		}
		f.release = sync.OnceFunc(release)
		defer f.release()
		w.count(func(s *Stats) { s.Lists++ })
		if err := w.identify(ctx); err != nil {
			return w.machine.failed(time.Now(), err)
		}
	}
	timeout := w.opts.WatchTimeout + time.Duration(w.machine.random()*float64(w.opts.WatchTimeout)/2)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := w.open(ctx, cancel, WatchOptions{Revision: w.machine.revision, Initial: f.initial, Timeout: timeout})
	if err != nil {
		return w.refused(err, f.initial)
	}
	w.count(func(s *Stats) { s.Watches++ })
	w.machine.opened(time.Now())
	f.read(stream)
	defer f.close(cancel, stream)
	return f.follow(ctx, timeout+grace)
}

// open opens a stream in bounded time. The stream lives on after that.
func (w *Watcher[T]) open(ctx context.Context, cancel context.CancelCauseFunc, opts WatchOptions) (Stream[T], error) {
	late := time.AfterFunc(w.opts.OpenTimeout, func() { cancel(domain.CodeVerbTimeout) })
	var stream Stream[T]
	err := guarded(func() (err error) { stream, err = w.source.Watch(ctx, opts); return err })
	if !late.Stop() && err == nil {
		stream.Close()
		err = errors.New("the stream came too late")
	}
	return stream, timely(ctx, err)
}

// refused: a stream was not opened. A server that does not offer the initial set is asked for lists from now on.
func (w *Watcher[T]) refused(err error, initial bool) error {
	kind := domain.KindOf(err)
	if initial && (kind == domain.KindUnsupported || kind == domain.KindInvalidArgument) {
		w.opts.WatchList = false
		w.machine.wait(time.Now(), 0)
		return excluded{err}
	}
	return w.machine.failed(time.Now(), err)
}

// follower follows one stream.
type follower[T any] struct {
	w       *Watcher[T]
	attempt *attempt
	frames  chan Frame[T]
	err     error // why frames was closed; nil for a good end
	tasks   sync.WaitGroup

	initial bool // the set is being gathered
	set     gathering[T]
	batch   []Event[T]
	release func() // of the limiter of lists
}

// read pumps the frames into the channel, until the stream ends.
func (f *follower[T]) read(stream Stream[T]) {
	f.frames = make(chan Frame[T], batchSize)
	f.tasks.Go(func() {
		defer close(f.frames)
		for {
			var frame Frame[T]
			err := guarded(func() (err error) { frame, err = stream.Next(); return err })
			if err != nil {
				if !errors.Is(err, io.EOF) {
					f.err = err
				}
				return
			}
			f.frames <- frame
		}
	})
}

// close ends the stream and waits for what was started.
func (f *follower[T]) close(cancel context.CancelCauseFunc, stream Stream[T]) {
	cancel(nil)
	_ = guarded(func() error { stream.Close(); return nil }) // a panic of it changes nothing: the stream is over
	for range f.frames {                                     // what it still brings is of no use: it is told again
	}
	f.tasks.Wait()
}

// follow takes frames until the stream ends, or is given up.
func (f *follower[T]) follow(ctx context.Context, longest time.Duration) error {
	w, m := f.w, f.w.machine
	if f.initial { // the set itself is a look
		m.looked(time.Now())
	}
	silence, proof, deadline := time.NewTimer(w.opts.Silence), time.NewTimer(provenAfter), time.NewTimer(longest)
	look := time.NewTimer(time.Until(m.lookAt))
	for _, t := range []*time.Timer{silence, proof, deadline, look} {
		defer t.Stop()
	}
	looks := make(chan sight, 1)
	for {
		select {
		case frame, more := <-f.frames:
			if !more {
				if ctx.Err() != nil {
					return excluded{ctx.Err()}
				}
				return m.ended(time.Now(), f.err)
			}
			silence.Reset(w.opts.Silence)
			if outcome, over := f.take(ctx, frame); over {
				return outcome
			}
		case <-proof.C:
			if m.prove(time.Now()) {
				f.proven(ctx)
			}
		case <-silence.C:
			if len(f.frames) == 0 { // else this side was slow
				return m.silent(time.Now())
			}
		case <-deadline.C: // the server was to end it, and has not
			return m.ended(time.Now(), nil)
		case <-look.C:
			f.look(ctx, m.revision, looks)
		case s := <-looks:
			if outcome, over := f.saw(s); over {
				return outcome
			}
			look.Reset(time.Until(m.lookAt))
		case <-ctx.Done():
			return excluded{ctx.Err()}
		}
	}
}

// proven: the stream works, which settles the try.
func (f *follower[T]) proven(ctx context.Context) {
	f.w.settle(f.attempt, nil)
	f.w.tell(ctx)
}

// take takes a frame, and what has come with it. over says that the stream is of no use any more.
func (f *follower[T]) take(ctx context.Context, frame Frame[T]) (outcome error, over bool) {
	f.batch = f.batch[:0]
	for more := true; more && !over; {
		outcome, over = f.one(ctx, frame)
		if len(f.batch) == batchSize || over {
			break
		}
		select {
		case frame, more = <-f.frames: // a closed channel is seen by follow
		default:
			more = false
		}
	}
	if err := f.feed(ctx); err != nil {
		return nil, true
	}
	f.w.tell(ctx)
	return outcome, over
}

// feed has the sink take the batch. What it does not take is lost with the place.
func (f *follower[T]) feed(ctx context.Context) error {
	if len(f.batch) == 0 {
		return nil
	}
	w := f.w
	err := w.feed(ctx, func() error { return w.sink.Apply(ctx, f.batch) })
	if err != nil && ctx.Err() == nil {
		w.machine.lose(time.Now(), domain.ReasonSinkFailed, err)
		w.machine.retry(time.Now(), domain.ReasonSinkFailed, err)
	}
	return err
}

// one takes one frame into the batch, or into the set.
func (f *follower[T]) one(ctx context.Context, frame Frame[T]) (outcome error, over bool) {
	w, m := f.w, f.w.machine
	if m.frame(time.Now()) {
		f.proven(ctx)
	}
	w.count(func(s *Stats) { s.Frames++ })
	switch frame.Type {
	case FrameBookmark:
		f.bookmark(frame.Item.Revision)
		return nil, false
	case FrameSynced:
		if f.initial {
			return f.synced(ctx, frame.Item.Revision)
		}
		f.bookmark(frame.Item.Revision)
		return nil, false
	case FrameAdded, FrameModified, FrameDeleted:
		return nil, f.event(frame)
	default:
		w.count(func(s *Stats) { s.Unknown++ })
		return nil, false
	}
}

// bookmark takes a place, but never an earlier one. While a set is gathered there is none.
func (f *follower[T]) bookmark(revision string) {
	if !f.initial && !f.w.machine.bookmark(revision) {
		f.w.count(func(s *Stats) { s.Dropped++ })
	}
}

// event takes what happened to an object.
func (f *follower[T]) event(frame Frame[T]) (over bool) {
	w, m := f.w, f.w.machine
	if f.initial {
		f.set.take(frame)
		return false
	}
	if frame.Item.Err != nil {
		w.count(func(s *Stats) { s.Undecodable++ })
	}
	switch m.place(time.Now(), frame.Item.Revision) {
	case deliver:
		f.batch = append(f.batch, Event[T]{eventType(frame.Type), frame.Item, frame.Item.Revision})
		m.counted(frame.Type)
	case drop:
		w.count(func(s *Stats) { s.Dropped++ })
	case relist:
		w.count(func(s *Stats) { s.Dropped++ })
		return true
	}
	return false
}

// synced: the initial set is whole. A set that lacks most of what was there is asked for once more, as a list.
func (f *follower[T]) synced(ctx context.Context, revision string) (outcome error, over bool) {
	w := f.w
	defer f.release()
	f.initial = false
	items := f.set.set.Values()
	f.set = gathering[T]{}
	var err error
	suspicious := w.machine.suspicious(len(items))
	switch {
	case revision == "":
		err = domain.E(domain.CodeProtocolError, nil, errNoRevision)
	case suspicious:
		items, revision, err = w.confirmed(ctx)
	}
	if err != nil {
		return w.machine.failed(time.Now(), err), true
	}
	outcome = w.replace(ctx, items, revision)
	return outcome, suspicious || w.machine.listing()
}

func eventType(t FrameType) domain.EventType {
	switch t {
	case FrameAdded:
		return domain.EventAdded
	case FrameDeleted:
		return domain.EventDeleted
	default:
		return domain.EventModified
	}
}
