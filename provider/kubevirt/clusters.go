package kubevirt

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// ClusterOptions bound what one cluster may cost. The zero value is ready to use.
type ClusterOptions struct {
	// QPS and Burst bound the requests to the cluster's API server. Zero means 50 and 100; a negative QPS is no bound.
	QPS   float32
	Burst int
	// Timeout bounds every request but lists, ListTimeout one page of a list. Zero means 15 s and 30 s.
	Timeout     time.Duration
	ListTimeout time.Duration
	// MaxAnswer bounds the bytes of one answer, unpacked; a larger one is RESPONSE_TOO_LARGE. Zero means 256 MiB.
	MaxAnswer int64
}

// Clusters are the members of a fleet. It owns their connections: Close it when done.
// Clusters may be added and removed at any time, by any goroutine.
type Clusters struct {
	mu      sync.RWMutex
	members map[string]*cluster
	changed chan struct{} // closed when members change
	closed  bool
}

// NewClusters returns an empty fleet.
func NewClusters() *Clusters {
	return &Clusters{members: map[string]*cluster{}, changed: make(chan struct{})}
}

// Add registers a cluster under a name, which is a DNS-1123 label. The config is copied, and nothing is sent yet.
// A name that is taken is CLUSTER_ALREADY_EXISTS; a config that no client can be made of is INVALID_OPTION.
func (c *Clusters) Add(name string, config *rest.Config, opts ClusterOptions) error {
	if err := names.Check(names.Cluster("cluster", name)); err != nil {
		return err
	}
	member, err := newCluster(name, config, opts)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return domain.E(domain.CodeClosed, domain.Params{domain.ParamCluster: name}, nil)
	case c.members[name] != nil:
		return domain.E(domain.CodeClusterAlreadyExists, domain.Params{domain.ParamCluster: name}, nil)
	}
	c.members[name] = member
	c.notify()
	return nil
}

// notify wakes those who follow the members. The caller holds the lock.
func (c *Clusters) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// list returns the names of the members, and a channel that is closed when they are others.
func (c *Clusters) list() ([]string, <-chan struct{}) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Collect(maps.Keys(c.members)), c.changed
}

// Remove takes a cluster out, cancels its calls, which answer CLOSED, and waits for them or for ctx.
func (c *Clusters) Remove(ctx context.Context, name string) error {
	c.mu.Lock()
	member := c.members[name]
	delete(c.members, name)
	c.notify()
	c.mu.Unlock()
	if member == nil {
		return domain.E(domain.CodeClusterNotFound, domain.Params{domain.ParamCluster: name}, nil)
	}
	return member.close(ctx)
}

// Names returns the names of the clusters, sorted.
func (c *Clusters) Names() []string {
	names, _ := c.list()
	slices.Sort(names)
	return names
}

// Close removes all clusters and refuses new ones. It waits for the calls under way, which answer CLOSED, or for ctx.
func (c *Clusters) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	members := c.members
	c.members = map[string]*cluster{}
	c.notify()
	c.mu.Unlock()

	var errs []error
	for _, member := range members {
		errs = append(errs, member.close(ctx))
	}
	return errors.Join(errs...)
}

// get returns a member for one call; the caller must call its release.
func (c *Clusters) get(name string) (*cluster, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return nil, domain.E(domain.CodeClosed, domain.Params{domain.ParamCluster: name}, nil)
	}
	member := c.members[name]
	if member == nil {
		return nil, domain.E(domain.CodeClusterNotFound, domain.Params{domain.ParamCluster: name}, nil)
	}
	member.calls.Add(1) // under the lock, so that close, which follows a removal, waits for it
	return member, nil
}
