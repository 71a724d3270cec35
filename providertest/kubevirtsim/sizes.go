package kubevirtsim

import (
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	kubevirtv1 "kubevirt.io/api/core/v1"
	"kubevirt.io/api/instancetype"
	instancetypev1 "kubevirt.io/api/instancetype/v1beta1"
)

// catalogue resources, by the kind that a VM names.
var catalogues = map[string]schema.GroupResource{
	instancetype.SingularResourceName:           {Group: instancetype.GroupName, Resource: instancetype.PluralResourceName},
	instancetype.ClusterSingularResourceName:    {Group: instancetype.GroupName, Resource: instancetype.ClusterPluralResourceName},
	instancetype.SingularPreferenceResourceName: {Group: instancetype.GroupName, Resource: instancetype.PluralPreferenceResourceName},
	instancetype.ClusterSingularPreferenceResourceName: {Group: instancetype.GroupName,
		Resource: instancetype.ClusterPluralPreferenceResourceName},
}

// catalogued finds what a VM names in a catalogue: its JSON, nil when there is none.
func (c *controller) catalogued(resource schema.GroupResource, namespace, name string) []byte {
	key := name
	if resource.Resource == instancetype.PluralResourceName || resource.Resource == instancetype.PluralPreferenceResourceName {
		key = namespace + "/" + name
	}
	if o := c.api.Table(resource).Get(key); o != nil {
		return o.JSON()
	}
	return nil
}

// size is what the VM's instance type gives its next instance; nil when it names none, or none that is there.
func (c *controller) size(vm *kubevirtv1.VirtualMachine) *instanceSize {
	if vm.Spec.Instancetype == nil {
		return nil
	}
	resource, ok := instancetypeResource(vm.Spec.Instancetype.Kind)
	if !ok {
		return nil
	}
	body := c.catalogued(resource, vm.Namespace, vm.Spec.Instancetype.Name)
	found := instancetypev1.VirtualMachineInstancetype{}
	if body == nil || json.Unmarshal(body, &found) != nil {
		return nil
	}
	return &instanceSize{vcpus: found.Spec.CPU.Guest, memory: found.Spec.Memory.Guest}
}

// instancetypeResource reads the kind of an instance type, which is the cluster's where a VM says nothing.
func instancetypeResource(kind string) (schema.GroupResource, bool) {
	if kind == "" {
		kind = instancetype.ClusterSingularResourceName
	}
	resource, ok := catalogues[strings.ToLower(kind)]
	return resource, ok
}

func preferenceResource(kind string) (schema.GroupResource, bool) {
	if kind == "" {
		kind = instancetype.ClusterSingularPreferenceResourceName
	}
	resource, ok := catalogues[strings.ToLower(kind)]
	return resource, ok
}
