package kubevirtsim

import (
	"container/heap"
	"strings"
)

// dueHeap orders VMs by the time at which something happens to them by itself. Each is in it once at most.
type dueHeap []*guest

// schedule puts a VM where it belongs by now.
func (c *controller) schedule(g *guest) {
	next := g.machine.Next()
	if next.IsZero() || g.machine.Gone() {
		c.unschedule(g)
		return
	}
	g.dueAt = next
	if g.place == 0 {
		heap.Push(&c.due, g)
		return
	}
	heap.Fix(&c.due, g.place-1)
}

func (c *controller) unschedule(g *guest) {
	if g.place != 0 {
		heap.Remove(&c.due, g.place-1)
	}
}

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	if c := h[i].dueAt.Compare(h[j].dueAt); c != 0 {
		return c < 0
	}
	return strings.Compare(h[i].key, h[j].key) < 0
}

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	g := x.(*guest) //nolint:forcetypeassert // only schedule pushes
	*h = append(*h, g)
	g.place = len(*h)
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	g := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	g.place = 0
	return g
}
