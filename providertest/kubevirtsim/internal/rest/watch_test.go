package rest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// watched is a watch that runs until its test ends or stop is called. Frames are read as soon as they are flushed.
type watched struct {
	header http.Header
	code   int
	frames chan string
	stop   context.CancelFunc
}

// pipeWriter is a ResponseWriter whose body is read while it is written.
type pipeWriter struct {
	header http.Header
	code   chan int
	buffer bytes.Buffer
	w      *io.PipeWriter
}

func (p *pipeWriter) Header() http.Header            { return p.header }
func (p *pipeWriter) WriteHeader(code int)           { p.code <- code }
func (p *pipeWriter) Write(data []byte) (int, error) { return p.buffer.Write(data) }
func (p *pipeWriter) FlushError() error {
	_, err := p.buffer.WriteTo(p.w)
	return err
}

func watch(t *testing.T, s *Server, query string, headers ...string) *watched {
	t.Helper()
	return watchPath(t, s, vms+"?watch=true&"+query, headers...)
}

func watchPath(t *testing.T, s *Server, path string, headers ...string) *watched {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	p := &pipeWriter{header: http.Header{}, code: make(chan int, 1), w: writer}
	go func() {
		r := httptest.NewRequestWithContext(ctx, "GET", path, nil)
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		s.ServeHTTP(p, r)
		_ = p.FlushError()
		_ = writer.Close()
	}()
	w := &watched{header: p.header, code: <-p.code, frames: make(chan string, 1000), stop: cancel}
	go func() {
		defer close(w.frames)
		lines := bufio.NewScanner(reader)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			w.frames <- lines.Text()
		}
	}()
	t.Cleanup(cancel)
	return w
}

// next are the frames so far: type, name or code, revision, and whether it ends the initial events. A closed stream is
// told at the end.
func (w *watched) next(t *testing.T) []string {
	t.Helper()
	synctest.Wait()
	var all []string
	for {
		select {
		case frame, ok := <-w.frames:
			if !ok {
				return append(all, "end")
			}
			all = append(all, short(t, frame))
		default:
			return all
		}
	}
}

func short(t *testing.T, frame string) string {
	t.Helper()
	var e struct {
		Type   string
		Object struct {
			metav1.TypeMeta
			metav1.ObjectMeta `json:"metadata"`
			Code              int
			Message           string
		}
	}
	if err := json.Unmarshal([]byte(frame), &e); err != nil {
		t.Fatalf("frame %s: %v", frame, err)
	}
	switch {
	case e.Type == "ERROR":
		return fmt.Sprintf("ERROR %d %s", e.Object.Code, e.Object.Message)
	case e.Type == "BOOKMARK" && e.Object.Annotations[metav1.InitialEventsAnnotationKey] == "true":
		return "BOOKMARK " + e.Object.ResourceVersion + " initial-events-end"
	case e.Type == "BOOKMARK":
		return "BOOKMARK " + e.Object.ResourceVersion
	}
	return fmt.Sprintf("%s %s %s", e.Type, e.Object.Name, e.Object.ResourceVersion)
}

func (w *watched) expect(t *testing.T, why string, frames ...string) {
	t.Helper()
	if diff := cmp.Diff(frames, w.next(t)); diff != "" {
		t.Errorf("%s\nframes (-want +got):\n%s", why, diff)
	}
}

// inBubble runs a test with a server of its own that has the VM a at revision 103.
func inBubble(t *testing.T, opts store.Options, test func(t *testing.T, s *Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServerOver(t, store.New(opts), Options{}, nil)
		createVMs(t, s, "a")
		test(t, s)
	})
}

func TestWatchBegins(t *testing.T) {
	for name, c := range map[string]struct {
		why, query string
		want       []string
		later      []string // of the VM b at 104
	}{
		"from a revision":          {"what came before is not told", "resourceVersion=103", nil, []string{"ADDED b 104"}},
		"from an earlier revision": {"", "resourceVersion=102", []string{"ADDED a 103"}, []string{"ADDED b 104"}},
		"without a revision":       {"the state comes first", "", []string{"ADDED a 103"}, []string{"ADDED b 104"}},
		"from 0":                   {"", "resourceVersion=0", []string{"ADDED a 103"}, []string{"ADDED b 104"}},
		"without a revision, with bookmarks": {"the end of the state is marked, as seen on Kubernetes 1.34", "allowWatchBookmarks=true",
			[]string{"ADDED a 103", "BOOKMARK 103 initial-events-end"}, []string{"ADDED b 104"}},
		"as a list": {"", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=101",
			[]string{"ADDED a 103", "BOOKMARK 103 initial-events-end"}, []string{"ADDED b 104"}},
		"from now":            {"", "sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", nil, []string{"ADDED b 104"}},
		"from the future":     {"silence", "resourceVersion=104", nil, nil},
		"from before history": {"an error in the stream", "resourceVersion=1", []string{"ERROR 410 too old resource version: 1 (100)", "end"}, []string{"end"}},
		"as a list of the future": {"", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999",
			[]string{"ERROR 504 Timeout: Too large resource version: 999, current: 103", "end"}, []string{"end"}},
		"of one name":     {"", "fieldSelector=metadata.name%3Da", []string{"ADDED a 103"}, nil},
		"of another name": {"", "fieldSelector=metadata.name%3Db", nil, []string{"ADDED b 104"}},
		"of a label":      {"", "labelSelector=x", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
				w := watch(t, s, c.query)
				if w.code != 200 || w.header.Get("Content-Type") != "application/json" {
					t.Errorf("%d %v", w.code, w.header)
				}
				w.expect(t, c.why, c.want...)
				createVMs(t, s, "b")
				w.expect(t, c.why, c.later...)
			})
		})
	}
}

func TestWatchTellsChanges(t *testing.T) {
	inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
		all := watchPath(t, s, "/apis/kubevirt.io/v1/virtualmachines?watch=1&resourceVersion=103")
		red := watch(t, s, "resourceVersion=103&labelSelector=color%3Dred")
		prefixed := watchPath(t, s, "/apis/kubevirt.io/v1/watch/namespaces/ns/virtualmachines/a?resourceVersion=103")
		merge := func(body string) { want(t, s, "PATCH", vms+"/a", body, 200, mergeType) }
		merge(`{"metadata":{"labels":{"color":"red"}}}`)
		merge(`{"spec":{"runStrategy":"Always"}}`)
		merge(`{"metadata":{"labels":null}}`)
		merge(`{}`)
		want(t, s, "POST", strings.Replace(vms, "/ns/", "/other/", 1), vmBody("b"), 201)
		want(t, s, "DELETE", vms+"/a", "", 200)
		all.expect(t, "everything, but what changes nothing", "MODIFIED a 104", "MODIFIED a 105", "MODIFIED a 106", "ADDED b 107", "DELETED a 108")
		red.expect(t, "a selection comes and goes", "ADDED a 104", "MODIFIED a 105", "DELETED a 106")
		prefixed.expect(t, "the old form of a path", "MODIFIED a 104", "MODIFIED a 105", "MODIFIED a 106", "DELETED a 108")
	})
}

func TestBookmarks(t *testing.T) {
	inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
		w := watch(t, s, "resourceVersion=103&allowWatchBookmarks=true&timeoutSeconds=150")
		without := watch(t, s, "resourceVersion=103")
		time.Sleep(59 * time.Second)
		w.expect(t, "no bookmark within a minute")
		want(t, s, "POST", "/api/v1/namespaces", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"more"}}`, 201)
		time.Sleep(2 * time.Second)
		w.expect(t, "the revision is that of the whole server", "BOOKMARK 104")
		time.Sleep(time.Minute)
		w.expect(t, "", "BOOKMARK 104")
		time.Sleep(27500 * time.Millisecond)
		w.expect(t, "one shortly before the end", "BOOKMARK 104")
		time.Sleep(2 * time.Second)
		w.expect(t, "the time is up", "end")
		without.expect(t, "who did not ask for bookmarks gets none")
		time.Sleep(time.Hour)
		without.expect(t, "a watch without a timeout ends within an hour", "end")
	})
}

func TestWatchesEnd(t *testing.T) {
	inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
		first, second, third := watch(t, s, "resourceVersion=103"), watch(t, s, "resourceVersion=103"), watch(t, s, "resourceVersion=103")
		first.stop()
		first.expect(t, "the client goes", "end")
		second.expect(t, "the others stay")
		s.EndWatches()
		second.expect(t, "a restart", "end")
		third.expect(t, "a restart", "end")
		watch(t, s, "resourceVersion=103").expect(t, "watches begin anew")
		s.Close()
		watch(t, s, "resourceVersion=103").expect(t, "a closed server", "end")
	})
}

func TestExpiredForms(t *testing.T) {
	inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
		s.SetExpiredForm(ExpiredAsStatus)
		status := want(t, s, "GET", vms+"?watch=true&resourceVersion=1", "", 410).status(t)
		if status.Reason != metav1.StatusReasonExpired || status.Message != "too old resource version: 1 (100)" {
			t.Errorf("410 as an HTTP status: %+v", status)
		}
	})
}

func TestOvertakenWatch(t *testing.T) {
	for name, c := range map[string]struct {
		form ExpiredForm
		want []string
	}{
		"the server's way": {ExpiredInStream, []string{"ADDED b 104", "end"}},
		"in mid-stream":    {ExpiredMidStream, []string{"ADDED b 104", "ERROR 410 too old resource version: 104 (105)", "end"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
				s.SetExpiredForm(c.form)
				slow := &slowWriter{ResponseRecorder: httptest.NewRecorder(), gate: make(chan struct{})}
				go s.ServeHTTP(slow, httptest.NewRequestWithContext(t.Context(), "GET", vms+"?watch=true&resourceVersion=103", nil))
				createVMs(t, s, "b")
				synctest.Wait() // the watch is writing it
				createVMs(t, s, "c")
				s.Store().CompactWatches()
				close(slow.gate)
				synctest.Wait()
				var frames []string
				for line := range strings.Lines(slow.Body.String()) {
					frames = append(frames, short(t, line))
				}
				if diff := cmp.Diff(c.want, append(frames, "end")); diff != "" {
					t.Errorf("frames (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// slowWriter takes nothing until its gate is closed.
type slowWriter struct {
	*httptest.ResponseRecorder
	gate chan struct{}
}

func (s *slowWriter) Write(data []byte) (int, error) {
	<-s.gate
	return s.ResponseRecorder.Write(data)
}

func TestRestoredHistory(t *testing.T) {
	inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
		checkpoint := s.Store().Checkpoint()
		createVMs(t, s, "b", "c")
		w := watch(t, s, "resourceVersion=105")
		s.Store().Restore(checkpoint, true)
		w.expect(t, "a history that goes back is silent")
		if got := list(t, s, ""); namesIn(got) != "a" || got.ResourceVersion != "103" {
			t.Errorf("list: %q at %s", namesIn(got), got.ResourceVersion)
		}
		createVMs(t, s, "d", "e", "f")
		w.expect(t, "until it reaches the watch", "ADDED f 106")
		s.Store().Restore(checkpoint, false)
		w.expect(t, "or ends", "end")
	})
}

func TestWatchForms(t *testing.T) {
	inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
		w := watch(t, s, "allowWatchBookmarks=true", "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
		w.expect(t, "", "ADDED a 103", "BOOKMARK 103 initial-events-end")
		table := watch(t, s, "", "Accept: application/json;as=Table;g=meta.k8s.io;v=v1")
		synctest.Wait()
		frame := <-table.frames
		if !strings.HasPrefix(frame, `{"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"103"}`) {
			t.Errorf("frame %s", frame)
		}
	})
}

func TestBigBurst(t *testing.T) {
	inBubble(t, store.Options{}, func(t *testing.T, s *Server) {
		w := watch(t, s, "resourceVersion=103")
		var frames []string
		for i := range 600 {
			createVMs(t, s, fmt.Sprintf("vm%d", i))
			frames = append(frames, fmt.Sprintf("ADDED vm%d %d", i, 104+i))
		}
		w.expect(t, "every event, in order", frames...)
	})
}
