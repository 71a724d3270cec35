package mapper

import (
	"iter"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// The accessors read the head of a record, whose order is that of the walk functions, and allocate nothing.

// IsZero says whether there is no VM.
func (r VMRecord) IsZero() bool { return r.s == "" }

// Size is the number of bytes the record takes.
func (r VMRecord) Size() int { return len(r.s) }

// Key is "namespace/name".
func (r VMRecord) Key() string { _, key := keyOf(r.s); return key }

// Namespace of the VM.
func (r VMRecord) Namespace() string { n, key := keyOf(r.s); return key[:n] }

// Name of the VM.
func (r VMRecord) Name() string { n, key := keyOf(r.s); return key[n+1:] }

// UID of the VM.
func (r VMRecord) UID() string { return fieldOf(r.s, 0) }

// Revision is the VM's resourceVersion.
func (r VMRecord) Revision() string { return fieldOf(r.s, 1) }

// Labels are the VM's labels, by key.
func (r VMRecord) Labels() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		c := headOf(r.s, 2)
		for range c.getUint() {
			if !yield(c.getString(), c.getString()) {
				return
			}
		}
	}
}

// Label returns one label, and whether there is one.
func (r VMRecord) Label(key string) (value string, ok bool) {
	for k, value := range r.Labels() {
		if k == key {
			return value, true
		}
		if k > key {
			break
		}
	}
	return "", false
}

// Identity reads the identity labels of a record, as Join does.
func (m *Mapper) Identity(r VMRecord) domain.Identity {
	var id domain.Identity
	for key, value := range r.Labels() {
		m.identity.set(&id, key, value)
	}
	return id
}

// IsZero says whether there is no instance.
func (r InstanceRecord) IsZero() bool { return r.s == "" }

// Size is the number of bytes the record takes.
func (r InstanceRecord) Size() int { return len(r.s) }

// Key is "namespace/name".
func (r InstanceRecord) Key() string { _, key := keyOf(r.s); return key }

// Namespace of the instance.
func (r InstanceRecord) Namespace() string { n, key := keyOf(r.s); return key[:n] }

// Name of the instance.
func (r InstanceRecord) Name() string { n, key := keyOf(r.s); return key[n+1:] }

// UID of the instance.
func (r InstanceRecord) UID() string { return fieldOf(r.s, 0) }

// Revision is the instance's resourceVersion.
func (r InstanceRecord) Revision() string { return fieldOf(r.s, 1) }

// OwnerUID is the UID of the VM whose instance it is; empty of one that was made without a VM.
func (r InstanceRecord) OwnerUID() string { return fieldOf(r.s, 2) }

// Node is where the instance runs; empty before it is placed.
func (r InstanceRecord) Node() string { return fieldOf(r.s, 3) }

// emptyHead is what a zero record reads as: an empty key, whose slash is there, and enough empty fields.
const emptyHead = "\x00\x00/\x00\x00\x00\x00\x00"

// headOf reads over the key of a record and a number of strings behind it.
func headOf(record string, fields int) coder {
	if record == "" {
		record = emptyHead
	}
	c := reader(record)
	c.rawKey()
	for range fields {
		c.getString()
	}
	return c
}

// fieldOf returns the n-th string behind the key.
func fieldOf(record string, n int) string {
	c := headOf(record, n)
	return c.getString()
}

// keyOf returns the key, and the length of the namespace in it.
func keyOf(record string) (namespace int, key string) {
	if record == "" {
		record = emptyHead
	}
	c := reader(record)
	return c.rawKey()
}
