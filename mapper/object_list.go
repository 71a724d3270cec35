package mapper

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// ListMeta is what a list says of itself.
type ListMeta struct {
	// Revision is that of the whole list, Continue the token of its next page; empty on the last.
	Revision, Continue string
	// Remaining is how many items follow on further pages, as far as the server tells.
	Remaining int64
}

// DecodeVMList reads a list of VMs in JSON and calls each with one after the other. It never holds more than one: what
// may be read in all is up to r. The error of each ends the list and is returned as it is.
//
// An object that cannot be used is told as [Object].Err, and the list goes on. The list's own errors are PROTOCOL_ERROR
// for what is no JSON, or ends too early, and UNEXPECTED_OBJECT for what is no list of VMs; objects that came before
// were told by then. An error of r, other than io.EOF, is wrapped.
func (m *Mapper) DecodeVMList(r io.Reader, each func(Object[VMRecord]) error) (ListMeta, error) {
	return decodeList(r, "VirtualMachineList", m.vmObject, each)
}

// DecodeInstanceList reads a list of instances, as [Mapper.DecodeVMList] does VMs.
func (m *Mapper) DecodeInstanceList(r io.Reader, each func(Object[InstanceRecord]) error) (ListMeta, error) {
	return decodeList(r, "VirtualMachineInstanceList", m.instanceObject, each)
}

// listReader reads the text of a list.
type listReader[R any] struct {
	*jsontext.Decoder
	source *source
	read   func(*cursor) Object[R]
	each   func(Object[R]) error
	meta   ListMeta
	is     kindOf
}

func decodeList[R any](r io.Reader, kind string, read func(*cursor) Object[R], each func(Object[R]) error) (ListMeta, error) {
	from := &source{Reader: r}
	l := &listReader[R]{Decoder: jsontext.NewDecoder(from, jsonOptions...), source: from, read: read, each: each}
	if err := l.list(kind); err != nil {
		return ListMeta{}, err
	}
	return l.meta, nil
}

func (l *listReader[R]) list(kind string) error {
	switch token, err := l.ReadToken(); {
	case err != nil:
		return l.syntax(err)
	case token.Kind() != '{':
		return notA(kind)
	}
	for l.PeekKind() == '"' {
		name, err := l.ReadToken()
		if err != nil {
			return l.syntax(err)
		}
		if err := l.field(name.String(), kind); err != nil {
			return err
		}
	}
	if _, err := l.ReadToken(); err != nil {
		return l.syntax(err)
	}
	if err := l.end(); err != nil {
		return err
	}
	// A list that does not say what it is could be anything.
	if l.is.kind != kind || !l.is.of(kind) {
		return domain.E(domain.CodeUnexpectedObject, domain.Params{domain.ParamReason: text(l.is.kind)}, nil)
	}
	return nil
}

func (l *listReader[R]) field(name, kind string) error {
	if name == "items" && l.PeekKind() == '[' {
		return l.items()
	}
	value, err := l.ReadValue()
	if err != nil {
		return l.syntax(err)
	}
	c := &cursor{json: string(value)} // some of it is kept
	switch name {
	case "metadata":
		l.meta = c.listMeta()
	case "items":
		if c.peek() != 'n' {
			return notA(kind)
		}
	default:
		l.is.field(c, name)
	}
	if c.wrong != "" {
		return notA(kind)
	}
	return nil
}

// items hands on one element after the other. Only one is in memory.
func (l *listReader[R]) items() error {
	if _, err := l.ReadToken(); err != nil {
		return l.syntax(err)
	}
	for l.PeekKind() != ']' {
		value, err := l.ReadValue()
		if err != nil {
			return l.syntax(err)
		}
		if err := l.each(l.read(over(value))); err != nil {
			return err
		}
	}
	_, err := l.ReadToken()
	return l.syntax(err)
}

func (c *cursor) listMeta() ListMeta {
	var meta ListMeta
	for name := range c.fields {
		switch name {
		case "resourceVersion":
			meta.Revision = strings.Clone(c.str())
		case "continue":
			meta.Continue = strings.Clone(c.str())
		case "remainingItemCount":
			meta.Remaining, _ = c.int()
		}
	}
	return meta
}

// syntax makes the error of a token that could not be read: the source's, if that failed.
func (l *listReader[R]) syntax(err error) error {
	switch {
	case l.source.err != nil:
		return fmt.Errorf("read list: %w", l.source.err)
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return domain.E(domain.CodeProtocolError, nil, err)
}

// end expects that nothing follows.
func (l *listReader[R]) end() error {
	switch _, err := l.ReadToken(); {
	case err == nil:
		return l.syntax(errors.New("more after the list"))
	case errors.Is(err, io.EOF) && l.source.err == nil:
		return nil
	default:
		return l.syntax(err)
	}
}

func notA(kind string) error {
	return domain.E(domain.CodeUnexpectedObject, nil, errors.New("no "+kind))
}

// source keeps the error of a reader, which tells it from one of syntax.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
