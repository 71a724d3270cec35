package watcher

import (
	"context"
	"io"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// fakeSource is a cluster in memory: a set with revisions, a history, and a script of what goes wrong.
type fakeSource struct {
	mu       sync.Mutex
	revision int
	set      map[string]Item[string]
	log      []Frame[string] // all changes, the oldest first
	compact  int             // changes up to here are forgotten
	streams  map[*fakeStream]bool
	identity string

	// listErrs and watchErrs are what the next calls answer instead, nil for nothing.
	listErrs, watchErrs []error
	// requests are the calls as they came: "list", "list 1" for a limit of one, "watch REVISION".
	requests []string
	times    []time.Time
}

func newFake() *fakeSource {
	return &fakeSource{revision: 100, set: map[string]Item[string]{}, streams: map[*fakeStream]bool{}, identity: "c1", compact: 100}
}

// put makes or changes an object; a new uid makes it anew.
func (f *fakeSource) put(key, uid, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revision++
	old, there := f.set[key]
	kind := FrameModified
	if !there || old.UID != uid {
		kind = FrameAdded
	}
	if there && old.UID != uid {
		gone := old
		gone.Revision = strconv.Itoa(f.revision)
		f.append(Frame[string]{FrameDeleted, gone})
		f.revision++
	}
	item := Item[string]{Key: key, UID: uid, Revision: strconv.Itoa(f.revision), Value: value}
	f.set[key] = item
	f.append(Frame[string]{kind, item})
}

func (f *fakeSource) remove(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revision++
	item := f.set[key]
	delete(f.set, key)
	item.Revision = strconv.Itoa(f.revision)
	f.append(Frame[string]{FrameDeleted, item})
}

func (f *fakeSource) append(frame Frame[string]) {
	f.log = append(f.log, frame)
	for s := range f.streams {
		s.push(frame)
	}
}

// forget compacts the history.
func (f *fakeSource) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.compact = f.revision
}

// end ends all streams, with an error or in good order.
func (f *fakeSource) end(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.streams {
		s.finish(err)
		delete(f.streams, s)
	}
}

// send puts a frame into all streams, whatever the set is.
func (f *fakeSource) send(frame Frame[string]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.streams {
		s.push(frame)
	}
}

func (f *fakeSource) bookmark() {
	f.send(Frame[string]{FrameBookmark, Item[string]{Revision: strconv.Itoa(f.revision)}})
}

func (f *fakeSource) note(request string) {
	f.requests = append(f.requests, request)
	f.times = append(f.times, time.Now())
}

func next(errs *[]error) (err error) {
	if len(*errs) > 0 {
		err = (*errs)[0]
		*errs = (*errs)[1:]
	}
	return err
}

func (f *fakeSource) List(_ context.Context, opts ListOptions) (*Page[string], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	request := "list"
	if opts.Limit == 1 {
		request = "list 1"
	}
	f.note(request)
	if err := next(&f.listErrs); err != nil {
		return nil, err
	}
	page := &Page[string]{Revision: strconv.Itoa(f.revision)}
	for _, item := range f.set {
		page.Items = append(page.Items, item)
	}
	return page, nil
}

func (f *fakeSource) Watch(ctx context.Context, opts WatchOptions) (Stream[string], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note("watch " + opts.Revision)
	if err := next(&f.watchErrs); err != nil {
		return nil, err
	}
	from, _ := strconv.Atoi(opts.Revision)
	if from < f.compact && !opts.Initial {
		return nil, domain.E(domain.CodeRevisionExpired, nil, nil)
	}
	s := &fakeStream{frames: make(chan Frame[string], 10_000), over: make(chan struct{})}
	context.AfterFunc(ctx, s.Close)
	if opts.Initial {
		for _, item := range f.set {
			s.push(Frame[string]{FrameAdded, item})
		}
		s.push(Frame[string]{FrameSynced, Item[string]{Revision: strconv.Itoa(f.revision)}})
	}
	for _, frame := range f.log {
		if n, _ := strconv.Atoi(frame.Item.Revision); !opts.Initial && n > from {
			s.push(frame)
		}
	}
	f.streams[s] = true
	return s, nil
}

func (f *fakeSource) Identity(context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.identity, nil
}

type fakeStream struct {
	frames chan Frame[string]
	over   chan struct{}
	once   sync.Once
	err    error
}

func (s *fakeStream) push(frame Frame[string]) { s.frames <- frame }

func (s *fakeStream) finish(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.over)
	})
}

func (s *fakeStream) Next() (Frame[string], error) {
	select {
	case frame := <-s.frames:
		return frame, nil
	default:
	}
	select {
	case frame := <-s.frames:
		return frame, nil
	case <-s.over:
		if s.err == nil {
			return Frame[string]{}, io.EOF
		}
		return Frame[string]{}, s.err
	}
}

func (s *fakeStream) Close() { s.finish(domain.CodeCanceled) }

// fakeSink folds what it is told, and keeps the log of it.
type fakeSink struct {
	mu       sync.Mutex
	set      map[string]Item[string]
	states   []State
	replaces int
	events   []Event[string]
	fail     []error // what the next batches answer
}

func (s *fakeSink) Replace(_ context.Context, items []Item[string]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := next(&s.fail); err != nil {
		return err
	}
	s.replaces++
	s.set = map[string]Item[string]{}
	for _, item := range items {
		s.set[item.Key] = item
	}
	return nil
}

func (s *fakeSink) Apply(_ context.Context, events []Event[string]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := next(&s.fail); err != nil {
		return err
	}
	for _, e := range events {
		s.events = append(s.events, e)
		if e.Type == domain.EventDeleted {
			delete(s.set, e.Item.Key)
		} else {
			s.set[e.Item.Key] = e.Item
		}
	}
	return nil
}

func (s *fakeSink) SetState(_ context.Context, state State) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states = append(s.states, state)
	return nil
}

// phases are the states that a sink was told, as "PHASE" or "PHASE/Reason".
func (s *fakeSink) phases() (words []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, state := range s.states {
		word := string(state.Phase)
		if state.Reason != "" {
			word += "/" + string(state.Reason)
		}
		words = append(words, word)
	}
	return words
}

// rig is a watcher that runs over a fake source in a bubble.
type rig struct {
	*fakeSource
	t    *testing.T
	sink *fakeSink
	w    *Watcher[string]
}

// inRig runs a test in a bubble of its own, in which half is every random number, and ends the watcher after it.
func inRig(t *testing.T, opts Options, prepare func(*fakeSource), test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{fakeSource: newFake(), t: t, sink: &fakeSink{}}
		if prepare != nil {
			prepare(r.fakeSource)
		}
		if opts.Rand == nil {
			opts.Rand = func() float64 { return 0.5 }
		}
		r.w = New[string](r.fakeSource, r.sink, opts)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.w.Run(ctx) }()
		synctest.Wait()
		test(r)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// after lets time pass, and everything happen that is due by then.
func (r *rig) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
