package mapper

import "time"

// kindOf is what an object says it is.
type kindOf struct{ apiVersion, kind string }

// field reads a field of an object's top that any object has.
func (k *kindOf) field(c *cursor, name string) {
	switch name {
	case "apiVersion":
		k.apiVersion = c.str()
	case "kind":
		k.kind = c.str()
	}
}

// meta reads the metadata of an object; what else is wanted of it is left to other.
func (c *cursor) meta(v *objectView, other func(name string)) {
	var end time.Time
	var grace *int64
	for name := range c.fields {
		switch name {
		case "namespace":
			v.namespace = c.str()
		case "name":
			v.name = c.str()
		case "uid":
			v.uid = c.str()
		case "resourceVersion":
			v.revision = c.str()
		case "generation":
			v.generation, _ = c.int()
		case "creationTimestamp":
			v.createdAt = c.time()
		case "deletionTimestamp":
			if v.deleting = c.is('"'); v.deleting {
				end = c.time()
			}
		case "deletionGracePeriodSeconds":
			if n, set := c.int(); set {
				grace = &n
			}
		default:
			other(name)
		}
	}
	if v.deleting {
		v.deletedAt = deletedAt(end, grace)
	}
}

// controller reads owner references, and returns the UID of the one that controls.
func (c *cursor) controller() string {
	var found string
	done := false
	for range c.elements {
		var uid string
		var controls bool
		for name := range c.fields {
			switch name {
			case "uid":
				uid = c.str()
			case "controller":
				controls = c.flag()
			}
		}
		if controls && !done {
			found, done = uid, true
		}
	}
	return found
}

// named reads the string in an object's only field of interest.
func (c *cursor) named(field string) string {
	var s string
	for name := range c.fields {
		if name == field {
			s = c.str()
		}
	}
	return s
}

// amount reads one element of a resource list.
func (c *cursor) amount(resource string) int64 {
	var n int64
	for name := range c.fields {
		if name == resource {
			n = c.bytes()
		}
	}
	return n
}

// readList reads each element of an array, in the memory that a slice has.
func readList[T any](c *cursor, memory []T, read func(c *cursor, element *T)) []T {
	out := memory[:0]
	for range c.elements {
		out = append(out, *new(T))
		read(c, &out[len(out)-1])
	}
	return out
}

func (c *cursor) conditions(memory []conditionView) []conditionView {
	return reduceConditions(readList(c, memory, func(c *cursor, v *conditionView) {
		for name := range c.fields {
			switch name {
			case "type":
				v.kind = c.str()
			case "status":
				v.status = c.str()
			case "reason":
				v.reason = c.str()
			case "message":
				v.message = c.str()
			case "lastTransitionTime":
				v.since = c.time()
			}
		}
	}))
}
