package mapper

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Object is one object of a list or a stream: its record, or what was wrong with it.
type Object[R any] struct {
	Record R
	// Key is "namespace/name", UID the object's identity, Revision its resourceVersion. Beside an error they are what
	// could be read of them.
	Key, UID, Revision string
	// Err is of code [ErrIncompatibleSchema] for an object that lacks what it must have or has it in another type, and
	// UNEXPECTED_OBJECT for one of another kind. It concerns this object alone.
	Err error
}

// DecodeVM reduces a VM in JSON, as a server sends it, without building the object: the record is that of
// [Mapper.VMRecord] for the object in the same bytes. The record shares nothing with data.
//
// Bytes that are no JSON are an error of code PROTOCOL_ERROR; for the others see [Object].Err. Fields that do not matter
// may have any type. Among fields of one name in one object, which no server sends, the last one counts.
func (m *Mapper) DecodeVM(data []byte) (VMRecord, error) {
	return decodeOne(data, m.vmObject)
}

// DecodeInstance reduces an instance in JSON, as [Mapper.DecodeVM] does a VM.
func (m *Mapper) DecodeInstance(data []byte) (InstanceRecord, error) {
	return decodeOne(data, m.instanceObject)
}

func decodeOne[R any](data []byte, read func(*cursor) Object[R]) (R, error) {
	if !jsontext.Value(data).IsValid(jsonOptions...) {
		var none R
		return none, domain.E(domain.CodeProtocolError, nil, errNotJSON)
	}
	object := read(over(data))
	return object.Record, object.Err
}

var errNotJSON = errors.New("not JSON")

// vmObject reads the VM that the cursor stands before, and goes behind it.
func (m *Mapper) vmObject(c *cursor) Object[VMRecord] {
	views := takeViews()
	defer views.release()
	v := &views.vm
	kind := readVM(c, v, m.recorded)
	if err := m.refused(c, kind, "VirtualMachine", &v.objectView); err != nil {
		return refusedObject[VMRecord](&v.objectView, err)
	}
	r := VMRecord{encode(v)}
	return Object[VMRecord]{Record: r, Key: r.Key(), UID: r.UID(), Revision: r.Revision()}
}

// instanceObject reads the instance that the cursor stands before, and goes behind it.
func (m *Mapper) instanceObject(c *cursor) Object[InstanceRecord] {
	views := takeViews()
	defer views.release()
	v := &views.instance
	kind := readInstance(c, v)
	if err := m.refused(c, kind, "VirtualMachineInstance", &v.objectView); err != nil {
		return refusedObject[InstanceRecord](&v.objectView, err)
	}
	r := InstanceRecord{encode(v)}
	return Object[InstanceRecord]{Record: r, Key: r.Key(), UID: r.UID(), Revision: r.Revision()}
}

// refused says what is wrong with an object that was read.
func (m *Mapper) refused(c *cursor, is kindOf, want string, v *objectView) error {
	if is.of(want) && v.name != "" && v.namespace != "" && c.wrong == "" {
		return nil
	}
	// An error may be kept for long, and with it the text that its strings are parts of.
	namespace, name := strings.Clone(v.namespace), strings.Clone(v.name)
	if !is.of(want) {
		return domain.E(domain.CodeUnexpectedObject, domain.Params{domain.ParamReason: strings.Clone(text(is.kind))}, nil)
	}
	if err := m.identified(namespace, name); err != nil {
		return err
	}
	err := m.incompatible(namespace, name, strings.Clone(text(strings.TrimSuffix(c.wrong, here))))
	err.Fields[0].Reason = domain.FieldInvalid
	return err
}

// of says whether an object is of a kind of KubeVirt's. Elements of lists need not say what they are.
func (k kindOf) of(want string) bool {
	return (k.kind == "" || k.kind == want) && (k.apiVersion == "" || strings.HasPrefix(k.apiVersion, "kubevirt.io/"))
}

// refusedObject keeps of an object what tells which one it is, without the text it stands in.
func refusedObject[R any](v *objectView, err error) Object[R] {
	o := Object[R]{UID: strings.Clone(text(v.uid)), Revision: strings.Clone(text(v.revision)), Err: err}
	if v.name != "" || v.namespace != "" {
		o.Key = text(v.namespace) + "/" + text(v.name)
	}
	return o
}
