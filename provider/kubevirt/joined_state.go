package kubevirt

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// joinedState is where a cluster stands whose VMs and instances are followed: where the worse of the two does. Instances
// that may not be read do not count.
func joinedState(vms, instances watcher.State, unread bool, place string) watcher.State {
	if unread {
		vms.Revision = place
		return vms
	}
	worse := vms
	if severity(instances) > severity(vms) {
		worse = instances
	}
	worse.Synced = vms.Synced && instances.Synced
	worse.Epoch = vms.Epoch + instances.Epoch
	worse.Seen = earlier(vms.Seen, instances.Seen)
	worse.FreshUntil = earlier(vms.FreshUntil, instances.FreshUntil)
	worse.Revision = place
	return worse
}

// severities orders the phases by how little can be done about a cluster. One that is BLOCKED for a reason that holds for
// whoever asks it anything is worse than one out of reach, and nothing is worse than another cluster in its place.
var severities = map[domain.SyncState]int{
	domain.SyncLive: 0, domain.SyncRetrying: 1, domain.SyncBlocked: 2, domain.SyncRebuilding: 3, domain.SyncSyncing: 4,
	domain.SyncProbing: 5, domain.SyncOpen: 6, domain.SyncIdle: 8, domain.SyncStopped: 9,
}

const (
	blockedForAll  = 7
	anotherCluster = 10
)

func severity(s watcher.State) int {
	switch {
	case s.Phase == domain.SyncBlocked && s.Reason == domain.ReasonIdentityChanged:
		return anotherCluster
	case s.Phase == domain.SyncBlocked && s.Gate(time.Time{}) != nil:
		return blockedForAll
	}
	return severities[s.Phase]
}

// earlier is the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
