// Watchcache shows a fleet as its caches have it: a table of clusters, how far each can be trusted, and what happens.
//
//	go run ./examples/watchcache                     # three simulated clusters, one of which expires, another one fails
//	go run ./examples/watchcache -kubeconfig FILE    # a KubeVirt cluster, until it is interrupted
//	go run ./examples/watchcache -plain              # no redrawing: for logs
//
// In the simulation a history is compacted after 5 seconds, and a cluster is out of reach from second 12 to 50. Its VMs
// stay readable, marked as STALE with their age, its circuit breaker opens, and no other cluster notices.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"os"
	"os/signal"
	"sync"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

func main() {
	log.SetFlags(0)
	kubeconfig := flag.String("kubeconfig", "", "follow the current context of this kubeconfig instead of a simulated fleet")
	plain := flag.Bool("plain", false, "write one line after the other instead of a table")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := choose(ctx, os.Stdout, *kubeconfig, *plain); err != nil {
		stop()
		log.Fatalf("watchcache: %v", err)
	}
}

// choose shows a simulated fleet for as long as its story takes, or a real cluster until ctx ends.
func choose(ctx context.Context, out io.Writer, kubeconfig string, plain bool) (err error) {
	clusters := kubevirt.NewClusters()
	defer func() { err = errors.Join(err, clusters.Close(context.WithoutCancel(ctx))) }()
	if kubeconfig == "" {
		s, err := simulate(clusters)
		if err != nil {
			return err
		}
		defer s.close()
		return show(ctx, out, clusters, plain, s.tell)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	if err := clusters.Add("cluster", config, kubevirt.ClusterOptions{}); err != nil {
		return err
	}
	return show(ctx, out, clusters, plain, func(ctx context.Context, _ *kubevirt.Provider) error {
		<-ctx.Done()
		return nil
	})
}

// show follows the clusters and draws what it knows of them, until the story ends or ctx does.
func show(ctx context.Context, out io.Writer, clusters *kubevirt.Clusters, plain bool, story func(context.Context, *kubevirt.Provider) error) error {
	// Everything but OpenFor is as it would be in production: a minute of an open breaker is long to look at.
	fleet, err := kubevirt.NewFleet(clusters, kubevirt.FleetOptions{Watch: watcher.Options{OpenFor: 5 * time.Second}})
	if err != nil {
		return err
	}
	p, err := kubevirt.New(clusters, kubevirt.Options{Fleet: fleet})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	defer stop()
	tasks.Go(func() { _ = fleet.Run(ctx) }) // a first run ends with ctx, and without an error

	s := &screen{out: out, plain: plain, fleet: fleet, clusters: clusters.Names(), states: map[string]string{}}
	for _, name := range s.clusters {
		tasks.Go(func() { s.follow(ctx, p, name) })
	}
	tasks.Go(func() { s.run(ctx) })
	return story(ctx, p)
}
