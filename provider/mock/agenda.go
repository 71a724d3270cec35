package mock

import (
	"container/heap"
	"time"
)

// agenda says when which VM of a watched cluster does something by itself. Nobody else would look at it at that time.
type agenda []appointment

type appointment struct {
	at time.Time
	r  *record
}

// heap.Interface.

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(appointment)) } //nolint:forcetypeassert // heap.Interface: it is what add pushes

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = appointment{}
	*a = (*a)[:last]
	return x
}

// add notes when the VM does something next. An earlier appointment of it does as well: the VM is looked at then, and
// noted again.
func (a *agenda) add(r *record) {
	next := r.machine.Next()
	if next.IsZero() || !r.due.IsZero() && !next.Before(r.due) {
		return
	}
	r.due = next
	heap.Push(a, appointment{next, r})
}

// due takes a VM off whose time has come by then; nil when there is none.
func (a *agenda) due(by time.Time) *record {
	for len(*a) > 0 && !(*a)[0].at.After(by) {
		first, _ := heap.Pop(a).(appointment)
		if first.at.Equal(first.r.due) { // else it was noted again for an earlier time
			first.r.due = time.Time{}
			return first.r
		}
	}
	return nil
}

// next is the time of the next appointment; the zero time when there is none.
func (a agenda) next() time.Time {
	if len(a) == 0 {
		return time.Time{}
	}
	return a[0].at
}
