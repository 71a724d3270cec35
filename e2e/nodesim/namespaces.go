package nodesim

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// emptyingPause is how long a namespace that still has something in it is left
// alone: finalizers and guests need their time. It grows while a namespace
// waits for something that is broken, since each look lists every resource.
func emptyingPause(namespace *corev1.Namespace) time.Duration {
	waited := time.Since(namespace.DeletionTimestamp.Time)
	return min(max(150*time.Millisecond, waited/8), 3*time.Second)
}

// listAll is how long each look at a deleted namespace lists all that it has. To list some eighty resources over and over
// is a good part of an API server's work when many namespaces go at once.
const listAll = time.Second

// namespace furnishes a new namespace. It empties a deleted one, and lets it
// go when it is empty.
func (s *Simulator) namespace(ctx context.Context, name string) (time.Duration, error) {
	namespace := get[corev1.Namespace](s.cache.namespaces, "", name)
	switch {
	case namespace == nil:
		return 0, nil
	case namespace.DeletionTimestamp == nil:
		return 0, s.furnish(ctx, name)
	case len(namespace.Spec.Finalizers) == 0:
		return 0, nil
	}
	resources, err := s.deletable()
	if err != nil {
		return 0, err
	}
	left := 0
	for _, resource := range resources {
		count, err := s.clear(ctx, resource, name)
		if err != nil {
			return 0, err
		}
		left += count
		if left > 0 && time.Since(namespace.DeletionTimestamp.Time) > listAll {
			break // everything was asked to go; what is known to be left is reason enough to wait
		}
	}
	if left > 0 {
		return emptyingPause(namespace), nil
	}
	changed := namespace.DeepCopy()
	changed.Spec.Finalizers = slices.DeleteFunc(changed.Spec.Finalizers, func(finalizer corev1.FinalizerName) bool {
		return finalizer == corev1.FinalizerKubernetes
	})
	if _, err := s.core.CoreV1().Namespaces().Finalize(ctx, changed, metav1.UpdateOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return 0, fmt.Errorf("let namespace %s go: %w", name, err)
	}
	return 0, nil
}

// furnish makes what the API server's admission wants to find in a namespace
// before it lets a pod in, and what the token volume it adds to the pod refers
// to. virt-controller counts that volume when it attaches another one.
func (s *Simulator) furnish(ctx context.Context, namespace string) error {
	_, err := s.core.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{
		ObjectMeta: metav1.ObjectMeta{Name: "default"},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("create the service account of namespace %s: %w", namespace, err)
	}
	_, err = s.core.CoreV1().ConfigMaps(namespace).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "kube-root-ca.crt"},
		Data:       map[string]string{"ca.crt": string(s.opts.Config.CAData)},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("publish the authority in namespace %s: %w", namespace, err)
	}
	return nil
}

// deletable are the namespaced resources that can be listed and deleted. A
// group whose server is away is left out, as it is by the real controller.
func (s *Simulator) deletable() ([]schema.GroupVersionResource, error) {
	lists, err := discovery.ServerPreferredNamespacedResources(s.discover)
	if err != nil && len(lists) == 0 {
		return nil, fmt.Errorf("discover resources: %w", err)
	}
	usable := discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "deletecollection"}}, lists)
	byName, err := discovery.GroupVersionResources(usable)
	if err != nil {
		return nil, fmt.Errorf("discover resources: %w", err)
	}
	resources := make([]schema.GroupVersionResource, 0, len(byName))
	for resource := range byName {
		resources = append(resources, resource)
	}
	return resources, nil
}

// clear deletes what a namespace has of a resource, and counts it.
func (s *Simulator) clear(ctx context.Context, resource schema.GroupVersionResource, namespace string) (int, error) {
	client := s.meta.Resource(resource).Namespace(namespace)
	list, err := client.List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("list %s of namespace %s: %w", resource.Resource, namespace, err)
	}
	fresh := slices.ContainsFunc(list.Items, func(object metav1.PartialObjectMetadata) bool {
		return object.DeletionTimestamp == nil
	})
	if fresh {
		background := metav1.DeletePropagationBackground
		err := client.DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return 0, fmt.Errorf("clear %s of namespace %s: %w", resource.Resource, namespace, err)
		}
	}
	return len(list.Items), nil
}
