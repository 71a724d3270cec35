package watcher

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

var (
	rounds    = flag.Int("rounds", 200, "rounds of chaos")
	firstSeed = flag.Uint64("seed", 1, "seed of the first round of chaos")
)

// TestChaos: whatever happens, the sink ends with what the cluster has, and was told of nothing twice or out of order.
// Another seed for each round; a failure prints its own.
func TestChaos(t *testing.T) {
	for n := range *rounds {
		seed := *firstSeed + uint64(n)
		synctest.Test(t, func(t *testing.T) { newChaos(t, seed).round() })
	}
}

// chaosCodes are all that a source may answer, but those that end everything for good.
var chaosCodes = []domain.Code{
	domain.CodeRevisionExpired, domain.CodeCursorExpired, domain.CodeThrottled, domain.CodeQueueFull, domain.CodeClusterUnreachable, domain.CodeVerbTimeout,
	domain.CodeInternal, domain.CodeProtocolError, domain.CodeUnexpectedObject, domain.CodeResponseTooLarge, domain.CodeClusterCredentials,
	domain.CodeUnauthenticated, domain.CodePermissionDenied, domain.CodeKubeVirtMissing, domain.CodeRedirectRefused, domain.CodeCanceled,
	domain.CodeCapabilityUnsupported, domain.CodeClosed, domain.CodeDeadlineExceeded,
}

type chaos struct {
	*rig
	seed   uint64
	random *rand.Rand
	sink   *orderedSink
	keys   []string
	uid    int
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{seed: seed, random: rand.New(rand.NewPCG(seed, 7)), sink: &orderedSink{fakeSink: &fakeSink{}}}
	c.rig = &rig{fakeSource: newFake(), t: t, sink: c.sink.fakeSink}
	for n := range 300 {
		c.keys = append(c.keys, "ns/"+strconv.Itoa(n))
		if c.chance(2) {
			c.write()
		}
	}
	c.w = New[string](c.fakeSource, c.sink, Options{
		Rand: rand.New(rand.NewPCG(seed, 8)).Float64, WatchList: c.chance(2), PageSize: 50 + c.random.IntN(300),
	})
	return c
}

// chance is true once in n times.
func (c *chaos) chance(n int) bool { return c.random.IntN(n) == 0 }

// round is trouble for a while, and then peace.
func (c *chaos) round() {
	c.run()
	defer func() {
		c.stop()
		if c.t.Failed() {
			c.t.Logf("again: go test -run TestChaos ./watcher -args -rounds 1 -seed %d", c.seed)
		}
	}()
	for range 20 + c.random.IntN(60) {
		for range c.random.IntN(40) {
			c.write()
		}
		c.fault()
		c.after(time.Duration(c.random.ExpFloat64() * float64(5*time.Second)))
		c.looks()
	}
	if c.chance(3) {
		revision, set := c.snapshot()
		for range 1 + c.random.IntN(20) {
			c.write()
		}
		c.after(time.Duration(c.random.IntN(10)) * time.Second)
		c.restore(revision, set)
	}
	c.peace()
}

// write makes, changes, deletes an object, or makes it anew under its name.
func (c *chaos) write() {
	key := c.keys[c.random.IntN(len(c.keys))]
	old, there := c.set[key]
	switch {
	case there && c.chance(5):
		c.remove(key)
	case there && !c.chance(8):
		c.put(key, old.UID, strconv.Itoa(c.random.IntN(1000)))
	default:
		c.uid++
		c.put(key, "u"+strconv.Itoa(c.uid), "new")
	}
}

// fault does one thing that goes wrong, now or soon.
func (c *chaos) fault() {
	code := chaosCodes[c.random.IntN(len(chaosCodes))]
	err := coded(code, time.Duration(c.random.IntN(30)-5)*time.Second)
	c.mu.Lock()
	defer c.after(0)
	faults := []func(){
		func() {
			c.listErrs = append(c.listErrs, repeat(c.random.IntN(4), nil)...)
			c.listErrs = append(c.listErrs, err)
		},
		func() { c.watchErrs = append(c.watchErrs, repeat(1+c.random.IntN(6), err)...) },
		func() { c.identityErrs = append(c.identityErrs, err) },
		func() { c.openings = append(c.openings, endsAt(err), endsAt(nil)) },
		func() { c.watchErrs = append(c.watchErrs, errHangs) },
		func() { c.listErrs = append(c.listErrs, errPanics) },
		func() { c.compact = c.revision },
		func() { clear(c.streams) }, // half open: nothing comes any more
		func() { c.repeatLog(1 + c.random.IntN(5)) },
		func() { c.repeatLog(20) },
		func() { c.sink.fail = append(c.sink.fail, repeat(1+c.random.IntN(4), errors.New("the sink"))...) },
		func() { c.sink.fail = append(c.sink.fail, errPanics) },
	}
	n := c.random.IntN(len(faults) + 8)
	if n < len(faults) {
		c.sink.mu.Lock()
		faults[n]()
		c.sink.mu.Unlock()
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	switch {
	case n%2 == 0:
		c.end(err)
	case n%4 == 1:
		c.end(nil)
	default:
		c.bookmark()
	}
}

// repeatLog tells old events again, the last ones or some of long ago.
func (c *chaos) repeatLog(n int) {
	from := max(len(c.log)-n-c.random.IntN(30), 0)
	for _, frame := range c.log[from:min(from+n, len(c.log))] {
		for s := range c.streams {
			s.push(frame)
		}
	}
}

// looks holds what is true at every moment.
func (c *chaos) looks() {
	s, now := c.w.State(), time.Now()
	if age := s.Age(now); age < 0 || s.Status(now) == domain.CacheFresh && age > 181*time.Second {
		c.t.Errorf("fresh at the age of %v: %+v", age, s)
	}
	if s.Phase == domain.SyncLive && !s.Synced {
		c.t.Errorf("LIVE without a set: %+v", s)
	}
}

// peace ends all faults and waits until the sink has what the cluster has.
func (c *chaos) peace() {
	c.mu.Lock()
	c.listErrs, c.watchErrs, c.identityErrs, c.openings = nil, nil, nil, nil
	c.mu.Unlock()
	c.sink.mu.Lock()
	c.sink.fail = nil
	c.sink.mu.Unlock()
	for range 60 {
		c.after(20 * time.Second)
		if c.w.State().Phase == domain.SyncLive && cmp.Equal(c.set, c.sink.set) {
			break
		}
	}
	c.same()
	c.phase(domain.SyncLive, "")
	for _, wrong := range c.sink.wrong {
		c.t.Error(wrong)
	}
}

// orderedSink folds, and holds the order of what it is told.
type orderedSink struct {
	*fakeSink
	epoch int
	last  map[string]int // the revision last told of each uid
	wrong []string
}

func (s *orderedSink) SetState(ctx context.Context, state State) error {
	if state.Epoch != s.epoch { // an older history is the truth
		s.epoch, s.last = state.Epoch, nil
	}
	return s.fakeSink.SetState(ctx, state)
}

func (s *orderedSink) Replace(ctx context.Context, items []Item[string]) error {
	if err := s.fakeSink.Replace(ctx, items); err != nil {
		return err
	}
	for _, item := range items {
		s.told("a whole set", item, false)
	}
	return nil
}

func (s *orderedSink) Apply(ctx context.Context, events []Event[string]) error {
	if err := s.fakeSink.Apply(ctx, events); err != nil {
		return err
	}
	for _, e := range events {
		s.told(string(e.Type), e.Item, true)
	}
	return nil
}

// told holds that a revision of one object never falls, and that no event is told twice.
func (s *orderedSink) told(what string, item Item[string], rises bool) {
	if s.last == nil {
		s.last = map[string]int{}
	}
	revision, _ := strconv.Atoi(item.Revision)
	if last := s.last[item.UID]; revision < last || rises && revision == last {
		s.wrong = append(s.wrong, fmt.Sprintf("%s of %s/%s at %d, which was told at %d", what, item.Key, item.UID, revision, last))
	}
	s.last[item.UID] = revision
}
