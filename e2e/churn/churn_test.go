package churn_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/kv-shepherd/shepherd-go/e2e/harness"
	"github.com/kv-shepherd/shepherd-go/e2e/kubevirt/setup"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

const (
	cluster = "c1"
	rounds  = 5
	// Three writers have a third of the machines each, of which every so many runs.
	writers  = 3
	machines = 500
	runs     = 20
	// steps is how much each writer does before a restart, and after it.
	steps = 25
	// patience is how long anything may take on a computer that does other things as well.
	patience = 2 * time.Minute
)

// TestChurn: whatever happened while the API server was restarted and the history compacted, once nobody writes any more
// a cache has what the server has, and its consumers were told of it without a gap.
func TestChurn(t *testing.T) {
	namespace := harness.Namespace(t)
	site := newSite(t, namespace)
	site.fill(t)
	for round := range rounds {
		t.Run(fmt.Sprint("round", round), site.round)
	}
	site.sum(t)
}

// site is what all rounds share.
type site struct {
	namespace string
	clusters  *kubevirt.Clusters
	live      *kubevirt.Provider
	fleet     *kubevirt.Fleet
	cache     *watcher.VMCache
	writers   []*writer
	consumers map[string]*ledger
	tardy     *watcher.Subscription[watcher.VMRecord]
}

func newSite(t *testing.T, namespace string) *site {
	s := &site{namespace: namespace, clusters: kubevirt.NewClusters()}
	setup.Must(t, "add the cluster", s.clusters.Add(cluster, harness.Get(t).RESTConfig(), kubevirt.ClusterOptions{QPS: -1}))
	var err error
	s.live, err = kubevirt.New(s.clusters, kubevirt.Options{})
	setup.Must(t, "make the provider", err)
	// Small pages give a compaction a list to come between. A breaker that opens does so for a short time, since a
	// server that restarts is soon back.
	s.fleet, err = kubevirt.NewFleet(s.clusters, kubevirt.FleetOptions{Watch: watcher.Options{PageSize: 50, OpenFor: 2 * time.Second}})
	setup.Must(t, "make the fleet", err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { _ = s.fleet.Run(ctx) }) // the end of ctx
	t.Cleanup(func() {
		stop()
		running.Wait()
		end, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		setup.Must(t, "close the clusters", s.clusters.Close(end))
	})
	soon, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	setup.Must(t, "wait for the first set", s.fleet.WaitSynced(soon))
	s.cache = s.fleet.Cache(cluster)
	s.consumers = map[string]*ledger{"a prompt consumer": newLedger(0), "a tardy consumer": newLedger(16)}
	for name, consumer := range s.consumers {
		notices := s.cache.Subscribe(watcher.SubscribeOptions[watcher.VMRecord]{Queue: consumer.queue})
		if name == "a tardy consumer" {
			s.tardy = notices
		}
		running.Go(func() { consumer.follow(ctx, notices) })
		t.Cleanup(notices.Close)
	}
	for number := range writers {
		share := machines / writers
		if number < machines%writers {
			share++
		}
		s.writers = append(s.writers, newWriter(t, namespace, number, share, runs))
	}
	return s
}

// fill makes all machines.
func (s *site) fill(t *testing.T) {
	var wait sync.WaitGroup
	for _, w := range s.writers {
		wait.Go(func() { w.fill(t.Context()) })
	}
	wait.Wait()
	s.quiet(t)
}

// round lets the writers loose, takes the server away from them and from the watchers, and its history, and looks what
// has become of the cache.
func (s *site) round(t *testing.T) {
	tardy := s.consumers["a tardy consumer"]
	tardy.late.Lock()
	churning, stop := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for _, w := range s.writers {
		wait.Go(func() { w.churn(churning) })
	}
	end := sync.OnceFunc(func() {
		stop()
		wait.Wait()
		tardy.late.Unlock()
	})
	defer end()
	before, _ := s.fleet.Stats(cluster)
	s.progress(t)
	s.disturb(t)
	s.progress(t)
	end()
	s.quiet(t)
	after, _ := s.fleet.Stats(cluster)
	for what, watches := range map[string]int64{
		"machines":  after.VMs.Watches - before.VMs.Watches,
		"instances": after.Instances.Watches - before.Instances.Watches,
	} {
		if watches == 0 {
			t.Errorf("the stream of %s did not break", what)
		}
	}
	for name, consumer := range s.consumers {
		setup.Must(t, name, consumer.audit(s.made()))
	}
}

// progress waits until every writer has done something more.
func (s *site) progress(t *testing.T) {
	t.Helper()
	for _, w := range s.writers {
		enough := w.steps() + steps
		harness.Eventually(t, patience, func() error {
			if now := w.steps(); now < enough {
				return fmt.Errorf("a writer has done %d of %d", now, enough)
			}
			return nil
		})
	}
}

// disturb restarts the API server, and compacts the history before, meanwhile, and afterwards.
func (s *site) disturb(t *testing.T) {
	t.Helper()
	plane := harness.Get(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	setup.Must(t, "compact", plane.Compact(ctx))
	restarted := make(chan error, 1)
	go func() { restarted <- plane.RestartAPIServer(ctx) }()
	often := time.NewTicker(500 * time.Millisecond)
	defer often.Stop()
	var errs []error
	for over := false; !over; {
		select {
		case err := <-restarted:
			over, errs = true, append(errs, err)
		case <-often.C:
			errs = append(errs, plane.Compact(ctx))
		}
	}
	setup.Must(t, "restart and compact", errors.Join(append(errs, plane.Compact(ctx))...))
}

// quiet waits until all agree.
func (s *site) quiet(t *testing.T) {
	t.Helper()
	client := harness.Virt(t)
	harness.Eventually(t, patience, func() error {
		return agree(t.Context(), client, s.live, s.cache, cluster, s.namespace, s.consumers)
	})
}

// made are the UIDs of all machines that were ever there.
func (s *site) made() map[string]bool {
	all := map[string]bool{}
	for _, w := range s.writers {
		w.mu.Lock()
		maps.Copy(all, w.made)
		w.mu.Unlock()
	}
	return all
}

// sum tells what happened, and that it did happen.
func (s *site) sum(t *testing.T) {
	for number, w := range s.writers {
		t.Logf("writer %d: %v", number, w.done)
		for _, what := range []string{"created", "deleted", "made anew", "labelled", "turned", "failed"} {
			if w.done[what] == 0 {
				t.Errorf("writer %d: nothing was %s", number, what)
			}
		}
		if w.refused != nil {
			t.Errorf("writer %d: %v", number, w.refused)
		}
	}
	stats, _ := s.fleet.Stats(cluster)
	t.Logf("%+v", stats)
	if stats.VMs.Expired == 0 || stats.Instances.Expired == 0 {
		t.Error("no place was lost")
	}
	if s.tardy.Stats().Merged == 0 {
		t.Error("no notices were merged")
	}
}
