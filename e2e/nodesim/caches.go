package nodesim

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// caches holds what the loops look at, kept up to date by watches. Objects out
// of it are shared: copy before a change.
type caches struct {
	nodes, pods, claims, namespaces, machines, instances cache.SharedIndexInformer
	dependents                                           *dependents
}

// byInstance finds the pods of an instance: launchers by their owner, and
// attachment pods by the launcher's.
const byInstance = "instance"

func newCaches(s *Simulator) (*caches, error) {
	core := s.core.CoreV1().RESTClient()
	virt := s.virt.KubevirtV1().RESTClient()
	c := &caches{
		nodes:      newInformer(core, "nodes", &corev1.Node{}),
		pods:       newInformer(core, "pods", &corev1.Pod{}),
		claims:     newInformer(core, "persistentvolumeclaims", &corev1.PersistentVolumeClaim{}),
		namespaces: newInformer(core, "namespaces", &corev1.Namespace{}),
		machines:   newInformer(virt, "virtualmachines", &kubevirtv1.VirtualMachine{}),
		instances:  newInformer(virt, "virtualmachineinstances", &kubevirtv1.VirtualMachineInstance{}),
	}
	err := c.pods.AddIndexers(cache.Indexers{byInstance: func(object any) ([]string, error) {
		if pod, ok := object.(*corev1.Pod); ok {
			if name := instanceOf(pod); name != "" {
				return []string{pod.Namespace + "/" + name}, nil
			}
		}
		return nil, nil
	}})
	if err != nil {
		return nil, fmt.Errorf("index pods: %w", err)
	}
	if err := c.connect(s); err != nil {
		return nil, err
	}
	c.dependents, err = newDependents(s)
	return c, err
}

func newInformer(client cache.Getter, resource string, example runtime.Object) cache.SharedIndexInformer {
	source := cache.NewListWatchFromClient(client, resource, metav1.NamespaceAll, fields.Everything())
	return cache.NewSharedIndexInformer(source, example, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
}

// connect tells which loops look again when an object changes.
func (c *caches) connect(s *Simulator) error {
	always := func(loop string) func(metav1.Object) {
		return func(object metav1.Object) { s.queue.Add(key{loop, object.GetNamespace(), object.GetName()}) }
	}
	pod := func(object metav1.Object) {
		s.queue.Add(key{loopPod, object.GetNamespace(), object.GetName()})
		if pod, ok := object.(*corev1.Pod); ok {
			if name := instanceOf(pod); name != "" {
				s.queue.Add(key{loopInstance, pod.Namespace, name})
			}
		}
	}
	// A change of an instance, or of the knobs on its machine, concerns its pods too.
	instance := func(object metav1.Object) {
		s.queue.Add(key{loopInstance, object.GetNamespace(), object.GetName()})
		for _, pod := range c.podsOf(object.GetNamespace(), object.GetName()) {
			s.queue.Add(key{loopPod, pod.Namespace, pod.Name})
		}
	}
	for _, each := range []struct {
		informer cache.SharedIndexInformer
		notify   func(metav1.Object)
	}{
		{c.nodes, func(node metav1.Object) {
			always(loopNode)(node)
			c.wakePending(s)
		}},
		{c.pods, pod},
		{c.claims, always(loopClaim)},
		{c.namespaces, always(loopNamespace)},
		{c.machines, instance},
		{c.instances, instance},
	} {
		if _, err := each.informer.AddEventHandler(onChange(each.notify)); err != nil {
			return fmt.Errorf("listen to changes: %w", err)
		}
	}
	return nil
}

// onChange calls notify for every addition, change and removal.
func onChange(notify func(metav1.Object)) cache.ResourceEventHandler {
	call := func(object any) {
		if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = unknown.Obj
		}
		if object, ok := object.(metav1.Object); ok {
			notify(object)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    call,
		UpdateFunc: func(_, object any) { call(object) },
		DeleteFunc: call,
	}
}

// wakePending looks again at the pods that wait for a node.
func (c *caches) wakePending(s *Simulator) {
	for _, object := range c.pods.GetStore().List() {
		if pod, ok := object.(*corev1.Pod); ok && pod.Spec.NodeName == "" {
			s.queue.Add(key{loopPod, pod.Namespace, pod.Name})
		}
	}
}

func (c *caches) all() []cache.SharedIndexInformer {
	return append([]cache.SharedIndexInformer{c.nodes, c.pods, c.claims, c.namespaces, c.machines, c.instances}, c.dependents.informers...)
}

// run keeps the caches up to date until ctx ends.
func (c *caches) run(ctx context.Context) error {
	var group errgroup.Group
	for _, informer := range c.all() {
		group.Go(func() error {
			informer.RunWithContext(ctx)
			return nil
		})
	}
	return group.Wait()
}

// wait reports whether the caches are filled before ctx ends.
func (c *caches) wait(ctx context.Context) bool {
	var filled []cache.InformerSynced
	for _, informer := range c.all() {
		filled = append(filled, informer.HasSynced)
	}
	return cache.WaitForCacheSync(ctx.Done(), filled...)
}

func get[T any](informer cache.SharedIndexInformer, namespace, name string) *T {
	id := name
	if namespace != "" {
		id = namespace + "/" + name
	}
	object, found, err := informer.GetStore().GetByKey(id)
	if err != nil || !found {
		return nil
	}
	typed, _ := object.(*T)
	return typed
}

func (c *caches) instance(namespace, name string) *kubevirtv1.VirtualMachineInstance {
	return get[kubevirtv1.VirtualMachineInstance](c.instances, namespace, name)
}

func (c *caches) machine(namespace, name string) *kubevirtv1.VirtualMachine {
	return get[kubevirtv1.VirtualMachine](c.machines, namespace, name)
}

// podsOf are the launcher and attachment pods of an instance.
func (c *caches) podsOf(namespace, name string) []*corev1.Pod {
	objects, err := c.pods.GetIndexer().ByIndex(byInstance, namespace+"/"+name)
	if err != nil {
		return nil
	}
	pods := make([]*corev1.Pod, 0, len(objects))
	for _, object := range objects {
		if pod, ok := object.(*corev1.Pod); ok {
			pods = append(pods, pod)
		}
	}
	return pods
}
