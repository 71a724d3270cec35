package providertest

import (
	"errors"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// typed is a VM whose size is an instance type of the check's namespace.
func (e *env) typed(name string, strategy domain.RunStrategy, instanceType string) domain.VMSpec {
	spec := e.spec(name, strategy)
	spec.CPU, spec.MemoryBytes = domain.CPU{}, 0
	spec.InstanceType = &domain.Matcher{Name: instanceType, Namespaced: true}
	return spec
}

// refused finds fault with a create that is not refused with a code and a field, or that stores the VM all the same.
func (e *env) refused(what string, spec domain.VMSpec, code domain.Code, field string) {
	_, err := e.Provider.CreateVM(e.ctx, e.cluster, e.ns, spec, provider.CreateOptions{})
	e.code(what, err, code)
	named := false
	if own, ok := errors.AsType[*domain.Error](err); ok {
		for _, f := range own.Fields { // the path may be the call's or the server's
			named = named || strings.Contains(strings.ToLower(f.Field), field)
		}
	}
	e.holds(named, "%s: no field of %s is named: %v", what, field, err)
	e.same(what+": VMs stored", 0, len(e.list(provider.ListOptions{}).Items))
}

func checkOwnSizeBesideType(e *env) {
	e.must("make an instance type", instanceTypes.add(e, e.ns, "size", nil))
	for what, c := range map[string]struct {
		change func(*domain.VMSpec)
		field  string
	}{
		"cores":      {func(spec *domain.VMSpec) { spec.CPU.Cores = 1 }, "cpu"},
		"millicores": {func(spec *domain.VMSpec) { spec.CPU.Milli = 500 }, "cpu"},
		"memory":     {func(spec *domain.VMSpec) { spec.MemoryBytes = typeMemory }, "memory"},
	} {
		spec := e.typed("vm", domain.RunStrategyHalted, "size")
		c.change(&spec)
		e.refused(what+" of its own", spec, domain.CodeInvalidSpec, c.field)
	}
}

func checkUnknownType(e *env) {
	e.must("make an instance type", instanceTypes.add(e, e.ns, e.ns+"-size", nil))
	e.must("make a preference", preferences.add(e, e.ns, e.ns+"-taste", nil))
	for what, c := range map[string]struct {
		change func(*domain.VMSpec)
		code   domain.Code
		field  string
	}{
		"an unknown instance type of the namespace": {func(spec *domain.VMSpec) { spec.InstanceType.Name = e.ns + "-unknown" },
			domain.CodeInstanceTypeNotFound, "instancetype"},
		"an unknown instance type of the cluster": {func(spec *domain.VMSpec) { spec.InstanceType = &domain.Matcher{Name: e.ns + "-unknown"} },
			domain.CodeInstanceTypeNotFound, "instancetype"},
		"an instance type of the namespace, named as the cluster's": {func(spec *domain.VMSpec) { spec.InstanceType.Namespaced = false },
			domain.CodeInstanceTypeNotFound, "instancetype"},
		"an unknown preference of the namespace": {func(spec *domain.VMSpec) {
			spec.Preference = &domain.Matcher{Name: e.ns + "-unknown", Namespaced: true}
		}, domain.CodePreferenceNotFound, "preference"},
		"a preference of the namespace, named as the cluster's": {func(spec *domain.VMSpec) {
			spec.Preference = &domain.Matcher{Name: e.ns + "-taste"}
		}, domain.CodePreferenceNotFound, "preference"},
	} {
		spec := e.typed("vm", domain.RunStrategyHalted, e.ns+"-size")
		c.change(&spec)
		e.refused(what, spec, c.code, c.field)
	}
	spec := e.typed("vm", domain.RunStrategyHalted, e.ns+"-size")
	spec.Preference = &domain.Matcher{Name: e.ns + "-taste", Namespaced: true}
	e.create(spec)
}

func checkEffectiveSize(e *env) {
	e.must("make an instance type", instanceTypes.add(e, e.ns, "size", nil))
	on := e.runs(e.typed("on", domain.RunStrategyAlways, "size"))
	off := e.stopped(e.typed("off", domain.RunStrategyHalted, "size"))
	listed := e.list(provider.ListOptions{}).Items
	if e.same("VMs listed", 2, len(listed)) { // by name
		e.same("size of the stopped one in the list", sizeOf(off), sizeOf(listed[0]))
		e.same("size of the running one in the list", sizeOf(on), sizeOf(listed[1]))
	}
	e.same("size of the running one", size{typeVCPUs, domain.SourceInstance, typeMemory, domain.SourceInstance}, sizeOf(on))
	for _, vm := range []*domain.VM{on, off} {
		e.holds(vm.InstanceType != nil && vm.InstanceType.Name == "size" && vm.InstanceType.Namespaced, "%s: its instance type is %+v", vm.Name, vm.InstanceType)
	}
	if off.CPU.Source == domain.SourceUnknown {
		e.same("CPU of the stopped one, which is unknown", domain.CPU{}, off.CPU)
	} else {
		e.same("CPUs of the stopped one, by "+string(off.CPU.Source), int64(typeVCPUs), off.CPU.VCPUs())
	}
	want := domain.Memory{}
	if off.Memory.Source != domain.SourceUnknown {
		want = domain.Memory{Bytes: typeMemory, Source: off.Memory.Source}
	}
	e.same("memory of the stopped one", want, off.Memory)
}

// size is how large a VM is, and who says so.
type size struct {
	VCPUs      int64
	CPUSource  domain.Source
	Memory     int64
	MemorySays domain.Source
}

func sizeOf(vm *domain.VM) size {
	return size{vm.CPU.VCPUs(), vm.CPU.Source, vm.Memory.Bytes, vm.Memory.Source}
}
