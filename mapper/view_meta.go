package mapper

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func viewMeta(meta *metav1.ObjectMeta) objectView {
	v := objectView{
		namespace:  meta.Namespace,
		name:       meta.Name,
		uid:        string(meta.UID),
		revision:   meta.ResourceVersion,
		generation: meta.Generation,
		createdAt:  utc(meta.CreationTimestamp),
	}
	if meta.DeletionTimestamp != nil {
		v.deleting = true
		v.deletedAt = deletedAt(utc(*meta.DeletionTimestamp), meta.DeletionGracePeriodSeconds)
	}
	return v
}

// controllerOf is the UID of the owner that controls an object; an object has one at most. Empty when it has none.
func controllerOf(meta *metav1.ObjectMeta) types.UID {
	for n := range meta.OwnerReferences {
		if owner := &meta.OwnerReferences[n]; owner.Controller != nil && *owner.Controller {
			return owner.UID
		}
	}
	return ""
}

// deletedAt is when a delete was asked for: end, the deletionTimestamp, is when its grace period ends.
func deletedAt(end time.Time, grace *int64) time.Time {
	if grace != nil && !end.IsZero() {
		const longest = 365 * 24 * 3600 // beyond that a Duration may overflow
		end = end.Add(-time.Duration(min(max(*grace, 0), longest)) * time.Second)
	}
	return end
}

// utc takes a time out of its Kubernetes wrapper. Decoded times are in the zone of this process.
func utc(t metav1.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

func utcOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return utc(*t)
}
