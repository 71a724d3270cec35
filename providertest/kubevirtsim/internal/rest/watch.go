package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// stream is one watch that is being served.
type stream struct {
	*call
	watch     *store.Watch
	bookmarks bool
	deadline  time.Time
	flush     func() error
	frame     []byte
}

// watch serves events until the client goes, the time is up, or the server ends it. Once a watch's options are
// accepted, every failure is an ERROR event in an answer of 200 (Cacher.Watch, apiserver v0.34
// storage/cacher/cacher.go).
func (c *call) watch(opts *internalversion.ListOptions) error {
	if c.yaml && c.accepts(typeJSON) {
		c.yaml = false
	} else if c.yaml { // it has no frames
		return notAcceptable([]string{typeJSON + ";stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"})
	}
	after, err := parseRevision(opts.ResourceVersion)
	if err != nil {
		return err
	}
	c.watching = true
	end := c.watchesEnd()
	timeout := c.watchTimeout(opts.TimeoutSeconds)
	s := &stream{call: c, bookmarks: opts.AllowWatchBookmarks, deadline: time.Now().Add(timeout)}
	s.flush = flusher(c.w)

	initial, err := s.begin(opts, after)
	if err != nil && c.expiredForm() == ExpiredAsStatus {
		return err
	}
	c.setWarnings()
	c.w.Header().Set("Content-Type", typeJSON)
	c.w.Header().Set("Cache-Control", "no-cache, private")
	c.w.WriteHeader(http.StatusOK)
	if s.flush() != nil {
		return nil // the client has gone
	}
	if err != nil {
		s.sendError(err)
		return nil
	}
	if s.sendInitial(initial) {
		s.run(end)
	}
	return nil
}

// flusher sends what was written. A writer that cannot flush is taken for one that does not buffer.
func flusher(w http.ResponseWriter) func() error {
	flush := http.NewResponseController(w).Flush
	return func() error {
		if err := flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		return nil
	}
}

// initialEvents is the state that a watch begins with.
type initialEvents struct {
	store.Snapshot
	wanted   func(*store.Object) bool
	send     bool
	bookmark bool
}

// begin finds the place where the watch goes on.
func (s *stream) begin(opts *internalversion.ListOptions, after uint64) (initialEvents, error) {
	table, wanted := s.table(s.res), s.within(s.wanted(opts))
	initial := initialEvents{Snapshot: table.Now(), wanted: wanted}
	if opts.SendInitialEvents != nil {
		if after > initial.Revision {
			return initial, tooLarge(&store.FutureError{Asked: after, Current: initial.Revision})
		}
		initial.send = *opts.SendInitialEvents
		initial.bookmark = initial.send && opts.AllowWatchBookmarks
		if initial.send || after == 0 {
			after = initial.Revision
		}
	}
	var err error
	s.watch, err = table.Watch(after, wanted)
	if old, ok := errors.AsType[*store.TooOldError](err); ok {
		return initial, tooOld(old)
	}
	return initial, err
}

// sendInitial sends the state, and the bookmark that ends it. It says whether the client is still there.
func (s *stream) sendInitial(initial initialEvents) bool {
	if !initial.send {
		return true
	}
	prefix := s.res.prefix(s.namespace)
	for o := range initial.Range(prefix, "") {
		if initial.wanted != nil && !initial.wanted(o) {
			continue
		}
		if !s.send(store.Added, o) {
			return false
		}
	}
	if initial.bookmark && !s.sendBookmark(initial.Revision, map[string]string{metav1.InitialEventsAnnotationKey: "true"}) {
		return false
	}
	return s.flush() == nil
}

// batch is how many events are looked at before the client's presence is.
const batch = 256

// beforeEnd is how long before its end a watch gets a last bookmark (nextBookmarkTime, storage/cacher/cache_watcher.go).
const beforeEnd = 2 * time.Second

func (s *stream) run(end <-chan struct{}) {
	timeout := time.NewTimer(time.Until(s.deadline))
	defer timeout.Stop()
	bookmark := time.NewTimer(s.nextBookmark())
	defer bookmark.Stop()
	due := false
	for s.r.Context().Err() == nil {
		events, reached, more, err := s.watch.Pull(batch)
		if err != nil {
			s.overtaken(err)
			return
		}
		if !s.sendAll(events) {
			return
		}
		if more == nil {
			continue
		}
		if due {
			due = false
			if s.bookmarks && (!s.sendBookmark(reached, nil) || s.flush() != nil) {
				return
			}
			bookmark.Reset(s.nextBookmark())
		}
		select {
		case <-s.r.Context().Done():
		case <-end:
			return
		case <-timeout.C:
			return
		case <-bookmark.C:
			due = true
		case <-more:
		}
	}
}

// nextBookmark is when the next one is due: every minute, and shortly before the end.
func (s *stream) nextBookmark() time.Duration {
	last := time.Until(s.deadline) - beforeEnd
	if last <= 0 {
		return 24 * time.Hour // the watch ends before
	}
	return min(s.options.BookmarkEvery, last)
}

func (s *stream) sendAll(events []store.Event) bool {
	for _, e := range events {
		if !s.send(e.Type, e.Object) {
			return false
		}
	}
	return len(events) == 0 || s.flush() == nil
}

// send writes one frame. It says whether the client is still there.
func (s *stream) send(kind store.EventType, o *store.Object) bool {
	return s.write(string(kind), func(to []byte) ([]byte, error) { return s.appendItem(to, o) })
}

func (s *stream) sendBookmark(revision uint64, annotations map[string]string) bool {
	metadata, err := json.Marshal(struct {
		Annotations     map[string]string `json:"annotations,omitempty"`
		ResourceVersion string            `json:"resourceVersion"`
	}{annotations, strconv.FormatUint(revision, 10)})
	if err != nil {
		panic(err) // strings always marshal
	}
	return s.write("BOOKMARK", func(to []byte) ([]byte, error) {
		object, err := s.convert(fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q,"metadata":%s}`, s.res.gv(s.gv.Version), s.res.Kind, metadata))
		return append(to, object...), err
	})
}

// sendError writes the last frame.
func (s *stream) sendError(err error) {
	sent := s.write("ERROR", func(to []byte) ([]byte, error) {
		object, err := json.Marshal(statusOf(err))
		return append(to, object...), err
	})
	if sent {
		_ = s.flush() // a client that has gone needs no answer
	}
}

// write writes a frame in one piece. An object that cannot be converted is left out.
func (s *stream) write(kind string, object func([]byte) ([]byte, error)) bool {
	frame, err := appendFrame(s.frame[:0], kind, object)
	if err != nil {
		return true
	}
	s.frame = frame
	_, err = s.w.Write(frame)
	return err == nil
}

// overtaken ends a watch that the history has left behind. The API server says nothing then: the client learns it when
// it begins anew.
func (s *stream) overtaken(err error) {
	if s.expiredForm() != ExpiredMidStream {
		return
	}
	if old, ok := errors.AsType[*store.TooOldError](err); ok {
		s.sendError(tooOld(old))
	}
}
