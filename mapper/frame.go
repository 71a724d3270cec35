package mapper

import (
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// The types of frames that a watch sends.
const (
	FrameAdded    = "ADDED"
	FrameModified = "MODIFIED"
	FrameDeleted  = "DELETED"
	FrameBookmark = "BOOKMARK"
	FrameError    = "ERROR"
)

// Frame is one event of a watch.
type Frame[R any] struct {
	// Type is the server's word: one of the Frame constants, or of a newer API.
	Type string
	// Object is set for ADDED, MODIFIED and DELETED. Of a BOOKMARK only its Revision is.
	Object Object[R]
	// InitialEventsEnd, on a BOOKMARK, ends the initial events of a watch-list.
	InitialEventsEnd bool
	// Status is set for ERROR.
	Status Status
}

// Status is what a server says of a request or a watch that failed.
type Status struct {
	// Code is the HTTP status, Reason Kubernetes' word for it: Expired, Forbidden.
	Code   int
	Reason string
	// Message is English text, sanitised.
	Message string
	// RetryAfter is the server's wish; zero when it has none.
	RetryAfter time.Duration
	// Causes are the types of the causes: ResourceVersionTooLarge.
	Causes []string
}

// DecodeVMFrame reads one frame of a watch on VMs, whole and without more behind it. The result shares nothing with
// frame.
//
// An object that cannot be used is told as Frame.Object.Err. The error is PROTOCOL_ERROR for what is no frame: no JSON,
// without a type, a BOOKMARK without a revision, an ERROR without a Status. Of a type that is not known, nothing but
// the type is read.
func (m *Mapper) DecodeVMFrame(frame []byte) (Frame[VMRecord], error) {
	return decodeFrame(frame, m.vmObject)
}

// DecodeInstanceFrame reads one frame of a watch on instances, as [Mapper.DecodeVMFrame] does of one on VMs.
func (m *Mapper) DecodeInstanceFrame(frame []byte) (Frame[InstanceRecord], error) {
	return decodeFrame(frame, m.instanceObject)
}

func decodeFrame[R any](frame []byte, read func(*cursor) Object[R]) (Frame[R], error) {
	var f Frame[R]
	if !jsontext.Value(frame).IsValid(jsonOptions...) {
		return f, notAFrame("not JSON")
	}
	c := over(frame)
	object := cursor{json: "null"}
	known := false // the object was read where it stands
	for name := range c.fields {
		switch name {
		case "type":
			f.Type = strings.Clone(text(c.str()))
		case "object":
			object = cursor{json: c.json, at: c.at}
			// Servers send the type first. Then the object is read without a walk to its end before.
			if known = hasObject(f.Type); known {
				behind := object
				f.Object = read(&behind)
				c.at = behind.at
			}
		}
	}
	if c.wrong != "" || f.Type == "" {
		return Frame[R]{}, notAFrame("no type")
	}
	return f.finished(&object, known, read)
}

// hasObject says whether frames of a type are about an object.
func hasObject(frameType string) bool {
	return frameType == FrameAdded || frameType == FrameModified || frameType == FrameDeleted
}

// finished reads what the type says that the object is, unless that is known.
func (f Frame[R]) finished(object *cursor, known bool, read func(*cursor) Object[R]) (Frame[R], error) {
	if hasObject(f.Type) {
		if !known {
			f.Object = read(object)
		}
		return f, nil
	}
	f.Object = Object[R]{}
	var err error
	switch f.Type {
	case FrameBookmark:
		f.Object.Revision, f.InitialEventsEnd, err = readBookmark(object)
	case FrameError:
		f.Status, err = readStatus(object)
	}
	if err != nil {
		return Frame[R]{}, err
	}
	return f, nil
}

func notAFrame(why string) error { return domain.E(domain.CodeProtocolError, nil, errors.New(why)) }

// initialEventsEnd is the annotation on the bookmark that ends the initial events (metav1.InitialEventsAnnotationKey).
const initialEventsEnd = "k8s.io/initial-events-end"

func readBookmark(c *cursor) (revision string, end bool, err error) {
	for name := range c.fields {
		if name != "metadata" {
			continue
		}
		for name := range c.fields {
			switch name {
			case "resourceVersion":
				revision = strings.Clone(c.str())
			case "annotations":
				end = c.named(initialEventsEnd) == "true"
			}
		}
	}
	if c.wrong != "" || revision == "" {
		return "", false, notAFrame("a bookmark without a revision")
	}
	return revision, end, nil
}

func readStatus(c *cursor) (Status, error) {
	var s Status
	var kind string
	for name := range c.fields {
		switch name {
		case "kind":
			kind = c.str()
		case "code":
			code, _ := c.int()
			s.Code = int(code)
		case "reason":
			s.Reason = strings.Clone(text(c.str()))
		case "message":
			s.Message = strings.Clone(message(c.str()))
		case "details":
			c.statusDetails(&s)
		}
	}
	if c.wrong != "" || kind != "Status" {
		return Status{}, notAFrame("an error without a Status")
	}
	return s, nil
}

func (c *cursor) statusDetails(s *Status) {
	for name := range c.fields {
		switch name {
		case "retryAfterSeconds":
			const longest = 24 * 3600
			seconds, _ := c.int()
			s.RetryAfter = time.Duration(min(max(seconds, 0), longest)) * time.Second
		case "causes":
			for range c.elements {
				s.Causes = append(s.Causes, strings.Clone(text(c.named("reason"))))
			}
		}
	}
}
