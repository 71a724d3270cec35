package nodesim

import (
	"fmt"
	"sync"
)

// addresses hands out pod addresses, one after the other, from the range that
// is reserved for benchmarks: a client that dialled one would reach nobody.
type addresses struct {
	mu   sync.Mutex
	last int
}

func (a *addresses) next() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = a.last%(1<<16-2) + 1
	return fmt.Sprintf("198.18.%d.%d", a.last>>8, a.last&255)
}
