package nodesim

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

// collected are the resources whose owners are looked after. The collector of
// a real cluster finds them by discovery; these are the ones that KubeVirt and
// its users give an owner.
var collected = []schema.GroupVersionResource{
	{Version: "v1", Resource: "pods"},
	{Version: "v1", Resource: "persistentvolumeclaims"},
	{Version: "v1", Resource: "secrets"},
	{Version: "v1", Resource: "configmaps"},
	{Version: "v1", Resource: "services"},
	{Group: "apps", Version: "v1", Resource: "controllerrevisions"},
	{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"},
	{Group: "kubevirt.io", Version: "v1", Resource: "virtualmachines"},
	{Group: "kubevirt.io", Version: "v1", Resource: "virtualmachineinstances"},
	{Group: "kubevirt.io", Version: "v1", Resource: "virtualmachineinstancemigrations"},
	{Group: "kubevirt.io", Version: "v1", Resource: "virtualmachineinstancereplicasets"},
	{Group: "pool.kubevirt.io", Version: "v1beta1", Resource: "virtualmachinepools"},
	{Group: "snapshot.kubevirt.io", Version: "v1beta1", Resource: "virtualmachinesnapshots"},
	{Group: "snapshot.kubevirt.io", Version: "v1beta1", Resource: "virtualmachinesnapshotcontents"},
	{Group: "snapshot.kubevirt.io", Version: "v1beta1", Resource: "virtualmachinerestores"},
	{Group: "clone.kubevirt.io", Version: "v1beta1", Resource: "virtualmachineclones"},
	{Group: "export.kubevirt.io", Version: "v1", Resource: "virtualmachineexports"},
}

// dependents knows the metadata of all collected objects, and who owns whom.
type dependents struct {
	informers []cache.SharedIndexInformer
	resources []schema.GroupVersionResource // of the informer at the same place
}

const (
	byUID   = "uid"
	byOwner = "owner"
)

func newDependents(s *Simulator) (*dependents, error) {
	d := &dependents{}
	indexers := cache.Indexers{
		byUID: func(object any) ([]string, error) { return []string{string(uidOf(object))}, nil },
		byOwner: func(object any) ([]string, error) {
			var owners []string
			if object, ok := object.(metav1.Object); ok {
				for _, owner := range object.GetOwnerReferences() {
					owners = append(owners, string(owner.UID))
				}
			}
			return owners, nil
		},
	}
	for _, resource := range collected {
		informer := metadatainformer.NewFilteredMetadataInformer(s.meta, resource, metav1.NamespaceAll, 0, indexers, nil).Informer()
		// An object that comes or changes may be an orphan or wait for its
		// dependents; one that goes concerns its dependents and its owners.
		_, err := informer.AddEventHandler(onChange(func(object metav1.Object) {
			s.queue.Add(key{loop: loopGarbage, name: string(object.GetUID())})
			for _, owner := range object.GetOwnerReferences() {
				s.queue.Add(key{loop: loopGarbage, name: string(owner.UID)})
			}
			for _, dependent := range d.of(object.GetUID()) {
				s.queue.Add(key{loop: loopGarbage, name: string(dependent.UID)})
			}
		}))
		if err != nil {
			return nil, fmt.Errorf("listen to %s: %w", resource.Resource, err)
		}
		d.informers, d.resources = append(d.informers, informer), append(d.resources, resource)
	}
	return d, nil
}

func uidOf(object any) types.UID {
	if object, ok := object.(metav1.Object); ok {
		return object.GetUID()
	}
	return ""
}

// item is one collected object.
type item struct {
	*metav1.PartialObjectMetadata
	resource schema.GroupVersionResource
}

func (d *dependents) find(index, value string) []item {
	var found []item
	for n, informer := range d.informers {
		objects, err := informer.GetIndexer().ByIndex(index, value)
		if err != nil {
			continue
		}
		for _, object := range objects {
			if object, ok := object.(*metav1.PartialObjectMetadata); ok {
				found = append(found, item{object, d.resources[n]})
			}
		}
	}
	return found
}

// of are the objects that name the UID as an owner.
func (d *dependents) of(uid types.UID) []item { return d.find(byOwner, string(uid)) }

// object is the one with the UID.
func (d *dependents) object(uid string) (item, bool) {
	found := d.find(byUID, uid)
	if len(found) == 0 {
		return item{}, false
	}
	return found[0], true
}

// owns reports whether an object of the kind is one whose comings and goings are known.
func (d *dependents) resourceOf(owner metav1.OwnerReference) (schema.GroupVersionResource, bool) {
	group, err := schema.ParseGroupVersion(owner.APIVersion)
	if err != nil {
		return schema.GroupVersionResource{}, false
	}
	for _, resource := range d.resources {
		if resource.Group == group.Group && kindOf(resource.Resource) == owner.Kind {
			return resource, true
		}
	}
	return schema.GroupVersionResource{}, false
}

// kindOf is the kind of a collected resource.
func kindOf(resource string) string { return kinds[resource] }

var kinds = map[string]string{
	"pods": "Pod", "persistentvolumeclaims": "PersistentVolumeClaim", "secrets": "Secret", "configmaps": "ConfigMap",
	"services": "Service", "controllerrevisions": "ControllerRevision", "poddisruptionbudgets": "PodDisruptionBudget",
	"virtualmachines": "VirtualMachine", "virtualmachineinstances": "VirtualMachineInstance",
	"virtualmachineinstancemigrations":  "VirtualMachineInstanceMigration",
	"virtualmachineinstancereplicasets": "VirtualMachineInstanceReplicaSet",
	"virtualmachinepools":               "VirtualMachinePool", "virtualmachinesnapshots": "VirtualMachineSnapshot",
	"virtualmachinesnapshotcontents": "VirtualMachineSnapshotContent", "virtualmachinerestores": "VirtualMachineRestore",
	"virtualmachineclones": "VirtualMachineClone", "virtualmachineexports": "VirtualMachineExport",
}
