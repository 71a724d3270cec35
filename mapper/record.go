package mapper

import (
	"strings"
	"sync"

	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// VMRecord is what matters of a VirtualMachine, in a few hundred bytes without a pointer: what a cache keeps instead of
// the object. With an [InstanceRecord] it makes a [domain.VM] at any time ([Mapper.Join]).
//
// Records are values: copy them, compare them with ==. Two are equal if and only if nothing that a domain.VM shows has
// changed, the revision among it. The zero value is no VM. A record is understood by the process that made it, with
// this version of the library; it is no format to store.
type VMRecord struct{ s string }

// InstanceRecord is what matters of a VirtualMachineInstance, as a [VMRecord] is of a VirtualMachine. The zero value is
// no instance.
type InstanceRecord struct{ s string }

// VMRecord reduces a VM. Its error is that of [Mapper.MapVM].
//
// Of the annotations it keeps those under the prefix of the identity labels, and [Options].RecordAnnotations.
func (m *Mapper) VMRecord(vm *kubevirtv1.VirtualMachine) (VMRecord, error) {
	v, err := m.checkedView(vm, m.recorded)
	if err != nil {
		return VMRecord{}, err
	}
	return VMRecord{encode(v)}, nil
}

// InstanceRecord reduces an instance. A nil vmi, or one without name or namespace, is an error of code
// [ErrIncompatibleSchema].
func (m *Mapper) InstanceRecord(vmi *kubevirtv1.VirtualMachineInstance) (InstanceRecord, error) {
	if vmi == nil {
		return InstanceRecord{}, m.incompatible("", "", "metadata")
	}
	if err := m.identified(vmi.Namespace, vmi.Name); err != nil {
		return InstanceRecord{}, err
	}
	return InstanceRecord{encode(viewInstance(vmi))}, nil
}

// recorded says which annotations a record keeps.
func (m *Mapper) recorded(key string) bool {
	return strings.HasPrefix(key, m.annotationPrefix) || m.recordAnnotations[key]
}

// Join makes a VM of its record and that of its instance, as [Mapper.MapVM] does of the objects, but for annotations
// that the record does not keep; it is nil for the zero VMRecord. An instance that is not the VM's own counts as none.
//
// The strings of the result are parts of the records, which are small.
func (m *Mapper) Join(vm VMRecord, instance InstanceRecord) *domain.VM {
	if vm.IsZero() {
		return nil
	}
	j := joins.Get().(*joiner)
	defer j.release()
	j.readVM(vm)
	if instance.IsZero() {
		return m.join(&j.vm, nil)
	}
	j.readInstance(instance)
	return m.joinOwned(&j.vm, &j.instance)
}

// JoinDegraded makes a VM of its record where instances cannot be read, as [Mapper.MapVMDegraded] does of the object.
func (m *Mapper) JoinDegraded(vm VMRecord) *domain.VM {
	if vm.IsZero() {
		return nil
	}
	j := joins.Get().(*joiner)
	defer j.release()
	j.readVM(vm)
	return m.joinDegraded(&j.vm)
}

// joiner reads records into views whose memory is used again: reading overwrites all of a view.
type joiner struct {
	coder    coder
	vm       vmView
	instance instanceView
}

var joins = sync.Pool{New: func() any { return &joiner{} }}

func (j *joiner) readVM(r VMRecord) {
	j.coder = reader(r.s)
	j.vm.walk(&j.coder)
}

func (j *joiner) readInstance(r InstanceRecord) {
	j.coder = reader(r.s)
	j.instance.walk(&j.coder)
}

// release gives up the lists that the joined VM has now.
func (j *joiner) release() {
	j.vm.guest.tolerations, j.instance.interfaces = nil, nil
	joins.Put(j)
}
