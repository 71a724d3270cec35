package watcher

// gathering is a set that arrives as a stream. Most of it is ADDED frames; what happens meanwhile may come among them.
type gathering[T any] struct {
	items []Item[T]
	index map[string]int // by key, made when it is first needed
}

// take takes a frame of an object.
func (g *gathering[T]) take(frame Frame[T]) {
	if g.index == nil {
		if frame.Type == FrameAdded {
			g.items = append(g.items, frame.Item)
			return
		}
		g.index = make(map[string]int, len(g.items))
		for at := range g.items {
			g.index[g.items[at].Key] = at
		}
	}
	at, there := g.index[frame.Item.Key]
	switch {
	case frame.Type == FrameDeleted && there:
		g.remove(at)
	case frame.Type == FrameDeleted:
	case there:
		g.items[at] = frame.Item
	default:
		g.index[frame.Item.Key] = len(g.items)
		g.items = append(g.items, frame.Item)
	}
}

// remove puts the last item into the place of the removed one: a set has no order.
func (g *gathering[T]) remove(at int) {
	last := len(g.items) - 1
	delete(g.index, g.items[at].Key)
	if at != last {
		g.items[at] = g.items[last]
		g.index[g.items[at].Key] = at
	}
	g.items = g.items[:last]
}
