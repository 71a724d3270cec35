package kubevirtsim

import (
	"encoding/json"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// vmFinalizer keeps a VM until its instance is gone; virt-controller sets it at its first look.
const vmFinalizer = "kubevirt.io/virtualMachineControllerFinalize"

// show writes what the machine has come to: the instance first, then the VM, whose status lags on a cluster as well.
func (c *controller) show(g *guest, vm *kubevirtv1.VirtualMachine) {
	read := vm.Status.DeepCopy()
	instance := c.showInstance(g, vm)
	c.showMigration(g)
	if g.machine.Gone() {
		c.release(g, vm)
		return
	}
	c.showSpec(g, vm)
	c.serveVolumeRequests(g, vm)
	c.showStatus(g, vm, instance, read)
}

// release lets a VM go whose delete has ended.
func (c *controller) release(g *guest, vm *kubevirtv1.VirtualMachine) {
	c.sweep(g.key, "")
	c.finalize(g.ref(vm), vmFinalizer)
	c.drop(g)
}

// showSpec writes what the controller changes of the VM itself: its finalizer, and the run strategy of one that was
// asked to start paused, or that has received its guest.
func (c *controller) showSpec(g *guest, vm *kubevirtv1.VirtualMachine) {
	m := g.machine
	finalized := slices.Contains(vm.Finalizers, vmFinalizer)
	if !m.Signals().Observed || finalized && strategyOf(vm) == m.Strategy() {
		return
	}
	changed := c.updateVM(g, vm, "", func(u *unstructured.Unstructured) error {
		if !slices.Contains(u.GetFinalizers(), vmFinalizer) && u.GetDeletionTimestamp() == nil {
			u.SetFinalizers(append(u.GetFinalizers(), vmFinalizer))
			u.SetAnnotations(observedBy(u.GetAnnotations()))
		}
		if strategyOf(vm) == m.Strategy() {
			return nil
		}
		if vm.Spec.RunStrategy == nil && vm.Spec.Running != nil { // each VM keeps the field that it has
			return unstructured.SetNestedField(u.Object, m.Strategy() != domain.RunStrategyHalted, "spec", "running")
		}
		return unstructured.SetNestedField(u.Object, string(m.Strategy()), "spec", "runStrategy")
	})
	if changed != nil {
		g.generation, vm.Generation = changed.GetGeneration(), changed.GetGeneration()
	}
}

// observedBy adds the annotations by which virt-controller says in which versions of the API it has seen an object.
func observedBy(annotations map[string]string) map[string]string {
	seen := maps.Clone(annotations)
	if seen == nil {
		seen = map[string]string{}
	}
	seen[kubevirtv1.ControllerAPILatestVersionObservedAnnotation] = kubevirtv1.ApiLatestVersion
	seen[kubevirtv1.ControllerAPIStorageVersionObservedAnnotation] = kubevirtv1.ApiStorageVersion
	return seen
}

// showStatus writes the VM's status, unless virt-api has left a request there since it was read: it would be lost. The next
// look, which follows at once, knows of it.
func (c *controller) showStatus(g *guest, vm *kubevirtv1.VirtualMachine, instance *kubevirtv1.VirtualMachineInstance, read *kubevirtv1.VirtualMachineStatus) {
	facts := vmFacts{
		generation: vm.Generation, booted: g.booted, instanceUID: g.instanceUID, failedUID: g.failedUID,
		restartRequired: g.restartRequired, failure: g.failure, instanceType: g.instanceType, preference: g.preference,
	}
	if instance != nil {
		for _, cond := range instance.Status.Conditions {
			facts.instanceConditions = append(facts.instanceConditions,
				condition{string(cond.Type), string(cond.Status), cond.Reason, cond.Message})
		}
	}
	status := vm.Status.DeepCopy()
	showVM(status, g.machine, facts)
	if g.machine.Signals().Observed {
		status.VolumeSnapshotStatuses = snapshotStatuses(vm)
	}
	if equality.Semantic.DeepEqual(status, read) {
		return
	}
	_ = c.updateVM(g, vm, "status", func(u *unstructured.Unstructured) error {
		present := &kubevirtv1.VirtualMachineStatus{}
		if part, ok := u.Object["status"].(map[string]any); ok {
			if err := into(&unstructured.Unstructured{Object: part}, present); err != nil {
				return err
			}
		}
		if !sameRequests(present, read) {
			return errRequested
		}
		return setPart(u, "status", status)
	})
}

// showInstance writes the instance's object, and returns it; nil when there is none.
func (c *controller) showInstance(g *guest, vm *kubevirtv1.VirtualMachine) *kubevirtv1.VirtualMachineInstance {
	i := g.machine.Instance()
	if i.Serial != g.instance {
		if g.instance != 0 {
			g.failedUID = g.instanceUID // told while starts fail
			c.sweep(g.key, "")
		}
		g.instance, g.instanceUID, g.template, g.restartRequired = 0, "", nil, ""
		if i.Serial != 0 && !c.boot(g, vm) {
			return nil
		}
	}
	if g.instance == 0 {
		return nil
	}
	ref := rest.Ref{Resource: instances, Namespace: vm.Namespace, Name: vm.Name}
	if o := c.api.Table(instances).Get(g.key); i.Deleting && o != nil && o.DeletedAt.IsZero() {
		_ = c.api.Delete(background(), ref, nil)
	}
	g.follow(vm)
	var after guest
	change := func(instance *kubevirtv1.VirtualMachineInstance) {
		after = *g
		after.template = g.template.DeepCopy()
		c.applyLive(&after, vm, instance)
		setAnnotation(&instance.ObjectMeta, kubevirtv1.VirtualMachineGenerationAnnotation, strconv.FormatInt(g.booted, 10))
		showInstance(instance, g.machine, g.migrationUID)
	}
	shown, err := c.changeInstance(ref, change)
	if err != nil {
		return nil
	}
	g.template, g.restartRequired = after.template, after.restartRequired
	return shown
}

// changeInstance writes an instance unless the change changes nothing. It may be called several times.
func (c *controller) changeInstance(ref rest.Ref, change func(*kubevirtv1.VirtualMachineInstance)) (*kubevirtv1.VirtualMachineInstance, error) {
	before := &kubevirtv1.VirtualMachineInstance{}
	if o := c.api.Table(instances).Get(store.Key(ref.Namespace, ref.Name)); o != nil && json.Unmarshal(o.JSON(), before) == nil {
		instance := before.DeepCopy()
		if change(instance); equality.Semantic.DeepEqual(before, instance) {
			return instance, nil
		}
	}
	var instance *kubevirtv1.VirtualMachineInstance
	err := c.update(ref, managerController, "", func(u *unstructured.Unstructured) error {
		instance = &kubevirtv1.VirtualMachineInstance{}
		if err := into(u, instance); err != nil {
			return err
		}
		change(instance)
		return from(u, instance)
	})
	return instance, err
}

// boot makes the object of a new instance. It answers false when that is not possible: another's is in the way.
func (c *controller) boot(g *guest, vm *kubevirtv1.VirtualMachine) bool {
	instance := bootInstance(vm, "", c.size(vm), at(g.machine.Now()))
	object := map[string]any{}
	if encoded, err := json.Marshal(instance); err != nil || json.Unmarshal(encoded, &object) != nil {
		return false
	}
	ref := rest.Ref{Resource: instances, Namespace: vm.Namespace, Name: vm.Name}
	made, err := c.api.Create(background(), ref, managerController, object)
	if err != nil {
		return false
	}
	g.instance, g.instanceUID, g.booted = g.machine.Instance().Serial, made.GetUID(), vm.Generation
	g.template, g.origin = vm.Spec.Template.Spec.DeepCopy(), hashOf(vm.Spec.Template)
	return true
}

// follow has an instance follow the generation of its VM as long as the template is the one that it was made of
// (conditionallyBumpGenerationAnnotationOnVmi of pkg/virt-controller/watch/vm/vm.go).
func (g *guest) follow(vm *kubevirtv1.VirtualMachine) {
	if g.instance != 0 && g.booted != vm.Generation && vm.DeletionTimestamp == nil && g.origin == hashOf(vm.Spec.Template) {
		g.booted = vm.Generation
	}
}

func hashOf(template *kubevirtv1.VirtualMachineInstanceTemplateSpec) uint64 {
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(template) // a hash takes everything, and a template always marshals
	return h.Sum64()
}

// sweep takes away the instance of a VM that is not there any more; keep is the uid of the one that is. An instance
// without a VM goes when somebody deletes it.
func (c *controller) sweep(key string, keep types.UID) {
	o := c.api.Table(instances).Get(key)
	if o == nil {
		return
	}
	instance := &kubevirtv1.VirtualMachineInstance{}
	if err := json.Unmarshal(o.JSON(), instance); err != nil {
		return
	}
	ref := rest.Ref{Resource: instances, Namespace: instance.Namespace, Name: instance.Name}
	switch owner := metav1.GetControllerOf(instance); {
	case owner == nil || owner.Kind != "VirtualMachine": // it belongs to somebody else
		if !o.DeletedAt.IsZero() && len(instance.Finalizers) > 0 {
			c.finalize(ref, kubevirtv1.VirtualMachineInstanceFinalizer)
		}
	case owner.UID != keep:
		c.finalize(ref, "")
		_ = c.api.Delete(background(), ref, &metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
	}
}

// finalize takes a finalizer away, or all of them.
func (c *controller) finalize(ref rest.Ref, finalizer string) {
	_ = c.update(ref, managerController, "", func(u *unstructured.Unstructured) error {
		if finalizer == "" {
			u.SetFinalizers(nil)
			return nil
		}
		u.SetFinalizers(without(u.GetFinalizers(), finalizer))
		return nil
	})
}

// update writes past HTTP. An object that is gone meanwhile needs no writing.
func (c *controller) update(ref rest.Ref, manager, subresource string, change func(*unstructured.Unstructured) error) error {
	_, err := c.api.Update(background(), ref, manager, subresource, change)
	return err
}

// updateVM writes a VM, and takes note of what was written; nil when that was nothing.
func (c *controller) updateVM(g *guest, vm *kubevirtv1.VirtualMachine, subresource string, change func(*unstructured.Unstructured) error) *unstructured.Unstructured {
	u, err := c.api.Update(background(), g.ref(vm), managerController, subresource, change)
	if err != nil {
		return nil
	}
	g.wrote = u.GetResourceVersion()
	return u
}

// setPart replaces one part of an object by a typed value.
func setPart(u *unstructured.Unstructured, part string, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	object := map[string]any{}
	if err := utiljson.Unmarshal(encoded, &object); err != nil {
		return err
	}
	if len(object) == 0 {
		delete(u.Object, part)
		return nil
	}
	u.Object[part] = object
	return nil
}

// into and from translate between an object and its type.
func into(u *unstructured.Unstructured, target any) error {
	encoded, err := json.Marshal(u.Object)
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, target)
}

func from(u *unstructured.Unstructured, source any) error {
	encoded, err := json.Marshal(source)
	if err != nil {
		return err
	}
	object := map[string]any{}
	if err := utiljson.Unmarshal(encoded, &object); err != nil {
		return err
	}
	u.Object = object
	return nil
}

func without(list []string, drop string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == drop })
}
