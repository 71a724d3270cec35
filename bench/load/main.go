// Command load lets one Fleet follow many clusters under a storm of events, and writes down what was seen: how long
// the first sync takes, what the fleet needs at rest, how late events are told, and what happens when every cluster loses
// its history at once.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/kv-shepherd/shepherd-go/bench/internal/child"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if ok, err := child.Main(ctx, roles); ok {
		fail(err)
		return
	}
	var p plan
	flag.IntVar(&p.Clusters, "clusters", 100, "clusters")
	flag.IntVar(&p.VMs, "vms", 1000, "VMs in each, with an instance each")
	flag.DurationVar(&p.Idle, "idle", 30*time.Second, "how long nothing happens")
	flag.IntVar(&p.Rate, "rate", 2000, "events in a second, one of a VM for two of instances")
	flag.DurationVar(&p.Sustained, "sustained", time.Minute, "for how long")
	flag.IntVar(&p.BurstRate, "burst", 5000, "events in a second of the burst")
	flag.DurationVar(&p.Burst, "burst-for", 20*time.Second, "for how long")
	flag.StringVar(&p.report, "report", "../docs/load.md", "file of the report")
	flag.Parse()
	fail(p.run(ctx, os.Stdout))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}
