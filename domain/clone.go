package domain

import (
	"maps"
	"slices"
)

// Clone copies a VM with all that it points at: what is done to one is not seen in the other. The copy of nil is nil.
// A provider that keeps VMs returns copies, since what a read returns belongs to the caller.
func (vm *VM) Clone() *VM {
	if vm == nil {
		return nil
	}
	c := *vm
	c.Labels, c.Annotations, c.GuestLabels = maps.Clone(vm.Labels), maps.Clone(vm.Annotations), maps.Clone(vm.GuestLabels)
	c.NodeSelector = maps.Clone(vm.NodeSelector)
	c.InstanceType, c.Preference = cloneOf(vm.InstanceType), cloneOf(vm.Preference)
	c.Disks, c.Networks, c.Problems = slices.Clone(vm.Disks), slices.Clone(vm.Networks), slices.Clone(vm.Problems)
	c.Tolerations = slices.Clone(vm.Tolerations)
	for n := range c.Tolerations {
		c.Tolerations[n].Seconds = cloneOf(c.Tolerations[n].Seconds)
	}
	c.StartFailure, c.GuestOS, c.Migration = cloneOf(vm.StartFailure), cloneOf(vm.GuestOS), cloneOf(vm.Migration)
	c.Interfaces = slices.Clone(vm.Interfaces)
	for n := range c.Interfaces {
		c.Interfaces[n].IPs, c.Interfaces[n].Sources = slices.Clone(c.Interfaces[n].IPs), slices.Clone(c.Interfaces[n].Sources)
	}
	return &c
}

// cloneOf copies what a pointer points at, which points nowhere itself.
func cloneOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
