package kubevirt

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

var (
	rounds    = flag.Int("rounds", chaosRounds, "rounds of chaos over the wire")
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

// chaos is one round: clusters, those that write to them, and those that follow them over wires on which things go wrong.
type chaos struct {
	*testing.T
	seed     uint64
	random   *rand.Rand
	faults   faultMaker
	clusters *Clusters
	p        *Provider
	fleet    *Fleet // nil where the watchers run by themselves
	sites    []*site
	bug      bug
	pause    time.Duration // between two faults, on average

	mu    sync.Mutex
	wrong []string
}

// site is one cluster of a round.
type site struct {
	*chaos
	*wire
	name     string
	written  *written
	subjects []subject
	past     map[string]*history // by path
}

// subject is something that follows a cluster, and what is known of it.
type subject interface {
	// begin begins to follow, and to hear what is told.
	begin(ctx context.Context, tasks *sync.WaitGroup)
	// settled says whether it is LIVE and has what the cluster has.
	settled() bool
	// check holds all that is to hold once there is peace.
	check()
	// get returns a VM as it is known.
	get(key string) *domain.VM
	disturb()
	calm()
	wentBack()
	objects() int
	state() watcher.State
	String() string
}

// chaosRound is trouble for a while, and then peace. It returns what was wrong.
func chaosRound(t *testing.T, seed uint64, bug bug) (wrong []string) {
	random := rand.New(rand.NewPCG(seed, 100))
	c := &chaos{T: t, seed: seed, random: random, faults: faultMaker{random}, clusters: NewClusters(), bug: bug}
	c.pause = time.Duration(1+random.IntN(10)) * time.Second
	var err error
	var opts Options
	raw := bug != "" || seed%4 == 0 // the watchers of VMs and of instances by themselves
	if !raw {
		watch := watcher.Options{
			Rand: lockedRandom(seed), WatchList: c.faults.chance(2), PageSize: oneOf(random, 5, 20, 250),
		}
		if c.fleet, err = NewFleet(c.clusters, FleetOptions{Watch: watch}); err != nil {
			t.Fatal(err)
		}
		opts.Fleet = c.fleet
	}
	if c.p, err = New(c.clusters, opts); err != nil {
		t.Fatal(err)
	}
	sites := 1
	if !raw {
		sites += max(random.IntN(6)-3, 0) // most have one
	}
	for n := range sites {
		c.sites = append(c.sites, c.newSite(n, sites))
	}
	c.round(raw)
	return c.wrong
}

// lockedRandom is for watchers that share it.
func lockedRandom(seed uint64) func() float64 {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 8))
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Float64()
	}
}

// newSite makes a cluster with some VMs.
func (c *chaos) newSite(n, of int) *site {
	sim := kubevirtsim.Options{Seed: c.seed, BookmarkEvery: oneOf(c.random, 0, 0, 10*time.Second, 24*time.Hour)}
	if c.random.IntN(8) > 0 { // most of the time goes into what instances live through
		sim.Timing = kubevirtsim.Timing{Schedule: -1, Boot: -1, Agent: -1, Shutdown: -1}
	}
	server, err := kubevirtsim.New(sim)
	if err != nil {
		c.Fatal(err)
	}
	s := &site{chaos: c, name: fmt.Sprintf("c%d", n), wire: newWire(server, protocols[(c.seed/4+uint64(n))%2])} //nolint:gosec // of three
	if c.bug == listsOld {
		s.wrap = newOldLister
	}
	s.written = newWritten(c.T, server, c.seed*10+uint64(n), 12/of) //nolint:gosec // of three
	s.past = map[string]*history{vmPath: newHistory(s.written, vmPath), instancePath: newHistory(s.written, instancePath)}
	for _, writer := range s.written.writers {
		for range 6 / of {
			writer.write()
		}
	}
	if err := c.clusters.Add(s.name, s.config(), ClusterOptions{QPS: -1}); err != nil {
		c.Fatal(err)
	}
	return s
}

func (c *chaos) complain(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

func (c *chaos) round(raw bool) {
	ctx, cancel := context.WithCancel(c.Context())
	var tasks sync.WaitGroup
	if c.faults.chance(2) { // trouble from the beginning
		c.event()
	}
	c.begin(ctx, &tasks, raw)
	for range 8 + c.random.IntN(14) {
		c.event()
		time.Sleep(time.Duration(c.random.ExpFloat64() * float64(c.pause)))
		c.looks()
	}
	for _, s := range c.sites {
		s.written.end()
		if c.faults.chance(4) {
			s.restore()
		}
	}
	c.peace()
	time.Sleep(2 * time.Minute) // idle connections that fell silent are gone then: a live read over one runs into its limit
	synctest.Wait()
	for _, s := range c.sites {
		s.check()
	}
	c.quiet()
	cancel()
	tasks.Wait()
	c.end()
}

// begin lets all begin: the histories, those who follow, those who write.
func (c *chaos) begin(ctx context.Context, tasks *sync.WaitGroup, raw bool) {
	for _, s := range c.sites {
		for path, h := range s.past {
			tasks.Go(func() { h.follow(ctx, s.written, path) })
		}
	}
	if !raw {
		tasks.Go(func() { _ = c.fleet.Run(ctx) }) // it ends with its context, and without an error
	}
	synctest.Wait()
	for _, s := range c.sites {
		if raw {
			s.subjects = s.watchers()
		} else {
			s.subjects = []subject{newMember(s)}
		}
		for _, subject := range s.subjects {
			subject.begin(ctx, tasks)
		}
		s.written.begin(2 * c.pause * time.Duration(len(c.sites))) // each writer; a write or two between two faults
	}
}

// end closes everything. No connection may be left that this side has not closed.
func (c *chaos) end() {
	if err := c.clusters.Close(context.WithoutCancel(c.Context())); err != nil {
		c.complain("bounded: %v", err)
	}
	time.Sleep(2 * time.Minute) // a connection that was being made is idle then, and closed for that
	synctest.Wait()
	for _, s := range c.sites {
		if open := s.open.Load(); open != 0 {
			c.complain("bounded: %d connections are left open", open)
		}
		s.sim.Close()
	}
}

// event is one thing that goes wrong in one of the clusters, or is over.
func (c *chaos) event() {
	synctest.Wait() // so that the history has seen what there was
	s := c.sites[c.random.IntN(len(c.sites))]
	switch c.random.IntN(12) {
	case 0, 1, 2, 3, 4:
		var faults []kubevirtsim.Fault
		for range 1 + c.random.IntN(3) {
			faults = append(faults, c.faults.fault())
		}
		s.sim.SetFaults(faults...)
	case 5:
		s.sim.SetFaults()
	case 6:
		s.sim.SetNetwork(oneOf(c.random, kubevirtsim.NetworkRefused, kubevirtsim.NetworkSilent, kubevirtsim.NetworkUnreachable))
	case 7:
		s.sim.SetNetwork(kubevirtsim.NetworkUp)
		s.sim.BreakConnections()
	case 8:
		s.sim.EndWatches()
	case 9:
		s.sim.Compact()
	case 10:
		s.sim.SetExpiredForm(oneOf(c.random, kubevirtsim.ExpiredInStream, kubevirtsim.ExpiredAsStatus, kubevirtsim.ExpiredMidStream))
		s.sim.Compact()
		s.sim.EndWatches()
	default:
		s.again()
	}
	if c.faults.chance(3) { // few networks are down for long
		s.sim.SetNetwork(kubevirtsim.NetworkUp)
	}
}

// again has a sink fail, or a watch tell some of the past once more.
func (s *site) again() {
	if len(s.subjects) > 0 && s.faults.chance(2) {
		s.subjects[s.random.IntN(len(s.subjects))].disturb()
		return
	}
	if !s.settled() { // what is the past to the cluster is not yet to those who follow
		return
	}
	path := oneOf(s.random, vmPath, instancePath)
	s.sim.SetFaults(kubevirtsim.Fault{
		Client: userAgent, Path: path, Watch: true, Count: 1, After: s.random.IntN(3), Do: kubevirtsim.Garbage, Body: s.past[path].some(s.random),
	})
	s.sim.EndWatches()
}

// looks holds what is true at every moment.
func (c *chaos) looks() {
	for _, site := range c.sites {
		for _, subject := range site.subjects {
			s, now := subject.state(), time.Now()
			if age := s.Age(now); age < 0 || s.Status(now) == domain.CacheFresh && age > 181*time.Second {
				c.complain("fresh: at the age of %v: %+v", age, s)
			}
			if s.Phase == domain.SyncLive && !s.Synced {
				c.complain("fresh: LIVE without a set: %+v", s)
			}
		}
	}
}

// restore takes the server's history back.
func (s *site) restore() {
	before := s.sim.Checkpoint()
	for range 1 + s.random.IntN(20) {
		s.written.writers[s.random.IntN(writers)].write()
	}
	s.written.calm()
	time.Sleep(10 * time.Minute) // the slowest has heard all by then
	for _, subject := range s.subjects {
		subject.wentBack()
	}
	s.sim.GoBack(before, s.faults.chance(2))
}

// peace ends all trouble, and waits until the caches have what the clusters have.
func (c *chaos) peace() {
	for _, s := range c.sites {
		s.sim.SetFaults()
		s.sim.SetNetwork(kubevirtsim.NetworkUp)
		for _, subject := range s.subjects {
			subject.calm()
		}
	}
	for range 60 { // the longest pauses are of five minutes
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if c.settled() {
			return
		}
	}
	for _, s := range c.sites {
		for _, subject := range s.subjects {
			c.complain("converged: no peace after 20 minutes: %s", subject)
		}
	}
}

func (c *chaos) settled() bool {
	return !slices.ContainsFunc(c.sites, func(s *site) bool { return !s.settled() })
}

func (s *site) settled() bool {
	return !slices.ContainsFunc(s.subjects, func(f subject) bool { return !f.settled() })
}

// quiet: a list of what has not changed tells nobody anything; and nothing is left over.
func (c *chaos) quiet() {
	told := map[subject]int{}
	for _, s := range c.sites {
		for _, subject := range s.subjects {
			told[subject] = subject.objects()
		}
		s.sim.SetFaults(kubevirtsim.Fault{Watch: true, Client: userAgent, Count: 2, Do: kubevirtsim.Answer, Status: 410})
		s.sim.EndWatches()
	}
	time.Sleep(4 * time.Minute)
	synctest.Wait()
	for subject, before := range told {
		if now := subject.objects(); now != before {
			c.complain("quiet: %d objects were told of, and %d after lists of what has not changed", before, now)
		}
	}
	for _, s := range c.sites {
		if open := s.open.Load(); open > 6 {
			c.complain("bounded: %d connections are open", open)
		}
	}
}

// check holds that what is known is what the cluster has, and how the cluster was asked.
func (s *site) check() {
	for _, r := range s.requests() {
		if revision := r.query.Get("resourceVersion"); revision != "" && !r.query.Has("watch") {
			s.complain("consistent: a list of %s at revision %s", r.path, revision)
		}
	}
	for _, subject := range s.subjects {
		subject.check()
	}
	for key := range s.written.listed(vmPath) {
		namespace, name, _ := strings.Cut(key, "/")
		live, err := s.p.GetVM(s.Context(), s.name, namespace, name)
		if err != nil {
			s.complain("converged: GetVM(%s): %v", key, err)
			continue
		}
		s.same(live, s.subjects[0].get(key))
	}
}

// same holds that a VM is the one that a live read gives, but for where it was read, and for annotations of others.
func (c *chaos) same(live, cached *domain.VM) {
	if cached == nil {
		c.complain("converged: %s/%s is not there", live.Namespace, live.Name)
		return
	}
	live.Read, cached.Read = domain.Read{}, domain.Read{}
	for key := range live.Annotations {
		if _, kept := cached.Annotations[key]; !kept && !strings.HasPrefix(key, domain.DefaultLabelPrefix) {
			delete(live.Annotations, key)
		}
	}
	if diff := cmp.Diff(live, cached, cmpopts.EquateEmpty()); diff != "" {
		c.complain("converged: %s/%s (-live +cached):\n%s", live.Namespace, live.Name, diff)
	}
}

var errSink = errors.New("the sink")
