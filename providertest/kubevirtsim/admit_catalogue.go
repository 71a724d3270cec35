package kubevirtsim

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kubevirtv1 "kubevirt.io/api/core/v1"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"
)

// instancetypeOf finds the instance type that a VM names: nil without an error when it names none.
func (c *controller) instancetypeOf(vm *kubevirtv1.VirtualMachine) (*instancetypev1.VirtualMachineInstancetypeSpec, error) {
	ref := vm.Spec.Instancetype
	if ref == nil {
		return nil, nil
	}
	resource, ok := instancetypeResource(singular(ref.Kind))
	if !ok {
		return nil, fmt.Errorf("got unexpected kind in InstancetypeMatcher: %s", ref.Kind)
	}
	found := &instancetypev1.VirtualMachineInstancetype{}
	return &found.Spec, c.fromCatalogue(resource, vm.Namespace, ref.Name, found)
}

// preferenceOf is instancetypeOf for the VM's preference.
func (c *controller) preferenceOf(vm *kubevirtv1.VirtualMachine) (*instancetypev1.VirtualMachinePreferenceSpec, error) {
	ref := vm.Spec.Preference
	if ref == nil {
		return nil, nil
	}
	resource, ok := preferenceResource(singular(ref.Kind))
	if !ok {
		return nil, fmt.Errorf("got unexpected kind in PreferenceMatcher: %s", ref.Kind)
	}
	found := &instancetypev1.VirtualMachinePreference{}
	return &found.Spec, c.fromCatalogue(resource, vm.Namespace, ref.Name, found)
}

// singular is a kind that may be written as the plural of a resource, too.
func singular(kind string) string { return strings.TrimSuffix(strings.ToLower(kind), "s") }

func (c *controller) fromCatalogue(resource schema.GroupResource, namespace, name string, found any) error {
	body := c.catalogued(resource, namespace, name)
	if body == nil {
		return fmt.Errorf("%s %q not found", resource, name)
	}
	return json.Unmarshal(body, found)
}

// applyCatalogue makes of a VM's template what its instance type and preference make of it, so that the outcome can be
// checked (pkg/instancetype/webhooks/vm/admitter.go), and refuses fields that both want to decide. Up to 1.5 what is
// named must exist when it is named; from 1.6 its absence is no matter until the VM starts. old is empty for a new VM.
func (s *Server) applyCatalogue(f *findings, vm, old *kubevirtv1.VirtualMachine) {
	size, sizeErr := s.controller.instancetypeOf(vm)
	preference, preferenceErr := s.controller.preferenceOf(vm)
	if sizeErr != nil {
		if size = nil; !s.version.since(6) && !equality.Semantic.DeepEqual(vm.Spec.Instancetype, old.Spec.Instancetype) {
			f.notFound(field.NewPath("spec", "instancetype"), "Failure to find instancetype: %v", sizeErr)
			return
		}
	}
	if preferenceErr != nil {
		if preference = nil; !s.version.since(6) && !equality.Semantic.DeepEqual(vm.Spec.Preference, old.Spec.Preference) {
			f.notFound(field.NewPath("spec", "preference"), "Failure to find preference: %v", preferenceErr)
			return
		}
	}
	if checkSpread(f, size, preference); len(f.causes) > 0 {
		return
	}
	template := vm.Spec.Template
	for _, taken := range giveSize(template, size, preference) {
		f.invalid(field.NewPath(taken), "VM field(s) %s conflicts with selected instance type", taken)
	}
	if len(f.causes) > 0 {
		return
	}
	givePreferences(template, preference)
	completeExpanded(&template.Spec)
	checkRequirements(f, size, preference, &template.Spec)
}

func topologyOfPreference(preference *instancetypev1.VirtualMachinePreferenceSpec) instancetypev1.PreferredCPUTopology {
	if preference == nil || preference.CPU == nil || preference.CPU.PreferredCPUTopology == nil {
		return instancetypev1.Sockets
	}
	return *preference.CPU.PreferredCPUTopology
}

// spreadOf reads the two places where a preference says how CPUs are spread. The ratio is never zero.
func spreadOf(preference *instancetypev1.VirtualMachinePreferenceSpec) (uint32, instancetypev1.SpreadAcross) {
	ratio, across := uint32(2), instancetypev1.SpreadAcrossSocketsCores
	if preference.PreferSpreadSocketToCoreRatio != 0 {
		ratio = preference.PreferSpreadSocketToCoreRatio
	}
	if preference.CPU != nil && preference.CPU.SpreadOptions != nil {
		options := preference.CPU.SpreadOptions
		if options.Across != nil {
			across = *options.Across
		}
		if options.Ratio != nil {
			ratio = *options.Ratio
		}
	}
	return max(ratio, 1), across
}

// checkSpread refuses CPUs that cannot be spread as the preference wants.
func checkSpread(f *findings, kind *instancetypev1.VirtualMachineInstancetypeSpec, preference *instancetypev1.VirtualMachinePreferenceSpec) {
	topology := topologyOfPreference(preference)
	if kind == nil || topology != instancetypev1.Spread && topology != instancetypev1.DeprecatedPreferSpread {
		return
	}
	at, vcpus := field.NewPath("instancetype.spec.cpu.guest"), kind.CPU.Guest
	ratio, across := spreadOf(preference)
	if across == instancetypev1.SpreadAcrossSocketsCoresThreads {
		if vcpus%2 > 0 || vcpus/2%ratio > 0 {
			f.invalid(at, "%d vCPUs provided by the instance type are not divisible by the number of threads per core 2 and "+
				"Spec.PreferSpreadSocketToCoreRatio or Spec.CPU.PreferSpreadOptions.Ratio of %d", vcpus, ratio)
		}
		return
	}
	if vcpus%ratio > 0 {
		f.invalid(at, "%d vCPUs provided by the instance type are not divisible by the Spec.PreferSpreadSocketToCoreRatio or "+
			"Spec.CPU.PreferSpreadOptions.Ratio of %d provided by the preference", vcpus, ratio)
	}
}

// checkRequirements holds a VM against what its preference requires (pkg/instancetype/preference/requirements). The
// cause's field is a list when several fields share the blame.
func checkRequirements(f *findings, kind *instancetypev1.VirtualMachineInstancetypeSpec, preference *instancetypev1.VirtualMachinePreferenceSpec,
	spec *kubevirtv1.VirtualMachineInstanceSpec,
) {
	if preference == nil || preference.Requirements == nil {
		return
	}
	const failure = "failure checking preference requirements: "
	requirements := preference.Requirements
	if want := requirements.CPU; want != nil {
		if short := lackingCPU(kind, preference, spec, want.Guest); short != nil {
			f.notFound(short.at, failure+"insufficient CPU resources of %d vCPU provided by %s, preference requires %d vCPU%s",
				short.have, short.by, want.Guest, short.as)
			return
		}
	}
	if want := requirements.Memory; want != nil {
		at, have, by := field.NewPath("spec", "template", "spec", "domain", "memory"), resource.Quantity{}, "VirtualMachine"
		if kind != nil {
			at, have, by = field.NewPath("spec", "instancetype"), kind.Memory.Guest, "instance type"
		}
		if memory := spec.Domain.Memory; memory != nil && memory.Guest != nil {
			have = *memory.Guest
		}
		if have.Cmp(want.Guest) < 0 {
			f.notFound(at, failure+"insufficient Memory resources of %s provided by %s, preference requires %s", have.String(), by, want.Guest.String())
			return
		}
	}
	if want := requirements.Architecture; want != nil && *want != spec.Architecture {
		f.notFound(field.NewPath("spec", "template", "spec", "architecture"),
			failure+"preference requires architecture %s but %s is being requested", *want, spec.Architecture)
	}
}

// shortage is what a VM has of the CPUs that a preference requires, and which fields give it.
type shortage struct {
	at     *field.Path
	have   uint32
	by, as string
}

// lackingCPU is nil when a VM has the CPUs that its preference requires, counted as the preferred topology has it.
func lackingCPU(kind *instancetypev1.VirtualMachineInstancetypeSpec, preference *instancetypev1.VirtualMachinePreferenceSpec,
	spec *kubevirtv1.VirtualMachineInstanceSpec, want uint32,
) *shortage {
	short := &shortage{field.NewPath("spec", "instancetype"), 0, "instance type", ""}
	if kind != nil {
		short.have = kind.CPU.Guest
	} else {
		names, as := countedFields(preference)
		short = &shortage{have: 1, by: "VirtualMachine", as: " provided as " + as}
		cpu := spec.Domain.CPU
		counts := map[string]uint32{"sockets": cpu.Sockets, "cores": cpu.Cores, "threads": cpu.Threads}
		var paths []string
		for _, name := range names {
			short.have *= counts[name]
			paths = append(paths, "spec.template.spec.domain.cpu."+name)
		}
		short.at = field.NewPath(strings.Join(paths, ", "))
	}
	if short.have >= want {
		return nil
	}
	return short
}

// countedFields are the fields of a topology that count, and what they are called together.
func countedFields(preference *instancetypev1.VirtualMachinePreferenceSpec) (names []string, as string) {
	switch topologyOfPreference(preference) {
	case instancetypev1.Threads, instancetypev1.DeprecatedPreferThreads:
		return []string{"threads"}, "threads"
	case instancetypev1.Cores, instancetypev1.DeprecatedPreferCores:
		return []string{"cores"}, "cores"
	case instancetypev1.Sockets, instancetypev1.DeprecatedPreferSockets:
		return []string{"sockets"}, "sockets"
	case instancetypev1.Spread, instancetypev1.DeprecatedPreferSpread:
		switch _, across := spreadOf(preference); across {
		case instancetypev1.SpreadAcrossSocketsCores:
			return []string{"sockets", "cores"}, string(across)
		case instancetypev1.SpreadAcrossCoresThreads:
			return []string{"cores", "threads"}, string(across)
		case instancetypev1.SpreadAcrossSocketsCoresThreads:
			return []string{"sockets", "cores", "threads"}, string(across)
		}
	case instancetypev1.Any, instancetypev1.DeprecatedPreferAny:
	}
	return []string{"cores", "sockets", "threads"}, "cores, sockets and threads"
}
