package kubevirt

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/mapper"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

var (
	rounds    = flag.Int("rounds", 200, "rounds of chaos over the wire")
	firstSeed = flag.Uint64("seed", 1, "seed of the first round of chaos")
)

// TestChaos: whatever servers, networks and sinks do, the caches end with what the cluster has, and nobody is told a thing
// twice, out of order, or of two objects as one. Another seed for each round; a failure prints its own.
func TestChaos(t *testing.T) {
	for n := range *rounds {
		seed := *firstSeed + uint64(n)
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = chaosRound(t, seed, "") })
		for _, what := range wrong {
			t.Error(what)
		}
		if t.Failed() {
			t.Fatalf("again: go test -run 'TestChaos$' ./provider/kubevirt -args -rounds 1 -seed %d", seed)
		}
	}
}

// chaos is one round: a cluster, those that write to it, and those that follow it over a wire on which things go wrong.
type chaos struct {
	*wired
	seed    uint64
	random  *rand.Rand
	faults  faultMaker
	written *written
	parts   []part
	bug     bug
	wrong   []string
	pause   time.Duration // between two faults, on average
}

// part is one watcher, and what is known of it.
type part interface {
	run(ctx context.Context)
	// settled says whether the watcher is LIVE and its cache has what a server's list has.
	settled() bool
	// disturb has its sink fail some times.
	disturb(random *rand.Rand)
	calm()
	wentBack()
	// check holds all that is to hold once there is peace.
	check()
	objects() int
	calls() int
	state() watcher.State
	stats() watcher.Stats
	follow(ctx context.Context, tasks *sync.WaitGroup)
}

// chaosRound is trouble for a while, and then peace. It returns what was wrong.
func chaosRound(t *testing.T, seed uint64, bug bug) (wrong []string) {
	random := rand.New(rand.NewPCG(seed, 100))
	protocol := protocols[seed%2]
	sim := kubevirtsim.Options{Seed: seed, BookmarkEvery: oneOf(random, 0, 0, 10*time.Second, 24*time.Hour)}
	if random.IntN(4) > 0 { // most of the time goes into what instances live through
		sim.Timing = kubevirtsim.Timing{Schedule: -1, Boot: -1, Agent: -1, Shutdown: -1}
	}
	onWire(t, protocol, sim, func(w *wired) {
		c := &chaos{wired: w, seed: seed, random: random, bug: bug, faults: faultMaker{random}, written: newWritten(t, w.sim, seed)}
		c.pause = time.Duration(1+random.IntN(10)) * time.Second
		m := w.p.mapper(clusterName)
		c.parts = []part{
			newFollower(c, vmPath, vmSource(w.c, m, "")),
			newFollower(c, instancePath, instanceSource(w.c, m, "")),
		}
		for _, writer := range c.written.writers {
			for range 6 {
				writer.write()
			}
		}
		c.round()
		wrong = c.wrong
	}, func(w *wire) {
		if bug == listsOld {
			w.wrap = newOldLister
		}
	})
	return wrong
}

func (c *chaos) complain(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func (c *chaos) round() {
	ctx, cancel := context.WithCancel(c.Context())
	var tasks sync.WaitGroup
	for _, p := range c.parts {
		p.follow(ctx, &tasks)
	}
	synctest.Wait()
	for _, p := range c.parts {
		tasks.Go(func() { p.run(ctx) })
	}
	c.written.begin(2 * c.pause) // each of them; a write or two between two faults
	for range 10 + c.random.IntN(20) {
		c.event()
		time.Sleep(time.Duration(c.random.ExpFloat64() * float64(c.pause)))
		c.looks()
	}
	c.written.end()
	if c.faults.chance(4) {
		c.restore()
	}
	c.peace()
	for _, p := range c.parts {
		p.check()
	}
	c.asked()
	c.joined()
	c.quiet()
	cancel()
	tasks.Wait()
}

// event is one thing that goes wrong, or is over.
func (c *chaos) event() {
	synctest.Wait() // so that the history has seen what there was
	switch c.random.IntN(12) {
	case 0, 1, 2, 3, 4:
		var faults []kubevirtsim.Fault
		for range 1 + c.random.IntN(3) {
			faults = append(faults, c.faults.fault())
		}
		c.sim.SetFaults(faults...)
	case 5:
		c.sim.SetFaults()
	case 6:
		c.sim.SetNetwork(oneOf(c.random, kubevirtsim.NetworkRefused, kubevirtsim.NetworkSilent, kubevirtsim.NetworkUnreachable))
	case 7:
		c.sim.SetNetwork(kubevirtsim.NetworkUp)
		c.sim.BreakConnections()
	case 8:
		c.sim.EndWatches()
	case 9:
		c.sim.Compact()
	case 10:
		c.sim.SetExpiredForm(oneOf(c.random, kubevirtsim.ExpiredInStream, kubevirtsim.ExpiredAsStatus, kubevirtsim.ExpiredMidStream))
		c.sim.Compact()
		c.sim.EndWatches()
	default:
		c.parts[c.random.IntN(len(c.parts))].disturb(c.random)
	}
	if c.faults.chance(3) { // few networks are down for long
		c.sim.SetNetwork(kubevirtsim.NetworkUp)
	}
}

// looks holds what is true at every moment.
func (c *chaos) looks() {
	for _, p := range c.parts {
		s, now := p.state(), time.Now()
		if age := s.Age(now); age < 0 || s.Status(now) == domain.CacheFresh && age > 181*time.Second {
			c.complain("fresh at the age of %v: %+v", age, s)
		}
		if s.Phase == domain.SyncLive && !s.Synced {
			c.complain("LIVE without a set: %+v", s)
		}
	}
}

// restore takes the server's history back.
func (c *chaos) restore() {
	before := c.sim.Checkpoint()
	for range 1 + c.random.IntN(20) {
		c.written.writers[c.random.IntN(writers)].write()
	}
	c.written.calm()
	for _, p := range c.parts {
		p.wentBack()
	}
	synctest.Wait()
	c.sim.GoBack(before, c.faults.chance(2))
}

// peace ends all trouble, and waits until the caches have what the cluster has.
func (c *chaos) peace() {
	c.sim.SetFaults()
	c.sim.SetNetwork(kubevirtsim.NetworkUp)
	for _, p := range c.parts {
		p.calm()
	}
	for range 60 { // the longest pauses are of five minutes
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if c.parts[0].settled() && c.parts[1].settled() {
			return
		}
	}
	for _, p := range c.parts {
		c.complain("converged: no peace after 20 minutes: %+v, %+v", p.state(), p.stats())
	}
}

// quiet: a list of what has not changed tells nobody anything; and nothing is left over.
func (c *chaos) quiet() {
	told := [2]int{c.parts[0].objects(), c.parts[1].objects()}
	c.sim.SetFaults(kubevirtsim.Fault{Watch: true, Client: userAgent, Count: 2, Do: kubevirtsim.Answer, Status: 410})
	c.sim.EndWatches()
	time.Sleep(4 * time.Minute)
	synctest.Wait()
	if now := [2]int{c.parts[0].objects(), c.parts[1].objects()}; now != told {
		c.complain("quiet: %d objects were told of, and %d after lists of what has not changed", told, now)
	}
	if open := c.open.Load(); open > 6 {
		c.complain("bounded: %d connections are open", open)
	}
}

// asked holds what the server was asked: lists are consistent reads, and one call is one request at most.
func (c *chaos) asked() {
	calls := c.parts[0].calls() + c.parts[1].calls()
	sent := c.requests()
	if len(sent) > calls {
		c.complain("once: %d calls were %d requests", calls, len(sent))
	}
	for _, r := range sent {
		if revision := r.query.Get("resourceVersion"); revision != "" && !r.query.Has("watch") {
			c.complain("consistent: a list of %s at revision %s", r.path, revision)
		}
	}
}

// joined holds that a VM made of the two caches is the one that a live read gives, but for where it was read.
func (c *chaos) joined() {
	vms := c.parts[0].(*follower[mapper.VMRecord])
	instances := c.parts[1].(*follower[mapper.InstanceRecord])
	m := c.p.mapper(clusterName)
	items, _ := vms.cache.All()
	for item := range items {
		want, err := c.p.GetVM(c.Context(), clusterName, item.Value.Namespace(), item.Value.Name())
		if err != nil {
			c.complain("converged: GetVM(%s): %v", item.Key, err)
			continue
		}
		instance, _, _ := instances.cache.Get(item.Key)
		c.same(want, m.Join(item.Value, instance.Value))
	}
}

func (c *chaos) same(live, cached *domain.VM) {
	live.Read, cached.Read = domain.Read{}, domain.Read{}
	for key := range live.Annotations { // a record keeps ours only
		if _, kept := cached.Annotations[key]; !kept {
			delete(live.Annotations, key)
		}
	}
	if len(live.Annotations) == 0 {
		live.Annotations, cached.Annotations = nil, nil
	}
	if diff := cmp.Diff(live, cached); diff != "" {
		c.complain("converged: %s/%s (-live +cached):\n%s", live.Namespace, live.Name, diff)
	}
}

var errSink = errors.New("the sink")
