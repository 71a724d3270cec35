package mapper_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
)

// told is what a list tells of one object.
type told struct {
	Key, UID, Revision string
	Code               domain.Code
	Field              string
}

func tell[R any](o mapper.Object[R]) told {
	t := told{Key: o.Key, UID: o.UID, Revision: o.Revision, Code: domain.CodeOf(o.Err)}
	if e, ok := errors.AsType[*domain.Error](o.Err); ok && len(e.Fields) > 0 {
		t.Field = e.Fields[0].Field + " " + e.Fields[0].Reason
	}
	return t
}

const vmList = `{"apiVersion":"kubevirt.io/v1","items":[
 {"apiVersion":"kubevirt.io/v1","kind":"VirtualMachine","metadata":{"name":"a","namespace":"n","uid":"u-a","resourceVersion":"1"}},
 {"metadata":{"name":"b","uid":"u-b","resourceVersion":"2"}},
 {"metadata":{"name":"c","namespace":"n","uid":"u-c","resourceVersion":"3"},"spec":{"dataVolumeTemplates":[{},{"metadata":{"name":7}}]}},
 {"kind":"VirtualMachineInstance","metadata":{"name":"d","namespace":"n","uid":"u-d","resourceVersion":"4"}},
 "what is this",
 null,
 {"metadata":{"name":"e","namespace":"n","uid":"u-e","resourceVersion":"5"},"status":{"volumeRequests":"of no interest"}}
],"kind":"VirtualMachineList","metadata":{"continue":"more","remainingItemCount":12,"resourceVersion":"99"}}`

func decodeVMs(r io.Reader) (all []told, meta mapper.ListMeta, err error) {
	meta, err = recordMapper().DecodeVMList(r, func(o mapper.Object[mapper.VMRecord]) error {
		all = append(all, tell(o))
		return nil
	})
	return all, meta, err
}

func TestDecodeList(t *testing.T) {
	all, meta, err := decodeVMs(iotest.OneByteReader(strings.NewReader(vmList)))
	if err != nil {
		t.Fatal(err)
	}
	want := []told{
		{"n/a", "u-a", "1", "", ""},
		{"/b", "u-b", "2", domain.CodeIncompatibleSchema, "metadata.namespace required"},
		{"n/c", "u-c", "3", domain.CodeIncompatibleSchema, "spec.dataVolumeTemplates[1].metadata.name invalid"},
		{"n/d", "u-d", "4", domain.CodeUnexpectedObject, ""},
		{"", "", "", domain.CodeIncompatibleSchema, "metadata.name required"},
		{"", "", "", domain.CodeIncompatibleSchema, "metadata.name required"},
		{"n/e", "u-e", "5", "", ""},
	}
	if diff := gocmp.Diff(want, all); diff != "" {
		t.Errorf("an object that cannot be used hides no other (-want +got):\n%s", diff)
	}
	if want := (mapper.ListMeta{Revision: "99", Continue: "more", Remaining: 12}); meta != want {
		t.Errorf("list: %+v, want %+v", meta, want)
	}
}

func TestDecodeInstanceList(t *testing.T) {
	const list = `{"kind":"VirtualMachineInstanceList","apiVersion":"kubevirt.io/v1","metadata":{"resourceVersion":"7"},"items":[
		{"metadata":{"name":"a","namespace":"n","ownerReferences":[{"uid":"x"},{"uid":"u","controller":true}]},"status":{"nodeName":"node-1"}}]}`
	n := 0
	meta, err := recordMapper().DecodeInstanceList(strings.NewReader(list), func(o mapper.Object[mapper.InstanceRecord]) error {
		n++
		if r := o.Record; r.Key() != "n/a" || r.OwnerUID() != "u" || r.Node() != "node-1" || o.Err != nil {
			t.Errorf("%q, %q, %q, %v", r.Key(), r.OwnerUID(), r.Node(), o.Err)
		}
		return nil
	})
	if n != 1 || meta.Revision != "7" || err != nil {
		t.Errorf("%d objects, %+v, %v", n, meta, err)
	}
}

func TestDecodeListErrors(t *testing.T) {
	cases := map[string]struct {
		why, in string
		code    domain.Code
	}{
		"nothing":       {"an empty body is no list", ``, domain.CodeProtocolError},
		"login page":    {"a proxy's answer is no list", `<html>`, domain.CodeProtocolError},
		"no object":     {"", `[]`, domain.CodeUnexpectedObject},
		"no kind":       {"an empty object must not read as an empty cluster", `{}`, domain.CodeUnexpectedObject},
		"instances":     {"another list must not read as an empty one", `{"kind":"VirtualMachineInstanceList","items":[]}`, domain.CodeUnexpectedObject},
		"another group": {"", `{"kind":"VirtualMachineList","apiVersion":"example.com/v1"}`, domain.CodeUnexpectedObject},
		"status":        {"", `{"kind":"Status","code":500}`, domain.CodeUnexpectedObject},
		"items":         {"", `{"kind":"VirtualMachineList","items":{}}`, domain.CodeUnexpectedObject},
		"metadata":      {"", `{"kind":"VirtualMachineList","metadata":{"resourceVersion":5}}`, domain.CodeUnexpectedObject},
		"trailing":      {"what follows a list is not of it", `{"kind":"VirtualMachineList"}{}`, domain.CodeProtocolError},
		"comma":         {"", `{"kind":"VirtualMachineList","items":[{},]}`, domain.CodeProtocolError},
		"null items":    {"no items at all, as Go writes it", `{"kind":"VirtualMachineList","items":null}`, ""},
		"no items":      {"", `{"kind":"VirtualMachineList"} ` + "\n", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, meta, err := decodeVMs(strings.NewReader(c.in))
			if domain.CodeOf(err) != c.code || err != nil && meta != (mapper.ListMeta{}) {
				t.Errorf("%s: %v, %+v; want %q", c.why, err, meta, c.code)
			}
		})
	}
}

func TestDecodeListTruncated(t *testing.T) {
	for n := range len(vmList) {
		if _, _, err := decodeVMs(strings.NewReader(vmList[:n])); domain.CodeOf(err) != domain.CodeProtocolError {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestDecodeListPassesErrorsOn(t *testing.T) {
	broken := domain.E(domain.CodeResponseTooLarge, nil, nil)
	for n := range len(vmList) + 1 {
		_, _, err := decodeVMs(io.MultiReader(strings.NewReader(vmList[:n]), iotest.ErrReader(broken)))
		if domain.CodeOf(err) != domain.CodeResponseTooLarge {
			t.Fatalf("the reader failed at %d: %v", n, err)
		}
	}
	enough := errors.New("enough")
	n := 0
	_, err := recordMapper().DecodeVMList(strings.NewReader(vmList), func(mapper.Object[mapper.VMRecord]) error {
		n++
		return enough
	})
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("the caller's own error ends the list at once: %v after %d objects", err, n)
	}
}

// A list of a million VMs must not be in memory: an object is told before the next is read.
func TestDecodeListStreams(t *testing.T) {
	const items = 1000
	pr, pw := io.Pipe()
	next := make(chan struct{})
	go func() {
		write := func(s string) { _, _ = io.WriteString(pw, s) } // it fails when the reader has given up
		defer func() { _ = pw.Close() }()
		write(`{"kind":"VirtualMachineList","items":[`)
		object := `{"metadata":{"name":"a","namespace":"n"},"spec":{"padding":"` + strings.Repeat("x", 4000) + `"}}`
		for n := range items {
			if n > 0 {
				<-next
				write(",")
			}
			write(object)
		}
		write("]}")
	}()
	n := 0
	_, err := recordMapper().DecodeVMList(pr, func(mapper.Object[mapper.VMRecord]) error {
		if n++; n < items {
			next <- struct{}{}
		}
		return nil
	})
	if n != items || err != nil {
		t.Errorf("%d objects, %v", n, err)
	}
}

func TestListSharesNothingWithItsText(t *testing.T) {
	data := []byte(vmList)
	var first, second []told
	r := &scribblingReader{data: data}
	meta, err := recordMapper().DecodeVMList(r, func(o mapper.Object[mapper.VMRecord]) error {
		first = append(first, tell(o))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.scribble()
	second, wantMeta, _ := decodeVMs(bytes.NewReader([]byte(vmList)))
	if diff := gocmp.Diff(second, first); diff != "" || meta != wantMeta {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// scribblingReader overwrites what it gave out before.
type scribblingReader struct {
	data  []byte
	given [][]byte
}

func (r *scribblingReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.data[:min(len(r.data), 64)])
	r.data = r.data[n:]
	r.given = append(r.given, p[:n])
	return n, nil
}

func (r *scribblingReader) scribble() {
	for _, p := range r.given {
		for n := range p {
			p[n] = 'x'
		}
	}
}
