package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/providertest/kubevirtsim"
)

// The story of the simulation.
const (
	expires  = 5 * time.Second
	fails    = 12 * time.Second // a stream that lived for ten seconds is taken up at once
	returns  = 50 * time.Second
	theEnd   = 74500 * time.Millisecond // between two drawings
	vmsEach  = 5
	tenants  = "default"
	expiring = "east"
	failing  = "west"
)

// simulation is a fleet in memory.
type simulation struct {
	sims map[string]*kubevirtsim.Server
}

func simulate(clusters *kubevirt.Clusters) (*simulation, error) {
	s := &simulation{map[string]*kubevirtsim.Server{}}
	for _, name := range []string{"east", "north", "west"} {
		sim, err := kubevirtsim.New(kubevirtsim.Options{})
		if err != nil {
			s.close()
			return nil, err
		}
		s.sims[name] = sim
		if err := clusters.Add(name, &rest.Config{Host: "http://" + name, Dial: sim.Dial}, kubevirt.ClusterOptions{}); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func (s *simulation) close() {
	for _, sim := range s.sims {
		sim.Close()
	}
}

// tell makes VMs, starts and stops them at random, and lets the two accidents happen.
func (s *simulation) tell(ctx context.Context, p *kubevirt.Provider) error {
	for name := range s.sims {
		for n := range vmsEach {
			spec := domain.VMSpec{Name: fmt.Sprint("web-", n), RunStrategy: domain.RunStrategyManual, MemoryBytes: 128 << 20}
			if _, err := p.CreateVM(ctx, name, tenants, spec, provider.CreateOptions{}); err != nil {
				return err
			}
		}
	}
	expire, fail, back, end := time.After(expires), time.After(fails), time.After(returns), time.After(theEnd)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.act(ctx, p)
		case <-expire: // the watches end, and their places are no longer in the history
			s.sims[expiring].EndWatches()
			s.sims[expiring].Compact()
		case <-fail:
			s.sims[failing].SetNetwork(kubevirtsim.NetworkRefused)
			s.sims[failing].BreakConnections()
		case <-back:
			s.sims[failing].SetNetwork(kubevirtsim.NetworkUp)
		case <-end:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// act starts or stops one VM. That it cannot be is a part of the story: the cluster may be out of reach, the VM on its way.
func (s *simulation) act(ctx context.Context, p *kubevirt.Provider) {
	clusters := []string{"east", "north", "west"}
	cluster, vm := clusters[rand.IntN(len(clusters))], fmt.Sprint("web-", rand.IntN(vmsEach))
	if err := p.StartVM(ctx, cluster, tenants, vm, provider.StartOptions{}); err != nil {
		_ = p.StopVM(ctx, cluster, tenants, vm, provider.StopOptions{})
	}
}
