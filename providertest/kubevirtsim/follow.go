package kubevirtsim

import (
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim/internal/store"
)

// The resources that the controller works on.
var (
	machines   = schema.GroupResource{Group: "kubevirt.io", Resource: "virtualmachines"}
	instances  = schema.GroupResource{Group: "kubevirt.io", Resource: "virtualmachineinstances"}
	migrations = schema.GroupResource{Group: "kubevirt.io", Resource: "virtualmachineinstancemigrations"}
)

// run is the controller's one goroutine: it looks at every VM that has changed, or for which a time has come, until the
// server closes. Whoever changes the objects, clients or itself, it learns of it from the store's log, in order.
func (c *controller) run() {
	defer close(c.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if c.rewound.Swap(false) {
			for _, f := range c.followed {
				f.watch = nil
			}
		}
		var more []<-chan struct{}
		busy := false
		for _, f := range c.followed {
			keys, wake := f.pull(c)
			busy = busy || len(keys) > 0
			c.lookAt(keys)
			more = append(more, wake)
		}
		c.emptyNamespaces()
		next := c.lookAtDue(time.Now())
		if busy {
			continue
		}
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
		select {
		case <-more[0]:
		case <-more[1]:
		case <-more[2]:
		case <-timer.C:
		case <-c.wake:
		case <-c.closing:
			return
		}
	}
}

// followed is the controller's place in the log of one resource.
type followed struct {
	table *store.Table
	// keyOf says which VM an object is about.
	keyOf func(*store.Object) string
	// echo says that the controller hears its own writes, which it need not look at.
	echo  bool
	watch *store.Watch
}

// pull returns the VMs that have changed, and what to wait for when none has. A log that does not reach back any more,
// or that was taken back, is no trouble: then all are looked at.
func (f *followed) pull(c *controller) (keys []string, more <-chan struct{}) {
	if f.watch == nil {
		snapshot := f.table.Now()
		watch, err := f.table.Watch(snapshot.Revision, nil)
		if err != nil {
			return nil, closedChannel // the log has moved on meanwhile: once more
		}
		f.watch = watch
		for o := range snapshot.Range("", "") {
			keys = append(keys, f.keyOf(o))
		}
		keys = append(keys, c.known()...)
		slices.Sort(keys)
		return slices.Compact(keys), closedChannel // most are in both
	}
	const enough = 256
	events, _, more, err := f.watch.Pull(enough)
	if err != nil {
		f.watch = nil // the next pull returns all
		return nil, closedChannel
	}
	for _, e := range events {
		if f.echo && c.isEcho(e.Object) {
			continue
		}
		if key := f.keyOf(e.Object); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if more == nil {
		more = closedChannel
	}
	return keys, more
}

// isEcho says that the controller has written a VM so itself, which is at rest: then there is nothing to do about it. One
// that is not may have more to be done.
func (c *controller) isEcho(o *store.Object) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.guests[o.Key]
	return g != nil && g.wrote == strconv.FormatUint(o.Revision, 10) && string(g.uid) == o.UID &&
		g.instance == 0 && g.machine.Instance().Serial == 0 && len(g.machine.Requests()) == 0 && !g.machine.Situation().Deleting
}

// closedChannel is for who need not wait.
var closedChannel = func() chan struct{} {
	closed := make(chan struct{})
	close(closed)
	return closed
}()

// ownKey is for objects that have the VM's name.
func ownKey(o *store.Object) string { return o.Key }

// targetKey is for migrations, which have a label with the instance's name.
func targetKey(o *store.Object) string {
	return o.Namespace + "/" + o.Labels.Get("kubevirt.io/vmi-name")
}

// known are the VMs that the controller has in its hands.
func (c *controller) known() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]string, 0, len(c.guests))
	for key := range c.guests {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (c *controller) lookAt(keys []string) {
	for _, key := range keys {
		c.mu.Lock()
		c.look(key)
		c.mu.Unlock()
	}
}

// lookAtDue looks at the VMs for which a time has come, and returns the next such time.
func (c *controller) lookAtDue(now time.Time) time.Time {
	for {
		c.mu.Lock()
		if len(c.due) == 0 {
			c.mu.Unlock()
			return time.Time{}
		}
		first := c.due[0]
		if at := first.dueAt; at.After(now) {
			c.mu.Unlock()
			return at
		}
		c.unschedule(first)
		c.look(first.key)
		c.mu.Unlock()
	}
}

// nudge has the controller look again, for a change that no object shows.
func (c *controller) nudge() {
	select {
	case c.wake <- struct{}{}:
	default: // it will
	}
}
