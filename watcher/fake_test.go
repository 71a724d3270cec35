package watcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
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

	// listErrs, watchErrs and identityErrs are what the next calls answer instead: nil is nothing, hangs waits for the
	// caller to give up, panics panics. allErrs is what every
	// list and watch answers.
	listErrs, watchErrs, identityErrs []error
	allErrs                           error
	// openings are done to the next streams, eachOpening to all after them.
	openings    []func(*fakeStream)
	eachOpening func(*fakeStream)
	// requests are the calls as they came: "list" of a first page, "list next" of another, "list 1" for a limit of one,
	// "watch REVISION". A list in progress is counted in listing.
	requests []string
	times    []time.Time
	limits   []int
	pages    map[int]map[string]Item[string] // what the list in progress is of
	slow     time.Duration                   // how long a list takes
	listing  atomic.Int32
	most     int32 // lists at once
}

var (
	errHangs  = errors.New("hangs")
	errPanics = errors.New("panics")
)

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
	n, _ := strconv.Atoi(frame.Item.Revision)
	for s := range f.streams {
		if n > s.from {
			s.push(frame)
		}
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

// answer is what a call answers instead, after it was noted.
func (f *fakeSource) answer(ctx context.Context, request string, script *[]error) error {
	f.mu.Lock()
	if request != "" {
		f.note(request)
	}
	err := next(script)
	if err == nil && request != "" {
		err = f.allErrs
	}
	f.mu.Unlock()
	switch {
	case errors.Is(err, errHangs):
		<-ctx.Done()
		return ctx.Err()
	case errors.Is(err, errPanics):
		panic("the source")
	}
	return err
}

func (f *fakeSource) List(ctx context.Context, opts ListOptions) (*Page[string], error) {
	now := f.listing.Add(1)
	defer f.listing.Add(-1)
	request := "list"
	switch {
	case opts.Limit == 1 && opts.Continue == "":
		request = "list 1"
	case opts.Continue != "":
		request = "list next"
	}
	if err := f.answer(ctx, request, &f.listErrs); err != nil {
		return nil, err
	}
	if f.slow > 0 && opts.Limit != 1 {
		time.Sleep(f.slow)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.most = max(f.most, now)
	f.limits = append(f.limits, opts.Limit)
	return f.page(opts)
}

// page is a page of the set in the order of its keys, all pages of one list as of the same revision. The token is that
// revision and where it goes on; it expires with the revision.
func (f *fakeSource) page(opts ListOptions) (*Page[string], error) {
	set, revision, from := f.set, f.revision, 0
	if opts.Continue != "" {
		_, _ = fmt.Sscanf(opts.Continue, "%d/%d", &revision, &from)
		if set = f.pages[revision]; revision < f.compact || revision > f.revision || set == nil {
			return nil, coded(domain.CodeCursorExpired)
		}
	}
	page := &Page[string]{Revision: strconv.Itoa(revision)}
	keys := slices.Sorted(maps.Keys(set))
	until := min(from+opts.Limit, len(keys))
	for _, key := range keys[from:until] {
		page.Items = append(page.Items, set[key])
	}
	if until < len(keys) && opts.Limit > 1 {
		f.pages = map[int]map[string]Item[string]{revision: maps.Clone(set)}
		page.Continue = fmt.Sprintf("%d/%d", revision, until)
	}
	return page, nil
}

func (f *fakeSource) Watch(ctx context.Context, opts WatchOptions) (Stream[string], error) {
	if err := f.answer(ctx, "watch "+opts.Revision, &f.watchErrs); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	from, _ := strconv.Atoi(opts.Revision)
	if from < f.compact && !opts.Initial {
		return nil, domain.E(domain.CodeRevisionExpired, nil, nil)
	}
	s := &fakeStream{frames: make(chan Frame[string], 10_000), over: make(chan struct{}), from: from}
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
	f.open(s)
	return s, nil
}

// open does to a new stream what the script says.
func (f *fakeSource) open(s *fakeStream) {
	do := f.eachOpening
	if len(f.openings) > 0 {
		do, f.openings = f.openings[0], f.openings[1:]
	}
	if do != nil {
		do(s)
	}
}

// restore puts the cluster back to what it was at an older time. Its streams stay open and say nothing, as do those
// that are opened from its future.
func (f *fakeSource) restore(revision int, set map[string]Item[string]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revision, f.set, f.log, f.compact = revision, maps.Clone(set), nil, revision
}

// snapshot is what restore takes.
func (f *fakeSource) snapshot() (revision int, set map[string]Item[string]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revision, maps.Clone(f.set)
}

func (f *fakeSource) Identity(ctx context.Context) (string, error) {
	if err := f.answer(ctx, "", &f.identityErrs); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.identity, nil
}

// framePanics makes Next panic.
const framePanics FrameType = 255

type fakeStream struct {
	frames chan Frame[string]
	over   chan struct{}
	once   sync.Once
	err    error
	from   int // changes up to here are not told
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
		return orPanic(frame), nil
	default:
	}
	select {
	case frame := <-s.frames:
		return orPanic(frame), nil
	case <-s.over:
		if s.err == nil {
			return Frame[string]{}, io.EOF
		}
		return Frame[string]{}, s.err
	}
}

func orPanic(frame Frame[string]) Frame[string] {
	if frame.Type == framePanics {
		panic("the stream")
	}
	return frame
}

func (s *fakeStream) Close() { s.finish(domain.CodeCanceled) }

// fakeSink folds what it is told, and keeps the log of it.
type fakeSink struct {
	mu       sync.Mutex
	set      map[string]Item[string]
	states   []State
	replaces int
	events   []Event[string]
	fail     []error // what the next batches answer, and states if failStates is set

	failStates bool
	batches    int
	before     func(context.Context) error // each batch
}

// answer is what a call answers instead.
func (s *fakeSink) answer(ctx context.Context) error {
	s.mu.Lock()
	s.batches++
	before := s.before
	s.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := next(&s.fail)
	if errors.Is(err, errPanics) {
		panic("the sink")
	}
	return err
}

func (s *fakeSink) Replace(ctx context.Context, items []Item[string]) error {
	if err := s.answer(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replaces++
	s.set = map[string]Item[string]{}
	for _, item := range items {
		s.set[item.Key] = item
	}
	return nil
}

func (s *fakeSink) Apply(ctx context.Context, events []Event[string]) error {
	if err := s.answer(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
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

func (s *fakeSink) SetState(ctx context.Context, state State) error {
	s.mu.Lock()
	fails := s.failStates
	s.mu.Unlock()
	if fails {
		if err := s.answer(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.states); n > 0 && s.states[n-1].Phase == state.Phase && s.states[n-1].Reason == state.Reason && s.states[n-1].Epoch == state.Epoch {
		s.states = s.states[:n-1] // it is told again, with a later time
	}
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

	ctx  context.Context
	stop func() // ends the watcher and waits for it
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
		r.run()
		synctest.Wait()
		test(r)
		r.stop()
	})
}

// run runs the watcher until stop is called.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.w.Run(ctx) }()
	r.ctx = ctx
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("Run: %v", err)
		}
	})
}

// after lets time pass, and everything happen that is due by then. What a test wrote into the script before is seen by
// the watcher, which the passing of time alone does not promise.
func (r *rig) after(d time.Duration) {
	r.mu.Lock()
	r.sink.mu.Lock()
	r.sink.mu.Unlock() //nolint:staticcheck // an empty section, for the memory model
	r.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
}
