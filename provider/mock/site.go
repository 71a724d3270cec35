package mock

import (
	"strconv"
	"sync"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/vmsim"
)

// site is one cluster of the Mock. Everything in it belongs to the holder of mu.
type site struct {
	name       string
	config     *vmsim.Config
	namespaces map[string]bool // nil: all exist
	ids        ids

	mu sync.Mutex

	instanceTypes catalogue[domain.InstanceType]
	preferences   catalogue[domain.Preference]
	catalogued    uint64 // ids made for them

	vms        map[key]*record
	sorted     index
	perSpace   map[string]int
	dying      map[*record]struct{} // being deleted: they may be gone without anybody having looked
	migrations map[key]*migration
	knobs      map[key]Knobs // of VMs that do not exist yet
	revision   uint64
	serial     uint64     // of VMs, never used again
	jobs       uint64     // of migrations, never used again
	epoch      uint64     // of cursors
	chronicle  *chronicle // nil until there is a stream
	history    int        // of the chronicle

	reads, writes int
	sent          bool // by the call that is being served
}

// key names an object within a cluster.
type key struct{ namespace, name string }

func (k key) String() string { return k.namespace + "/" + k.name }

func newSite(name string, opts Options, config *vmsim.Config) *site {
	c := &site{name: name, config: config, ids: ids{seed: opts.Seed, cluster: name}, history: opts.History}
	if c.history <= 0 {
		c.history = defaultHistory
	}
	if opts.Namespaces != nil {
		c.namespaces = map[string]bool{}
		for _, namespace := range opts.Namespaces {
			c.namespaces[namespace] = true
		}
	}
	c.fillCatalogues(opts)
	c.clear()
	return c
}

func (c *site) clear() {
	for r := range c.sorted.after("") {
		c.touch(r)
	}
	c.vms = map[key]*record{}
	c.sorted = index{}
	c.perSpace = map[string]int{}
	c.dying = map[*record]struct{}{}
	c.migrations = map[key]*migration{}
	c.knobs = map[key]Knobs{}
}

// find returns a VM as it is now, or nil.
func (c *site) find(k key, now time.Time) *record {
	r := c.vms[k]
	if r == nil || !c.live(r, now) {
		return nil
	}
	return r
}

// live lets a VM live until now, and says whether it still exists then.
func (c *site) live(r *record, now time.Time) bool {
	c.changed(r, r.machine.Advance(now))
	if r.machine.Gone() {
		c.remove(r)
		return false
	}
	return true
}

// changed takes note of what has changed about a VM: revisions count the changes, as they do on a cluster.
func (c *site) changed(r *record, effects vmsim.Effects) {
	if effects == 0 {
		return
	}
	c.touch(r)
	if effects&vmsim.SpecChanged != 0 {
		r.generation++
	}
	if effects&(vmsim.VMChanged|vmsim.SpecChanged) != 0 {
		r.revision = c.nextRevision()
	}
	if effects&vmsim.InstanceChanged != 0 {
		r.instanceRevision = c.nextRevision()
		c.follow(r)
	}
	if effects&vmsim.MigrationChanged != 0 {
		c.followMigration(r)
	}
}

// follow keeps up with the instances of a VM: a new one boots what is asked for at that time.
func (c *site) follow(r *record) {
	serial := r.machine.Instance().Serial
	if serial == r.instance {
		return
	}
	r.instance, r.instanceUID, r.booted, r.size = serial, "", nil, size{}
	if serial != 0 {
		r.instanceUID = c.ids.uid('i', r.serial, serial)
		r.booted = r.desired
		r.size = c.sizeOf(r.key.namespace, r.desired.instanceType)
	}
}

func (c *site) nextRevision() uint64 {
	c.revision++
	return c.revision
}

// revision is a revision as the caller sees it.
func revision(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// add takes a VM in, in place of another one of its name.
func (c *site) add(r *record) {
	if old := c.vms[r.key]; old != nil {
		c.remove(old)
	}
	c.vms[r.key] = r
	c.sorted.insert(r)
	c.perSpace[r.key.namespace]++
	c.track(r)
	c.touch(r)
}

func (c *site) remove(r *record) {
	if c.vms[r.key] != r {
		return
	}
	c.touch(r)
	delete(c.vms, r.key)
	delete(c.dying, r)
	c.sorted.remove(r.order)
	if c.perSpace[r.key.namespace]--; c.perSpace[r.key.namespace] == 0 {
		delete(c.perSpace, r.key.namespace)
	}
	for _, m := range r.migrations {
		delete(c.migrations, m.key())
	}
}

// track watches over a VM that is being deleted, so that a count does not include it when it is gone.
func (c *site) track(r *record) {
	if r.machine.Situation().Deleting {
		c.dying[r] = struct{}{}
	}
}

// bury takes away the VMs whose delete has ended.
func (c *site) bury(now time.Time) {
	for r := range c.dying {
		c.live(r, now)
	}
}

func (c *site) namespaceExists(namespace string) bool {
	return c.namespaces == nil || c.namespaces[namespace]
}
