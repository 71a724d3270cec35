package nodesim

import (
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// stopwatch remembers when a stage of an object began. Kubernetes' own
// timestamps have whole seconds, too coarse for stages of milliseconds.
type stopwatch struct {
	mu    *sync.Mutex
	began map[string]time.Time
}

func newStopwatch() stopwatch { return stopwatch{mu: new(sync.Mutex), began: map[string]time.Time{}} }

// left is how much of the duration remains; the first call starts the stage.
func (s stopwatch) left(uid types.UID, stage string, duration time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := string(uid) + "/" + stage
	began, ok := s.began[id]
	if !ok {
		began = time.Now()
		s.began[id] = began
	}
	return max(0, duration-time.Since(began))
}

// forget drops the stages of an object that is gone.
func (s stopwatch) forget(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.began {
		if strings.HasPrefix(id, string(uid)+"/") {
			delete(s.began, id)
		}
	}
}
