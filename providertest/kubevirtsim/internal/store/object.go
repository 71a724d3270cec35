package store

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unique"
)

// Object is one object at one revision. It is immutable and shared: a reader must not change its labels.
//
// Its JSON is kept in pieces. The revision is not among them, so that the last state of a deleted object can be told at
// the deletion's revision without a copy; and the field sets of managedFields, which are half of a VM's bytes and
// alike for all VMs that were made alike, are interned.
type Object struct {
	// Key is namespace + "/" + name, or the name alone for an object of the cluster.
	Key       string
	Namespace string
	Name      string
	UID       string
	Labels    Labels
	Revision  uint64
	// DeletedAt is the deletionTimestamp; zero for an object that nobody deletes.
	DeletedAt time.Time

	text string // all bytes but the revision's digits and the shared pieces
	cuts []cut  // in order of their place; one of them is the revision's
}

// cut is a place in the text where something is left out.
type cut struct {
	at     int
	shared unique.Handle[string] // the zero handle stands for the revision
}

// Draft is an object to be written. Head and Tail are its JSON before and behind the digits of
// metadata.resourceVersion; the store keeps copies.
type Draft struct {
	Namespace string
	Name      string
	UID       string
	Labels    map[string]string
	DeletedAt time.Time
	Head      []byte
	Tail      []byte
}

// Key is namespace + "/" + name, or the name alone without a namespace: the server's order of objects.
func Key(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

func (d Draft) object(revision uint64) *Object {
	o := &Object{Key: Key(d.Namespace, d.Name), UID: d.UID, Labels: labelsOf(d.Labels), Revision: revision, DeletedAt: d.DeletedAt}
	o.Namespace = o.Key[:len(d.Namespace)]
	o.Name = o.Key[len(o.Key)-len(d.Name):]
	var text strings.Builder
	text.Grow(len(d.Head) + len(d.Tail))
	o.cuts = share(&text, o.cuts, string(d.Head))
	o.cuts = append(o.cuts, cut{at: text.Len()})
	o.cuts = share(&text, o.cuts, string(d.Tail))
	o.text = strings.Clone(text.String()) // the builder has room for what was left out
	o.cuts = slices.Clip(o.cuts)
	return o
}

// at is the same object as of a later revision.
func (o *Object) at(revision uint64) *Object {
	later := *o
	later.Revision = revision
	return &later
}

// Append appends the object's JSON.
func (o *Object) Append(to []byte) []byte {
	from := 0
	for _, c := range o.cuts {
		to = append(to, o.text[from:c.at]...)
		from = c.at
		if c.shared == (unique.Handle[string]{}) {
			to = strconv.AppendUint(to, o.Revision, 10)
			continue
		}
		to = append(to, c.shared.Value()...)
	}
	return append(to, o.text[from:]...)
}

// JSON returns the object's JSON in a slice of the caller's own.
func (o *Object) JSON() []byte {
	const digits = 20
	size := len(o.text) + digits
	for _, c := range o.cuts {
		if c.shared != (unique.Handle[string]{}) {
			size += len(c.shared.Value())
		}
	}
	return o.Append(make([]byte, 0, size))
}
