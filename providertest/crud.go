package providertest

import (
	"errors"
	"slices"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The family CRUD: VMs are made, read, changed and deleted. ApplyVM has no line of its own: what it promises is checked
// beside what it is like, as a part that a provider without it is spared, or with a need.
var crudChecks = slices.Concat(crudCreateChecks, crudReadChecks, crudUpdateChecks, crudDeleteChecks, crudFieldChecks)

const (
	// noUID looks like a UID and is nobody's.
	noUID = "00000000-0000-4000-8000-000000000000"
	// somebody is another manager of the cluster.
	somebody = "somebody"
)

// createVM is create with options, and without an opinion on the answer.
func (e *env) createVM(spec domain.VMSpec, opts provider.CreateOptions) (*domain.VM, error) {
	return e.Provider.CreateVM(e.ctx, e.cluster, e.ns, spec, opts)
}

func (e *env) apply(spec domain.VMSpec, opts provider.ApplyOptions) (*domain.VM, error) {
	return e.Provider.ApplyVM(e.ctx, e.cluster, e.ns, spec, opts)
}

func (e *env) updateVM(name string, change domain.VMChange, opts provider.UpdateOptions) (*domain.VM, domain.Applied, error) {
	return e.Provider.UpdateVM(e.ctx, e.cluster, e.ns, name, change, opts)
}

func (e *env) removeVM(name string, opts provider.DeleteOptions) error {
	return e.Provider.DeleteVM(e.ctx, e.cluster, e.ns, name, opts)
}

// edit changes a VM as somebody, and waits until nothing is written to it any more.
func (e *env) edit(name string, change domain.VMChange) *domain.VM {
	e.must("edit "+name, e.Edit(e.ctx, e.ref(name), somebody, change))
	return e.quiet(name)
}

// gone waits until a VM does not exist any more.
func (e *env) gone(name string) {
	e.eventually(name+" is gone", func() bool {
		_, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, name)
		return domain.CodeOf(err) == domain.CodeVMNotFound
	})
}

// unchanged finds fault with a VM that was written since it was read: it must have been quiet then.
func (e *env) unchanged(what string, before *domain.VM) bool {
	type stored struct {
		UID, Revision, InstanceID string
		Generation                int64
		Labels                    map[string]string
		RunStrategy               domain.RunStrategy
		Status                    domain.VMStatus
	}
	of := func(vm *domain.VM) stored {
		return stored{vm.UID, vm.Revision, vm.InstanceID, vm.Generation, vm.Labels, vm.RunStrategy, vm.Status}
	}
	return e.same(what+": the VM", of(before), of(e.get(before.Name)))
}

// names are those of the VMs of the check's namespace.
func (e *env) names() []string {
	var names []string
	for _, vm := range e.list(provider.ListOptions{}).Items {
		names = append(names, vm.Name)
	}
	return names
}

// stores finds fault unless the check's namespace has exactly these VMs, in their order.
func (e *env) stores(what string, names ...string) { e.same(what+": VMs", names, e.names()) }

// blames finds fault with anything but INVALID_SPEC that names a field about each of these words. The path of a field may
// be in the terms of the call or of the server: "runStrategy" or "spec.runStrategy".
func (e *env) blames(what string, err error, words ...string) {
	if !e.code(what, err, domain.CodeInvalidSpec) {
		return
	}
	for _, word := range words {
		e.holds(slices.ContainsFunc(fields(err), about(word)), "%s: no field about %s in %+v", what, word, fields(err))
	}
	for _, f := range fields(err) {
		e.holds(f.Field != "" && f.Reason != "", "%s: a field without path or reason: %+v", what, f)
	}
}

// about says whether a field error is about a word.
func about(word string) func(domain.FieldError) bool {
	return func(f domain.FieldError) bool {
		return strings.Contains(strings.ToLower(f.Field), strings.ToLower(word))
	}
}

// fields are those that an error names.
func fields(err error) []domain.FieldError {
	if own, ok := errors.AsType[*domain.Error](err); ok {
		return own.Fields
	}
	return nil
}

// hasDisk says whether a VM has a disk of that name.
func hasDisk(vm *domain.VM, name string) bool {
	return slices.ContainsFunc(vm.Disks, func(disk domain.Disk) bool { return disk.Name == name })
}

// identityPrefix is the prefix of the identity labels of a VM that the provider made: a host may configure it.
func (e *env) identityPrefix(vm *domain.VM) string {
	for key, value := range vm.Labels {
		if prefix, ok := strings.CutSuffix(key, "/managed-by"); ok && value == domain.ManagedBy {
			return prefix
		}
	}
	e.Fatalf("%s has no label that says who manages it: %v", vm.Name, vm.Labels)
	return ""
}
