package customprovider

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// table stands in for the back end: a database, or the API of another virtualisation. A machine of it is on or off, and
// becomes so at once.
type table struct {
	cluster string

	mu                 sync.Mutex
	rows               map[string]*domain.VM
	reads, writes, ids int
}

// read copies a row; nil when there is none.
func (t *table) read(key string) *domain.VM {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	return read(t.rows[key])
}

// readAll copies all rows, in the byte order of their keys.
func (t *table) readAll() []*domain.VM {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	var all []*domain.VM
	for _, key := range slices.Sorted(maps.Keys(t.rows)) {
		all = append(all, read(t.rows[key]))
	}
	return all
}

// read is a row as a caller gets it: a copy, with the time it was made.
func read(row *domain.VM) *domain.VM {
	vm := row.Clone()
	if vm != nil {
		vm.Read = domain.Read{From: domain.ReadLive, At: now()}
	}
	return vm
}

// write is a transaction on one row. It hands a copy of the row, or nil, to change, and stores what that returns: nil takes
// the row away. After an error nothing is stored.
func (t *table) write(key string, change func(*domain.VM) (*domain.VM, error)) (*domain.VM, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reads++
	vm, err := change(t.rows[key].Clone())
	if err != nil {
		return nil, err
	}
	t.writes++
	if vm == nil {
		delete(t.rows, key)
		return nil, nil
	}
	vm.Revision = strconv.Itoa(t.writes)
	t.rows[key] = vm.Clone()
	return read(vm), nil
}

// begin begins a run of a VM, in a transaction.
func (t *table) begin(vm *domain.VM) {
	at := now()
	vm.Status, vm.Since = domain.StatusRunning, at
	vm.Instance, vm.InstanceID, vm.InstanceRevision, vm.StartedAt = domain.InstanceLive, t.id("run"), "1", at
	vm.Ready, vm.CPU.Source, vm.Memory.Source = domain.FactYes, domain.SourceInstance, domain.SourceInstance
}

// end ends it, or begins a life that is off.
func (t *table) end(vm *domain.VM) {
	vm.Status, vm.Since = domain.StatusStopped, now()
	vm.Instance, vm.InstanceID, vm.InstanceRevision, vm.StartedAt = domain.InstanceNone, "", "", time.Time{}
	vm.Ready, vm.CPU.Source, vm.Memory.Source = domain.FactUnknown, domain.SourceSpec, domain.SourceSpec
}

// id makes an id that is used once, in a transaction.
func (t *table) id(kind string) string {
	t.ids++
	return t.cluster + "-" + kind + "-" + strconv.Itoa(t.ids)
}

func now() time.Time { return time.Now().UTC().Round(0) } // as it is after a way through JSON
