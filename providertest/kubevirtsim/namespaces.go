package kubevirtsim

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/rest"
)

var namespaces = schema.GroupResource{Resource: "namespaces"}

// namespaceFinalizer holds a namespace that is being deleted until it is empty. On a cluster it stands in spec.finalizers,
// which only namespaces have; so it is set there, too, and here as long as it is needed.
const namespaceFinalizer = string(corev1.FinalizerKubernetes)

// defaultNamespace is what the API server makes of a namespace (namespaceStrategy, kubernetes v1.34
// pkg/registry/core/namespace). Only its controller says that it is going.
func defaultNamespace(w *rest.Write) error {
	phase := string(corev1.NamespaceActive)
	if w.Old != nil && slices.Contains(w.Old.GetFinalizers(), namespaceFinalizer) || slices.Contains(w.Object.GetFinalizers(), namespaceFinalizer) {
		phase = string(corev1.NamespaceTerminating)
	}
	labels := w.Object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[corev1.LabelMetadataName] = w.Object.GetName()
	w.Object.SetLabels(labels)
	w.Object.Object["spec"] = map[string]any{"finalizers": []any{namespaceFinalizer}}
	w.Object.Object["status"] = map[string]any{"phase": phase}
	return nil
}

// holdNamespace keeps a namespace from going before its content: the deletion goes on with what this has written.
func (s *Server) holdNamespace(w *rest.Write) error {
	if w.DryRun || slices.Contains(w.Old.GetFinalizers(), namespaceFinalizer) {
		return nil
	}
	_, err := s.api.Update(background(), rest.Ref{Resource: namespaces, Name: w.Name}, "kube-controller-manager", "",
		func(u *unstructured.Unstructured) error {
			u.SetFinalizers(append(u.GetFinalizers(), namespaceFinalizer))
			return nil
		})
	return err
}

// namespaceWritten wakes the controller for a namespace that is to go.
func (s *Server) namespaceWritten(w *rest.Write) {
	if w.Object != nil && w.Object.GetDeletionTimestamp() != nil {
		s.controller.leaving.Store(true)
		s.controller.nudge()
	}
}

// emptyNamespaces deletes what is in the namespaces that are being deleted, as the namespace controller does, and lets
// the empty ones go. It is called whenever something has changed.
func (c *controller) emptyNamespaces() {
	if !c.leaving.Swap(false) {
		return
	}
	for o := range c.api.Table(namespaces).Now().Range("", "") {
		if o.DeletedAt.IsZero() {
			continue
		}
		if !c.emptyNamespace(o.Name) {
			c.leaving.Store(true)
			continue
		}
		_ = c.update(rest.Ref{Resource: namespaces, Name: o.Name}, "kube-controller-manager", "", func(u *unstructured.Unstructured) error {
			u.SetFinalizers(without(u.GetFinalizers(), namespaceFinalizer))
			return nil
		})
	}
}

// emptyNamespace deletes everything in a namespace, and answers whether nothing is left.
func (c *controller) emptyNamespace(name string) bool {
	empty := true
	for _, resource := range namespaced {
		prefix := name + "/"
		for o := range c.api.Table(resource).Now().Range(prefix, prefix) {
			if o.DeletedAt.IsZero() {
				_ = c.api.Delete(background(), rest.Ref{Resource: resource, Namespace: name, Name: o.Name}, nil)
			}
		}
		for range c.api.Table(resource).Now().Range(prefix, prefix) {
			empty = false
			break
		}
	}
	return empty
}

// namespaced are the resources that a namespace may hold.
var namespaced = []schema.GroupResource{
	machines, instances, migrations, {Group: "kubevirt.io", Resource: "kubevirts"},
	{Group: "instancetype.kubevirt.io", Resource: "virtualmachineinstancetypes"},
	{Group: "instancetype.kubevirt.io", Resource: "virtualmachinepreferences"},
}

// AddNamespace makes a namespace, as a client could.
func (s *Server) AddNamespace(name string) error {
	_, err := s.api.Create(context.Background(), rest.Ref{Resource: namespaces, Name: name}, "kubevirtsim", map[string]any{})
	return err
}
