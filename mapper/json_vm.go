package mapper

import (
	kubevirtv1 "kubevirt.io/api/core/v1"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// vmReader reads a VirtualMachine of JSON as viewVM does of the object, and keeps what more than one field decides.
type vmReader struct {
	*cursor
	v    *vmView
	kind kindOf
	keep func(annotation string) bool

	running, runningSet, strategySet bool
	typeRevision, preferenceRevision string // of the status
	ranOnce                          bool
}

func readVM(c *cursor, v *vmView, keep func(annotation string) bool) kindOf {
	r := vmReader{cursor: c, v: v, keep: keep}
	for name := range r.fields {
		switch name {
		case "metadata":
			r.meta(&r.v.objectView, r.metaMaps)
		case "spec":
			r.spec()
		case "status":
			r.status()
		default:
			r.kind.field(c, name)
		}
	}
	r.conclude()
	return r.kind
}

func (r *vmReader) metaMaps(name string) {
	switch name {
	case "labels":
		r.v.labels = r.pairs(r.v.labels[:0], nil)
	case "annotations":
		r.v.annotations = r.pairs(r.v.annotations[:0], r.keep)
	}
}

func (r *vmReader) spec() {
	for name := range r.fields {
		switch name {
		case "running":
			r.running, r.runningSet = r.bool()
		case "runStrategy":
			if r.strategySet = r.is('"'); r.strategySet {
				r.v.runStrategy = r.str()
			}
		case "instancetype":
			r.v.instanceType = r.matcher()
		case "preference":
			r.v.preference = r.matcher()
		case "template":
			r.template()
		case "dataVolumeTemplates":
			r.v.templates = readList(r.cursor, r.v.templates, readTemplate)
		}
	}
}

func (r *vmReader) template() {
	for name := range r.fields {
		switch name {
		case "metadata":
			for name := range r.fields {
				if name == "labels" {
					r.v.guestLabels = r.pairs(r.v.guestLabels[:0], nil)
				}
			}
		case "spec":
			readGuest(r.cursor, &r.v.guest)
		}
	}
}

func (c *cursor) matcher() *domain.Matcher {
	if !c.object() {
		return nil
	}
	var name, kind, revision string
	for field := range c.fields {
		switch field {
		case "name":
			name = c.str()
		case "kind":
			kind = c.str()
		case "revisionName":
			revision = c.str()
		}
	}
	return matcher(name, kind, revision)
}

func (r *vmReader) status() {
	v := r.v
	for name := range r.fields {
		switch name {
		case "printableStatus":
			v.printable = r.str()
		case "created":
			v.created = r.flag()
		case "runStrategy":
			r.ranOnce = r.str() != "" || r.ranOnce
		case "observedGeneration":
			n, _ := r.int()
			r.ranOnce = n > 0 || r.ranOnce
		case "startFailure":
			v.startFailures = r.startFailure()
		case "stateChangeRequests":
			for range r.elements {
				v.changeQueued = true
				v.startQueued = r.named("action") == string(kubevirtv1.StartRequest) || v.startQueued
			}
		case "snapshotInProgress":
			v.snapshotting = r.is('"')
		case "restoreInProgress":
			v.restoring = r.is('"')
		case "conditions":
			v.conditions = r.conditions(v.conditions)
		case "instancetypeRef":
			r.typeRevision = r.storedRevision()
		case "preferenceRef":
			r.preferenceRevision = r.storedRevision()
		}
	}
}

func (c *cursor) startFailure() *domain.StartFailure {
	if !c.object() {
		return nil
	}
	f := &domain.StartFailure{}
	for name := range c.fields {
		switch name {
		case "consecutiveFailCount":
			f.Count, _ = c.int()
		case "retryAfterTimestamp":
			f.RetryAfter = c.time()
		}
	}
	return f
}

func (c *cursor) storedRevision() string {
	var revision string
	for name := range c.fields {
		if name == "controllerRevisionRef" {
			revision = c.named("name")
		}
	}
	return revision
}

// conclude decides what several fields say together.
func (r *vmReader) conclude() {
	v := r.v
	if !r.strategySet && r.runningSet {
		v.legacyRunning = true
		v.runStrategy = string(kubevirtv1.RunStrategyHalted)
		if r.running {
			v.runStrategy = string(kubevirtv1.RunStrategyAlways)
		}
	}
	v.everRan = v.created || r.ranOnce || v.startFailures != nil
	if v.instanceType != nil {
		v.instanceType.Revision = first(r.typeRevision, v.instanceType.Revision)
	}
	if v.preference != nil {
		v.preference.Revision = first(r.preferenceRevision, v.preference.Revision)
	}
}

// readTemplate reads a DataVolume that is made with the VM.
func readTemplate(c *cursor, t *templateView) {
	for name := range c.fields {
		switch name {
		case "metadata":
			t.name = c.named("name")
		case "spec":
			readTemplateSpec(c, t)
		}
	}
}

func readTemplateSpec(c *cursor, t *templateView) {
	storage := false
	for name := range c.fields {
		switch name {
		case "storage":
			if c.object() {
				storage = true
				t.bytes, t.storageClass = c.claim()
			}
		case "pvc":
			if bytes, class := c.claim(); !storage {
				t.bytes, t.storageClass = bytes, class
			}
		case "source":
			readTemplateSource(c, t)
		}
	}
}

// claim reads how large a claim is to be, and of which class.
func (c *cursor) claim() (bytes int64, class string) {
	for name := range c.fields {
		switch name {
		case "resources":
			for name := range c.fields {
				if name == "requests" {
					bytes = c.amount("storage")
				}
			}
		case "storageClassName":
			class = c.str()
		}
	}
	return bytes, class
}

func readTemplateSource(c *cursor, t *templateView) {
	for name := range c.fields {
		switch name {
		case "blank":
			t.blank = c.object()
		case "pvc":
			if t.clone = c.object(); !t.clone {
				continue
			}
			for name := range c.fields {
				switch name {
				case "namespace":
					t.sourceNamespace = c.str()
				case "name":
					t.sourceClaim = c.str()
				}
			}
		}
	}
	if t.blank {
		t.clone, t.sourceNamespace, t.sourceClaim = false, "", ""
	}
}
