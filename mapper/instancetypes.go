package mapper

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	instancetypev1beta1 "kubevirt.io/api/instancetype/v1beta1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// MapInstanceType maps an instance type of a namespace. A nil object, or one without name or namespace, is an error of
// code [ErrIncompatibleSchema].
func (m *Mapper) MapInstanceType(object *instancetypev1beta1.VirtualMachineInstancetype) (*domain.InstanceType, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if err := m.identified(object.Namespace, object.Name); err != nil {
		return nil, err
	}
	return m.instanceType(&object.ObjectMeta, &object.Spec), nil
}

// MapClusterInstanceType maps an instance type of the whole cluster: its Namespace is empty.
func (m *Mapper) MapClusterInstanceType(object *instancetypev1beta1.VirtualMachineClusterInstancetype) (*domain.InstanceType, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if object.Name == "" {
		return nil, m.incompatible("", "", "metadata.name")
	}
	return m.instanceType(&object.ObjectMeta, &object.Spec), nil
}

func (m *Mapper) instanceType(meta *metav1.ObjectMeta, spec *instancetypev1beta1.VirtualMachineInstancetypeSpec) *domain.InstanceType {
	it := &domain.InstanceType{
		Cluster:           m.cluster,
		Namespace:         text(meta.Namespace),
		Name:              text(meta.Name),
		UID:               text(string(meta.UID)),
		Revision:          text(meta.ResourceVersion),
		Labels:            values(meta.Labels),
		Annotations:       annotations(meta.Annotations),
		VCPUs:             int64(spec.CPU.Guest),
		MemoryBytes:       max(spec.Memory.Guest.Value(), 0),
		OvercommitPercent: int64(spec.Memory.OvercommitPercent),
		DedicatedCPU:      spec.CPU.DedicatedCPUPlacement != nil && *spec.CPU.DedicatedCPUPlacement,
	}
	if spec.CPU.MaxSockets != nil {
		it.MaxVCPUs = int64(*spec.CPU.MaxSockets) // KubeVirt gives every vCPU a socket unless a preference says otherwise
	}
	if spec.Memory.MaxGuest != nil {
		it.MaxMemoryBytes = max(spec.Memory.MaxGuest.Value(), 0)
	}
	if spec.Memory.Hugepages != nil {
		it.Hugepages = text(spec.Memory.Hugepages.PageSize)
	}
	for n := range spec.GPUs {
		it.GPUs = append(it.GPUs, text(spec.GPUs[n].DeviceName))
	}
	return it
}

// MapPreference maps a preference of a namespace, as [Mapper.MapInstanceType].
func (m *Mapper) MapPreference(object *instancetypev1beta1.VirtualMachinePreference) (*domain.Preference, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if err := m.identified(object.Namespace, object.Name); err != nil {
		return nil, err
	}
	return m.preference(&object.ObjectMeta, &object.Spec), nil
}

// MapClusterPreference maps a preference of the whole cluster: its Namespace is empty.
func (m *Mapper) MapClusterPreference(object *instancetypev1beta1.VirtualMachineClusterPreference) (*domain.Preference, error) {
	if object == nil {
		return nil, m.incompatible("", "", "metadata")
	}
	if object.Name == "" {
		return nil, m.incompatible("", "", "metadata.name")
	}
	return m.preference(&object.ObjectMeta, &object.Spec), nil
}

func (m *Mapper) preference(meta *metav1.ObjectMeta, spec *instancetypev1beta1.VirtualMachinePreferenceSpec) *domain.Preference {
	p := &domain.Preference{
		Cluster:     m.cluster,
		Namespace:   text(meta.Namespace),
		Name:        text(meta.Name),
		UID:         text(string(meta.UID)),
		Revision:    text(meta.ResourceVersion),
		Labels:      values(meta.Labels),
		Annotations: annotations(meta.Annotations),
	}
	if cpu := spec.CPU; cpu != nil && cpu.PreferredCPUTopology != nil {
		// The older words are preferCores and so on (up to instancetype v1beta1 of KubeVirt 1.2).
		p.CPUTopology = text(strings.ToLower(strings.TrimPrefix(string(*cpu.PreferredCPUTopology), "prefer")))
	}
	if spec.Machine != nil {
		p.MachineType = text(spec.Machine.PreferredMachineType)
	}
	if spec.PreferredArchitecture != nil {
		p.Architecture = text(*spec.PreferredArchitecture)
	}
	if d := spec.Devices; d != nil {
		p.DiskBus, p.InterfaceModel = text(string(d.PreferredDiskBus)), text(d.PreferredInterfaceModel)
	}
	if r := spec.Requirements; r != nil {
		if r.CPU != nil {
			p.MinVCPUs = int64(r.CPU.Guest)
		}
		if r.Memory != nil {
			p.MinMemoryBytes = max(r.Memory.Guest.Value(), 0)
		}
	}
	return p
}
