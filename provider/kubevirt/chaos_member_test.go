package kubevirt

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// member is a cluster that a fleet follows, and one who hears what its cache tells.
type member struct {
	*site
	cache *watcher.VMCache
	sub   *watcher.Subscription[watcher.VMRecord]
	heard *recorder[watcher.VMRecord]
	slow  bool
}

func newMember(s *site) *member {
	m := &member{site: s, cache: s.fleet.Cache(s.name), heard: newRecorder[watcher.VMRecord]()}
	m.heard.joined = true
	queue := oneOf(s.random, 0, 1, 8)
	m.slow = queue > 0
	m.sub = m.cache.Subscribe(watcher.SubscribeOptions[watcher.VMRecord]{Queue: queue})
	return m
}

func (m *member) begin(ctx context.Context, tasks *sync.WaitGroup) {
	tasks.Go(func() {
		defer m.sub.Close()
		listen(ctx, m.sub, m.heard.hear, m.slow)
	})
}

func (m *member) String() string {
	state, _ := m.fleet.State(m.name)
	stats, _ := m.fleet.Stats(m.name)
	return fmt.Sprintf("%s: %+v, %+v", m.name, state, stats)
}

func (m *member) state() watcher.State {
	state, _ := m.fleet.State(m.name)
	return state
}

func (m *member) disturb() {} // its sink is the fleet's own

func (m *member) calm() {}

func (m *member) wentBack() { m.heard.forget() }

func (m *member) objects() int {
	_, objects, _ := m.heard.heard()
	return objects
}

func (m *member) get(key string) *domain.VM {
	namespace, name, _ := strings.Cut(key, "/")
	vm, err := m.cache.GetVM(namespace, name)
	if err != nil {
		m.complain("converged: %s: %v", key, err)
	}
	return vm
}

func (m *member) settled() bool {
	return m.state().Phase == domain.SyncLive && m.sub.Stats().Queued == 0 && cmp.Equal(m.written.joined(), known(m.cache.Cache))
}

func (m *member) check() {
	if diff := cmp.Diff(m.written.joined(), known(m.cache.Cache)); diff != "" {
		m.complain("converged: %s (-server +cache):\n%s", m.name, diff)
	}
	told, _, wrong := m.heard.heard()
	if diff := cmp.Diff(known(m.cache.Cache), told); diff != "" {
		m.complain("reliable: %s (-cache +told):\n%s", m.name, diff)
	}
	for _, what := range wrong {
		m.complain("%s, of %s", what, m.name)
	}
	vms, instances := m.past[vmPath].events(), m.past[instancePath].events()
	for _, what := range m.heard.states() {
		uid, revision, _ := strings.Cut(what, " at ")
		of := revisionsOf(revision)
		if !vms[uid+" at "+of[0]] || of[1] != "" && !instances[of[1]] {
			m.complain("true: %s was told of, and never was", what)
		}
	}
}
