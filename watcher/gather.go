package watcher

import "github.com/kv-shepherd/shepherd-go/internal/keyed"

// gathering is a set that arrives as a stream. Most of it is ADDED frames; what happens meanwhile may come among them.
type gathering[T any] struct {
	set     keyed.Set[Item[T]]
	changed bool // anything but an ADDED came: keys may come again
}

// take takes a frame of an object.
func (g *gathering[T]) take(frame Frame[T]) {
	g.set.Key = keyOfItem[T]
	g.changed = g.changed || frame.Type != FrameAdded
	switch {
	case !g.changed:
		g.set.Append(frame.Item)
	case frame.Type == FrameDeleted:
		g.set.Remove(frame.Item.Key)
	default:
		g.set.Put(frame.Item)
	}
}

func keyOfItem[T any](item Item[T]) string { return item.Key }
