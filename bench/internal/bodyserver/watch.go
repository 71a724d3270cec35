package bodyserver

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// bookmarkEvery is how often a server says how far it is.
const bookmarkEvery = time.Minute

// watching is one watch that is open.
type watching struct {
	cluster  *cluster
	resource Resource
	w        http.ResponseWriter
	body     []byte
	revision int64
}

// watch answers a watch, until its client or its time is over.
func (c *cluster) watch(w http.ResponseWriter, r *http.Request, q query) {
	initial := q.get("sendInitialEvents") == "true"
	if initial && !c.site.opts.WatchList {
		refuse(w, http.StatusUnprocessableEntity, "Invalid", "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
		return
	}
	latest, _, broken := c.place()
	s := &watching{cluster: c, resource: q.resource, w: w, revision: latest}
	if from := q.get("resourceVersion"); from != "" && from != "0" && !initial {
		var err error
		if s.revision, err = strconv.ParseInt(from, 10, 64); err != nil {
			refuse(w, http.StatusBadRequest, "BadRequest", "resourceVersion: Invalid value")
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	defer c.site.watching()()
	if initial && !s.initial() {
		return
	}
	timeout := time.Hour
	if seconds := q.int("timeoutSeconds"); seconds > 0 {
		timeout = time.Duration(seconds) * time.Second
	}
	end, bookmark := time.NewTimer(timeout), time.NewTicker(bookmarkEvery)
	defer end.Stop()
	defer bookmark.Stop()
	if !s.flush() {
		return
	}
	for {
		changes, expired, latest, pending := c.after(s.resource, s.revision)
		if expired {
			s.body = append(s.body, `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",`+
				`"message":"too old resource version","reason":"Expired","code":410}}`+"\n"...)
			s.flush()
			return
		}
		if !s.tell(changes) {
			return
		}
		select {
		case <-pending:
		case <-bookmark.C:
			s.bookmark(latest, "")
			if !s.flush() {
				return
			}
		case <-broken:
			panic(http.ErrAbortHandler)
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// initial tells the whole set, and that it was the whole.
func (s *watching) initial() (ok bool) {
	defer s.cluster.site.listing()()
	for index := range s.cluster.size {
		s.frame("ADDED", s.cluster.at(s.resource, index))
		if len(s.body) >= flushAt && !s.write() {
			return false
		}
	}
	s.bookmark(s.revision, `"annotations":{"k8s.io/initial-events-end":"true"},`)
	s.cluster.site.listed(s.cluster.size)
	return s.flush()
}

// tell tells changes.
func (s *watching) tell(changes []change) (ok bool) {
	for _, ch := range changes {
		s.frame("MODIFIED", object{cluster: s.cluster.number, index: int(ch.index), version: ch.version, revision: ch.revision})
		s.revision = ch.revision
		if len(s.body) >= flushAt && !s.write() {
			return false
		}
	}
	s.cluster.site.frames.Add(int64(len(changes)))
	return len(changes) == 0 || s.flush()
}

func (s *watching) frame(event string, o object) {
	s.body = fmt.Appendf(s.body, `{"type":%q,"object":`, event)
	s.body = resources[s.resource].object.render(s.body, o)
	s.body = append(s.body, "}\n"...)
}

// bookmark tells how far the server is, which is no further than what was told.
func (s *watching) bookmark(revision int64, annotations string) {
	s.body = fmt.Appendf(s.body, `{"type":"BOOKMARK","object":{"apiVersion":"kubevirt.io/v1","kind":%q,"metadata":{%s"creationTimestamp":null,"resourceVersion":"%d"}}}`+"\n",
		resources[s.resource].kind, annotations, revision)
}

func (s *watching) write() (ok bool) {
	_, err := s.w.Write(s.body)
	s.body = s.body[:0]
	return err == nil
}

func (s *watching) flush() (ok bool) {
	return s.write() && http.NewResponseController(s.w).Flush() == nil
}
