package mapper_test

import (
	"bytes"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// toldFrame is a frame in comparable words.
type toldFrame struct {
	Type   string
	Object told
	Synced bool
	Status mapper.Status
	Code   domain.Code
}

func decodeVMFrame(frame []byte) toldFrame {
	f, err := recordMapper().DecodeVMFrame(frame)
	return toldFrame{f.Type, tell(f.Object), f.InitialEventsEnd, f.Status, domain.CodeOf(err)}
}

const goodFrame = `{"type":"MODIFIED","object":{"kind":"VirtualMachine","apiVersion":"kubevirt.io/v1","metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"4"}}}`

func TestDecodeFrame(t *testing.T) {
	cases := map[string]struct {
		why, in string
		want    toldFrame
	}{
		"modified": {"", goodFrame, toldFrame{Type: "MODIFIED", Object: told{Key: "n/a", UID: "u", Revision: "4"}}},
		"turned": {"an object may stand before its type", `{"object":{"metadata":{"name":"a","namespace":"n"}},"type":"DELETED"}`,
			toldFrame{Type: "DELETED", Object: told{Key: "n/a"}}},
		"types": {"the last one counts", `{"type":"ADDED","object":{"metadata":{"resourceVersion":"12"}},"type":"BOOKMARK"}`,
			toldFrame{Type: "BOOKMARK", Object: told{Revision: "12"}}},
		"objects": {"the last one counts", `{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"n"}},"object":{"metadata":{"name":"b","namespace":"n"}}}`,
			toldFrame{Type: "ADDED", Object: told{Key: "n/b"}}},
		"behind the object": {"", `{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"n"}} , "more" : [{}] }`,
			toldFrame{Type: "ADDED", Object: told{Key: "n/a"}}},
		"no name": {"the stream goes on", `{"type":"ADDED","object":{"metadata":{"namespace":"n","uid":"u","resourceVersion":"4"}}}`,
			toldFrame{Type: "ADDED", Object: told{"n/", "u", "4", domain.CodeIncompatibleSchema, "metadata.name required"}}},
		"no object": {"", `{"type":"ADDED"}`, toldFrame{Type: "ADDED", Object: told{Code: domain.CodeIncompatibleSchema, Field: "metadata.name required"}}},
		"another kind": {"", `{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","namespace":"n"}}}`,
			toldFrame{Type: "ADDED", Object: told{Key: "n/a", Code: domain.CodeUnexpectedObject}}},
		"bookmark": {"", `{"type":"BOOKMARK","object":{"kind":"VirtualMachine","metadata":{"resourceVersion":"12","annotations":{"other":"x"}}}}`,
			toldFrame{Type: "BOOKMARK", Object: told{Revision: "12"}}},
		"synced": {"", `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12","annotations":{"k8s.io/initial-events-end":"true"}}}}`,
			toldFrame{Type: "BOOKMARK", Object: told{Revision: "12"}, Synced: true}},
		"empty bookmark": {"it says nothing, and must not be taken for a place", `{"type":"BOOKMARK","object":{"metadata":{}}}`, toldFrame{Code: domain.CodeProtocolError}},
		"error": {"", `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old\u0000 (1)","reason":"Expired","code":410,
			"details":{"retryAfterSeconds":2,"causes":[{"reason":"ResourceVersionTooLarge","message":"m"},{}]}}}`,
			toldFrame{Type: "ERROR", Status: mapper.Status{Code: 410, Reason: "Expired", Message: "too old (1)", RetryAfter: 2 * time.Second, Causes: []string{"ResourceVersionTooLarge", ""}}}},
		"error without status": {"", `{"type":"ERROR","object":{}}`, toldFrame{Code: domain.CodeProtocolError}},
		"newer":                {"a type of a newer API is not ours to judge", `{"type":"NEWS","object":5}`, toldFrame{Type: "NEWS"}},
		"no type":              {"", `{"object":{}}`, toldFrame{Code: domain.CodeProtocolError}},
		"wrong type":           {"", `{"type":5}`, toldFrame{Code: domain.CodeProtocolError}},
		"null":                 {"", `null`, toldFrame{Code: domain.CodeProtocolError}},
		"array":                {"", `[]`, toldFrame{Code: domain.CodeProtocolError}},
		"two":                  {"", goodFrame + goodFrame, toldFrame{Code: domain.CodeProtocolError}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := gocmp.Diff(c.want, decodeVMFrame([]byte(c.in))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.why, diff)
			}
		})
	}
}

func TestDecodeInstanceFrame(t *testing.T) {
	const frame = `{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"n","uid":"i"},"status":{"nodeName":"node-1"}}}`
	f, err := recordMapper().DecodeInstanceFrame([]byte(frame))
	if err != nil || f.Object.Err != nil || f.Object.UID != "i" || f.Object.Record.Node() != "node-1" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestDecodeFrameTruncated(t *testing.T) {
	for n := range len(goodFrame) {
		if got := decodeVMFrame([]byte(goodFrame[:n])); got.Code != domain.CodeProtocolError {
			t.Fatalf("cut at %d: %+v", n, got)
		}
	}
}

// FuzzFrame: no bytes panic, and nothing of a frame stays in what was made of it.
func FuzzFrame(f *testing.F) {
	f.Add([]byte(goodFrame))
	for _, object := range strangeJSON {
		for _, kind := range []string{"ADDED", "BOOKMARK", "ERROR", "x"} {
			f.Add([]byte(`{"type":"` + kind + `","object":` + object + `}`))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		want := decodeVMFrame(frame)
		input := bytes.Clone(frame)
		fr, err := recordMapper().DecodeVMFrame(input)
		for n := range input {
			input[n] = 'x'
		}
		got := toldFrame{fr.Type, tell(fr.Object), fr.InitialEventsEnd, fr.Status, domain.CodeOf(err)}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("a part of the frame is still in use:\n%s", diff)
		}
		if err != nil && fr.Type != "" {
			t.Error("a frame beside an error")
		}
	})
}
