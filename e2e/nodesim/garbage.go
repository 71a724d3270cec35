package nodesim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/metadata"
)

// garbage does what the garbage collector does for the object with the UID:
// it deletes it when all its owners are gone, and, when the object is being
// deleted with a propagation policy, does to its dependents what that says.
func (s *Simulator) garbage(ctx context.Context, uid string) (time.Duration, error) {
	object, found := s.cache.dependents.object(uid)
	if !found {
		return 0, nil
	}
	if object.DeletionTimestamp == nil {
		return 0, s.collect(ctx, object)
	}
	switch {
	case slices.Contains(object.Finalizers, metav1.FinalizerOrphanDependents):
		return 0, s.orphan(ctx, object)
	case slices.Contains(object.Finalizers, metav1.FinalizerDeleteDependents):
		return 0, s.foreground(ctx, object)
	}
	return 0, nil
}

// collect deletes an object that has owners, none of which is there any more.
func (s *Simulator) collect(ctx context.Context, object item) error {
	if len(object.OwnerReferences) == 0 {
		return nil
	}
	for _, owner := range object.OwnerReferences {
		if there, err := s.exists(ctx, object.Namespace, owner); err != nil || there {
			return err
		}
	}
	s.logger.Debug("collecting", "resource", object.resource.Resource, "namespace", object.Namespace, "name", object.Name)
	return s.remove(ctx, object, metav1.DeletePropagationBackground)
}

// exists asks the server when the caches do not know the owner: a dependent
// may be seen before its owner is.
func (s *Simulator) exists(ctx context.Context, namespace string, owner metav1.OwnerReference) (bool, error) {
	if _, found := s.cache.dependents.object(string(owner.UID)); found {
		return true, nil
	}
	resource, known := s.cache.dependents.resourceOf(owner)
	if !known {
		return true, nil // of another kind, not ours to judge
	}
	live, err := s.meta.Resource(resource).Namespace(namespace).Get(ctx, owner.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for owner %s %s/%s: %w", owner.Kind, namespace, owner.Name, err)
	}
	return live.UID == owner.UID, nil
}

// foreground deletes the dependents, and lets the object go when those that
// block it are gone.
func (s *Simulator) foreground(ctx context.Context, object item) error {
	blocked := false
	for _, dependent := range s.cache.dependents.of(object.UID) {
		if blocks(dependent, object.UID) {
			blocked = true
		}
		if dependent.DeletionTimestamp != nil || len(dependent.OwnerReferences) > 1 {
			continue
		}
		if err := s.remove(ctx, dependent, metav1.DeletePropagationForeground); err != nil {
			return err
		}
	}
	if blocked {
		return nil // the end of each dependent brings another look
	}
	return s.dropFinalizer(ctx, object, metav1.FinalizerDeleteDependents)
}

func blocks(dependent item, uid types.UID) bool {
	for _, owner := range dependent.OwnerReferences {
		if owner.UID == uid && owner.BlockOwnerDeletion != nil && *owner.BlockOwnerDeletion {
			return true
		}
	}
	return false
}

// orphan takes the reference to the object out of its dependents.
func (s *Simulator) orphan(ctx context.Context, object item) error {
	for _, dependent := range s.cache.dependents.of(object.UID) {
		kept := slices.DeleteFunc(slices.Clone(dependent.OwnerReferences), func(owner metav1.OwnerReference) bool {
			return owner.UID == object.UID
		})
		if err := s.patchMetadata(ctx, dependent, "ownerReferences", kept); err != nil {
			return err
		}
	}
	return s.dropFinalizer(ctx, object, metav1.FinalizerOrphanDependents)
}

func (s *Simulator) dropFinalizer(ctx context.Context, object item, name string) error {
	kept := slices.DeleteFunc(slices.Clone(object.Finalizers), func(finalizer string) bool { return finalizer == name })
	return s.patchMetadata(ctx, object, "finalizers", kept)
}

// patchMetadata replaces one list, but only in the version that was looked at.
func (s *Simulator) patchMetadata(ctx context.Context, object item, field string, value any) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		field: value, "uid": object.UID, "resourceVersion": object.ResourceVersion,
	}})
	if err != nil {
		return fmt.Errorf("encode a patch: %w", err)
	}
	_, err = s.client(object).Patch(ctx, object.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("patch %s of %s %s/%s: %w", field, object.resource.Resource, object.Namespace, object.Name, err)
	}
	return nil
}

func (s *Simulator) remove(ctx context.Context, object item, policy metav1.DeletionPropagation) error {
	err := s.client(object).Delete(ctx, object.Name, metav1.DeleteOptions{
		PropagationPolicy: &policy, Preconditions: &metav1.Preconditions{UID: &object.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete %s %s/%s: %w", object.resource.Resource, object.Namespace, object.Name, err)
	}
	return nil
}

func (s *Simulator) client(object item) metadata.ResourceInterface {
	return s.meta.Resource(object.resource).Namespace(object.Namespace)
}
