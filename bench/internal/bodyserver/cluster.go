package bodyserver

import (
	"sync"
	"sync/atomic"
	"time"
)

// change is one event of the history.
type change struct {
	revision int64
	index    int32
	version  uint32
}

// history is what the watches of one resource of one cluster tell.
type history struct {
	changes  []change
	versions []uint32 // of each object
	latest   []int64  // revision of each object, zero when it was never changed
	pending  chan struct{}
}

// cluster is the state of one cluster. Its objects are never added or removed.
type cluster struct {
	site   *Site
	number int
	size   int

	mu        sync.Mutex
	revision  int64 // of the last write
	compacted int64 // what was before this is forgotten
	of        [len(resources)]history
	broken    chan struct{} // closed when connections are to break

	connections, connectionsPeak atomic.Int64
}

func newCluster(site *Site, number, size int) *cluster {
	c := &cluster{site: site, number: number, size: size, revision: firstChange, compacted: firstChange, broken: make(chan struct{})}
	for r := range c.of {
		c.of[r] = history{versions: make([]uint32, size), latest: make([]int64, size), pending: make(chan struct{})}
	}
	return c
}

// next is the revision of a write that happens now. The caller holds the lock.
func (c *cluster) next() int64 {
	c.revision = max(c.revision+1, firstChange+time.Since(c.site.began).Microseconds())
	return c.revision
}

// change makes an event of an object.
func (c *cluster) change(r Resource, index int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := &c.of[r]
	h.versions[index]++
	h.latest[index] = c.next()
	h.changes = append(h.changes, change{h.latest[index], int32(index), h.versions[index]})
	close(h.pending)
	h.pending = make(chan struct{})
}

// expire forgets the history, as a compaction does: every watch ends with 410, and no token goes on. No object changes.
func (c *cluster) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.compacted = c.next()
	for r := range c.of {
		h := &c.of[r]
		h.changes = nil
		close(h.pending)
		h.pending = make(chan struct{})
	}
}

// breakConnections ends what is open in the midst, as a restart of the server does.
func (c *cluster) breakConnections() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.broken)
	c.broken = make(chan struct{})
}

// after returns the changes after a revision, or that they are forgotten, and what to wait for when there are none.
func (c *cluster) after(r Resource, revision int64) (changes []change, expired bool, latest int64, pending <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := &c.of[r]
	if revision < c.compacted {
		return nil, true, c.revision, nil
	}
	at := len(h.changes)
	for at > 0 && h.changes[at-1].revision > revision { // a watch is behind by a few
		at--
	}
	return h.changes[at:], false, c.revision, h.pending
}

// sum adds up the revisions of all objects.
func (c *cluster) sum() (sum int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r := range c.of {
		for index := range c.size {
			sum += c.object(Resource(r), index).revision
		}
	}
	return sum
}

// at returns the state of an object now.
func (c *cluster) at(r Resource, index int) object {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.object(r, index)
}

// object is at, for who holds the lock.
func (c *cluster) object(r Resource, index int) object {
	o := object{cluster: c.number, index: index, version: c.of[r].versions[index], revision: c.of[r].latest[index]}
	if o.revision == 0 {
		o.revision = firstObject + int64(len(resources)*index+int(r))
	}
	return o
}

// place returns the revision that a list tells, and before which nothing is known any more.
func (c *cluster) place() (revision, compacted int64, broken <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.revision, c.compacted, c.broken
}
