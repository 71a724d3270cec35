package mapper

import "sync"

// viewPair holds a view of either kind on its way from JSON to a record. The memory of their lists is used again.
type viewPair struct {
	vm       vmView
	instance instanceView
}

var viewPairs = sync.Pool{New: func() any { return &viewPair{} }}

// takeViews returns a pair of empty views, to be released.
func takeViews() *viewPair { return viewPairs.Get().(*viewPair) }

// release empties the views but for the memory of their lists.
func (p *viewPair) release() {
	v, i := &p.vm, &p.instance
	*v = vmView{
		labels: emptied(v.labels), annotations: emptied(v.annotations), guestLabels: emptied(v.guestLabels),
		conditions: emptied(v.conditions), templates: emptied(v.templates), guest: v.guest.emptied(),
	}
	*i = instanceView{conditions: emptied(i.conditions), volumes: emptied(i.volumes), guest: i.guest.emptied()}
	viewPairs.Put(p)
}

func (v *guestView) emptied() guestView {
	return guestView{
		volumes: emptied(v.volumes), devices: emptied(v.devices), networks: emptied(v.networks),
		interfaces: emptied(v.interfaces), nodeSelector: emptied(v.nodeSelector),
	}
}

// emptied keeps the memory of a list, without what its strings are parts of. That of one huge object is not kept.
func emptied[S ~[]T, T any](list S) S {
	const enough = 64
	if cap(list) > enough {
		return nil
	}
	clear(list)
	return list[:0]
}
