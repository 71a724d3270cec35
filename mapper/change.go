package mapper

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/jsontree"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
)

// ChangeVM lays a change over the body of an apply. live is the VM as the server has it, and body what the applier owns
// of it (both unstructured); live is not changed.
//
// KubeVirt's lists of disks, volumes, networks, interfaces and DataVolume templates have one owner each: whoever
// applies one, applies all of it (no list type in the CRDs of KubeVirt 1.0 to 1.9). So a list that the change touches
// is the live one, foreign elements included, with the change's elements set or removed by name.
//
// A bad change is INVALID_SPEC with its fields. Removing a disk or network that the VM does not have is no error.
func (m *Mapper) ChangeVM(body, live map[string]any, name string, change domain.VMChange) error {
	opts := vmspec.Options{LabelPrefix: m.prefix}
	errs := vmspec.ValidateChange(opts, name, change)
	if change.InstanceType == nil && (change.CPU != nil || change.MemoryBytes != nil) && jsontree.At(live, "spec", "instancetype") != nil {
		const detail = "with the VM's instance type"
		if change.CPU != nil {
			errs = append(errs, domain.FieldError{Field: "cpu", Reason: domain.FieldContradicts, Detail: detail})
		}
		if change.MemoryBytes != nil {
			errs = append(errs, domain.FieldError{Field: "memoryBytes", Reason: domain.FieldContradicts, Detail: detail})
		}
	}
	if err := domain.Invalid(errs...); err != nil {
		return err
	}
	editAll(body, change.Labels, "metadata", "labels")
	editAll(body, change.Annotations, "metadata", "annotations")
	editAll(body, change.GuestLabels, "spec", "template", "metadata", "labels")
	editAll(body, change.NodeSelector, "spec", "template", "spec", "nodeSelector")
	if change.Tolerations != nil {
		guest := jsontree.Make(body, "spec", "template", "spec")
		delete(guest, "tolerations")
		guest["tolerations"] = []any{} // said to be empty: left out, another owner's would stay
		buildTolerations(guest, change.Tolerations)
	}
	changeCompute(body, change)
	changeDisks(body, live, name, change)
	changeNetworks(body, live, change)
	return nil
}

// editAll sets and removes single keys of a map of strings.
func editAll(body object, edits map[string]*string, path ...string) {
	if len(edits) == 0 {
		return
	}
	last := len(path) - 1
	parent, key := jsontree.Make(body, path[:last]...), path[last]
	target := jsontree.Make(parent, key)
	for k, v := range edits {
		if v == nil {
			delete(target, k)
			continue
		}
		target[k] = *v
	}
	if len(target) == 0 {
		delete(parent, key)
	}
}

// changeCompute replaces CPU, memory or instance type. An instance type gives CPU and memory, so that what we set of
// them goes: the server refuses both together.
func changeCompute(body object, change domain.VMChange) {
	var spec domain.VMSpec
	if it := change.InstanceType; it != nil {
		jsontree.Make(body, "spec")["instancetype"] = matcherBody(it, "VirtualMachineInstancetype", "VirtualMachineClusterInstancetype")
		removeCPU(body)
		prune(body, under(domainPath, "memory")...)
		prune(body, under(domainPath, "resources", "requests", "memory")...)
	}
	if change.CPU != nil {
		removeCPU(body)
		spec.CPU = *change.CPU
	}
	if change.MemoryBytes != nil {
		spec.MemoryBytes = *change.MemoryBytes
	}
	if change.CPU != nil || change.MemoryBytes != nil {
		buildCompute(jsontree.Make(body, domainPath...), &spec)
	}
}

// removeCPU takes a topology and its promise out of the body, and leaves the model and features of the CPU.
func removeCPU(body object) {
	for _, key := range []string{"sockets", "cores", "threads"} {
		prune(body, under(domainPath, "cpu", key)...)
	}
	prune(body, under(domainPath, "resources", "requests", "cpu")...)
}

// prune deletes a field and the objects that it leaves empty, up to the domain.
func prune(body object, path ...string) {
	for last := len(path) - 1; last >= len(domainPath); last-- {
		parent, ok := jsontree.At(body, path[:last]...).(object)
		if !ok {
			continue
		}
		delete(parent, path[last])
		if len(parent) > 0 {
			return
		}
	}
}

// under joins paths without writing into the first.
func under(path []string, more ...string) []string {
	return append(path[:len(path):len(path)], more...)
}

var domainPath = []string{"spec", "template", "spec", "domain"}

// The lists of a VM whose elements the change edits, by their paths.
var (
	volumesPath    = []string{"spec", "template", "spec", "volumes"}
	disksPath      = []string{"spec", "template", "spec", "domain", "devices", "disks"}
	templatesPath  = []string{"spec", "dataVolumeTemplates"}
	networksPath   = []string{"spec", "template", "spec", "networks"}
	interfacesPath = []string{"spec", "template", "spec", "domain", "devices", "interfaces"}
)

func changeDisks(body, live object, vmName string, change domain.VMChange) {
	if len(change.SetDisks) == 0 && len(change.RemoveDisks) == 0 {
		return
	}
	replaced := change.RemoveDisks[:len(change.RemoveDisks):len(change.RemoveDisks)]
	for _, disk := range change.SetDisks {
		replaced = append(replaced, disk.Name)
	}
	takeList(body, live, volumesPath, change.RemoveDisks)
	takeList(body, live, disksPath, change.RemoveDisks)
	takeList(body, live, templatesPath, claimsOf(live, replaced))

	namespace, _ := jsontree.At(live, "metadata", "namespace").(string)
	spec := vmspec.Complete(domain.VMSpec{Name: vmName, Disks: change.SetDisks})
	buildDisks(jsontree.Make(body, "spec"), jsontree.Make(body, "spec", "template", "spec"), namespace, &spec)
}

// claimsOf returns the claims of volumes that go or are replaced: the template that made a claim goes with its volume.
func claimsOf(live object, volumes []string) []string {
	var claims []string
	list, _ := jsontree.At(live, volumesPath...).([]any)
	for _, element := range list {
		volume, _ := element.(object)
		if name, _ := volume["name"].(string); !slices.Contains(volumes, name) {
			continue
		}
		if claim, ok := jsontree.At(volume, "dataVolume", "name").(string); ok {
			claims = append(claims, claim)
		}
	}
	return claims
}

func changeNetworks(body, live object, change domain.VMChange) {
	if len(change.SetNetworks) == 0 && len(change.RemoveNetworks) == 0 {
		return
	}
	takeList(body, live, networksPath, change.RemoveNetworks)
	takeList(body, live, interfacesPath, change.RemoveNetworks)
	if len(change.SetNetworks) > 0 {
		spec := vmspec.Complete(domain.VMSpec{Networks: change.SetNetworks})
		buildNetworks(jsontree.Make(body, "spec", "template", "spec"), spec.Networks)
	}
}

// takeList puts the live list under the path of the body, without the named elements. A list that becomes empty is
// said to be empty: left out, it would stay if another manager owns it too.
func takeList(body, live object, path, without []string) {
	parent, key := jsontree.Make(body, path[:len(path)-1]...), path[len(path)-1]
	list, ok := jsontree.At(live, path...).([]any)
	if !ok {
		return
	}
	kept := make([]any, 0, len(list))
	for _, element := range list {
		if o, ok := element.(object); !ok || !slices.Contains(without, jsontree.ElementName(o)) {
			kept = append(kept, jsontree.Clone(element))
		}
	}
	parent[key] = kept
}
