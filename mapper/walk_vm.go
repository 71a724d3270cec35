package mapper

import (
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// walkHead is what every record begins with.
func (v *objectView) walkHead(c *coder) {
	if c.mode != reading {
		v.namespace, v.name = text(v.namespace), text(v.name)
	}
	c.key(&v.namespace, &v.name)
	c.text(&v.uid)
	c.text(&v.revision)
}

// walkMeta is the rest of the metadata.
func (v *objectView) walkMeta(c *coder) {
	c.int(&v.generation)
	c.time(&v.createdAt)
	c.flags(&v.deleting)
	if v.deleting {
		c.time(&v.deletedAt)
	} else {
		v.deletedAt = time.Time{}
	}
}

// walk has first what the accessors of a [VMRecord] read, in their order.
func (v *vmView) walk(c *coder) {
	v.walkHead(c)
	c.pairs(&v.labels)
	v.walkMeta(c)
	c.pairs(&v.annotations)
	c.pairs(&v.guestLabels)
	c.flags(&v.legacyRunning, &v.created, &v.everRan, &v.changeQueued, &v.startQueued, &v.snapshotting, &v.restoring)
	c.text(&v.runStrategy)
	c.text(&v.printable)
	optional(c, &v.instanceType, walkMatcher)
	optional(c, &v.preference, walkMatcher)
	optional(c, &v.startFailures, walkStartFailure)
	list(c, &v.conditions, (*conditionView).walk)
	list(c, &v.templates, (*templateView).walk)
	v.guest.walk(c)
}

func walkMatcher(m *domain.Matcher, c *coder) {
	c.text(&m.Name)
	c.flags(&m.Namespaced)
	c.text(&m.Revision)
}

func walkStartFailure(f *domain.StartFailure, c *coder) {
	c.int(&f.Count)
	c.time(&f.RetryAfter)
}

func (t *templateView) walk(c *coder) {
	c.text(&t.name)
	c.text(&t.storageClass)
	c.int(&t.bytes)
	c.flags(&t.blank, &t.clone)
	if t.clone {
		c.text(&t.sourceNamespace)
		c.text(&t.sourceClaim)
	}
}
