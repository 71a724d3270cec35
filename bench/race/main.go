// Command race measures what it costs to keep the VMs of a cluster in memory and up to date: by this library, by client-go's
// shared informers, and by controller-runtime's cache. Each contender is a process of its own that follows the same
// stand-in for an API server; each is told the same events.
//
// It prints a table, and writes the figures as JSON and a drawing of them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

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
	flag.BoolVar(&p.million, "million", false, "run this library with a million VMs, and nothing else")
	flag.IntVar(&p.runs, "runs", 3, "runs of each contender, of which the median counts")
	flag.IntVar(&p.small, "small", 10_000, "VMs that every contender follows")
	flag.IntVar(&p.large, "large", 100_000, "VMs that this library follows, and the best of the others once; 0 leaves it out")
	flag.IntVar(&p.events, "events", 10_000, "events in a run")
	flag.IntVar(&p.rate, "rate", 2_000, "events in a second")
	flag.BoolVar(&p.watchList, "watchlist", true, "the server offers the initial set as a stream to those that ask for it")
	flag.StringVar(&p.only, "only", "", "run one contender, and write nothing")
	flag.StringVar(&p.profile, "profile", "", "write a CPU profile of each contender's run to this directory")
	flag.StringVar(&p.results, "results", "results/latest.json", "file of figures")
	flag.StringVar(&p.drawing, "drawing", "../docs/performance.svg", "file of the drawing")
	flag.Parse()
	fail(p.run(ctx, os.Stdout))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "race:", err)
		os.Exit(1)
	}
}
