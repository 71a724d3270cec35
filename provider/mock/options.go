package mock

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// defaultTimeout is that of provider/kubevirt.
const defaultTimeout = 15 * time.Second

// defaultHistory is a little of what a server keeps.
const defaultHistory = 1024

// DefaultCluster is the name of the one cluster of a Mock that was given none.
const DefaultCluster = "mock"

// Options configures a Provider. The zero value is one cluster named [DefaultCluster] on which everything goes well.
type Options struct {
	// Clusters names the clusters. Empty is [DefaultCluster] alone.
	Clusters []string
	// Namespaces are those that exist on every cluster; a create elsewhere is NAMESPACE_NOT_FOUND. Nil: all exist.
	Namespaces []string
	// Nodes is the number of nodes of each cluster. Zero is 3; on a cluster with one node a migration never ends.
	Nodes int
	// Timing says how long things take.
	Timing Timing
	// LabelPrefix is that of the identity labels. Empty is domain.DefaultLabelPrefix.
	LabelPrefix string
	// Installation is written as identity into every VM that brings none.
	Installation string
	// Timeout bounds every call. Only a fault that delays it takes any time: then it is VERB_TIMEOUT. Zero or less is 15 s,
	// as provider/kubevirt has it.
	Timeout time.Duration
	// History is how many changes of a cluster a stream can be resumed behind; further back is REVISION_EXPIRED. Zero or
	// less is 1024.
	History int
	// Seed goes into every generated id, and decides about faults of some probability: the same calls under the same seed
	// make the same ids and meet the same faults.
	Seed uint64
	// InstanceTypes and Preferences are those of the clusters: Cluster empty is all of them, Namespace empty the whole
	// cluster. UID and Revision are made up where they are empty. Both nil: a small standard set for the whole cluster.
	InstanceTypes []domain.InstanceType
	Preferences   []domain.Preference
}

// Timing says how long things take. A zero field is its default, a negative one no time at all.
type Timing struct {
	// Observe is how long the controller takes to notice a change. Default 10 ms.
	Observe time.Duration
	// Provision is how long the disks of a new VM take. Default none.
	Provision time.Duration
	// Schedule is how long it takes to find a node and start a pod there. Default 50 ms.
	Schedule time.Duration
	// Boot is how long an instance takes from there until it runs. Default 100 ms.
	Boot time.Duration
	// Agent is how long the guest agent takes to connect after that. Default 20 ms.
	Agent time.Duration
	// Shutdown is how long a guest takes that was asked to shut down. Default 100 ms.
	Shutdown time.Duration
	// Grace is after how long a guest that does not shut down is killed, a paused one for example. Default 30 s, as
	// KubeVirt has it.
	Grace time.Duration
	// Migrate is how long a live migration takes, from its request to its end. Default 200 ms.
	Migrate time.Duration
	// ImageRetry is when a second failure to pull an image makes it ImagePullBackOff. Default 10 s.
	ImageRetry time.Duration
}

func (t Timing) config(nodes int) *vmsim.Config { return vmsim.NewConfig(vmsim.Timing(t), nodes) }
