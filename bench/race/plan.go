package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kv-shepherd/shepherd-go/bench/internal/bodyserver"
	"github.com/kv-shepherd/shepherd-go/bench/internal/child"
)

// plan is what is to be run.
type plan struct {
	million            bool
	runs, small, large int
	events, rate       int
	watchList          bool
	only, profile      string
	results, drawing   string
}

const million = 1_000_000

// run races, and writes what came out.
func (p plan) run(ctx context.Context, out io.Writer) error {
	switch {
	case p.only != "":
		return p.one(ctx, out)
	case p.million:
		return p.alone(ctx, out)
	}
	r := newResults(p)
	small, err := p.field(ctx, out, p.small, p.runs, variants(), p.events)
	if err != nil {
		return err
	}
	r.add(p.small, small)
	if p.large > 0 {
		ours, best := pick(small)
		for _, entry := range []struct {
			who  variant
			runs int
		}{{ours, p.runs}, {best, 1}} {
			large, err := p.field(ctx, out, p.large, entry.runs, []variant{entry.who}, 0)
			if err != nil {
				return err
			}
			r.add(p.large, large)
		}
	}
	if old, err := readResults(p.results); err == nil {
		r.keepMillion(old)
	}
	return r.publish(p, out)
}

// one runs one contender, to look at it.
func (p plan) one(ctx context.Context, out io.Writer) error {
	for _, v := range variants() {
		if v.name == p.only {
			_, err := p.field(ctx, out, p.small, p.runs, []variant{v}, p.events)
			return err
		}
	}
	return fmt.Errorf("no contender %q", p.only)
}

// alone runs this library with a million VMs, and adds to what was found before.
func (p plan) alone(ctx context.Context, out io.Writer) error {
	r, err := readResults(p.results)
	if err != nil {
		return fmt.Errorf("race first, for what to compare with: %w", err)
	}
	found, err := p.field(ctx, out, million, 1, variants()[:1], 0)
	if err != nil {
		return err
	}
	r.add(million, found)
	return r.publish(p, out)
}

// field runs contenders against one server, all of them in turn, so that what disturbs the machine disturbs all alike.
func (p plan) field(ctx context.Context, out io.Writer, vms, runs int, who []variant, events int) (found []finish, err error) {
	server, err := child.Start(ctx, roleServer, bodyserver.Options{Clusters: 1, VMs: vms, WatchList: p.watchList})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	t := task{VMs: vms, Events: events, Rate: p.rate, Profile: p.profile}
	if err := server.Answer(&t.Server); err != nil {
		return nil, err
	}
	found = make([]finish, len(who))
	for n := range runs {
		for at, v := range who {
			f, err := race(ctx, v, t)
			if err != nil {
				return nil, err
			}
			found[at].variant = v
			found[at].runs = append(found[at].runs, f)
			fmt.Fprintf(out, "%d VMs, run %d, %s: sync %.2f s (CPU %.2f s), %d bytes per VM, event %v, at once %v, relist %v\n", vms, n+1, v.what,
				f.SyncWall.Seconds(), f.SyncCPU.Seconds(), f.Retained/int64(vms), f.EventCPU, f.BurstCPU, f.RelistCPU)
		}
	}
	return found, nil
}

// race runs one contender once, in a process of its own.
func race(ctx context.Context, v variant, t task) (f figures, err error) {
	t.Variant = v.name
	environment := v.environment
	if t.VMs >= million {
		// What a host does that must stay within a size: the collector works more when the limit is near.
		environment = append(environment, "GOMEMLIMIT="+millionLimit)
	}
	process, err := child.Start(ctx, roleContender, t, environment...)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, process.Stop()) }()
	return f, process.Answer(&f)
}

// millionLimit is the Go runtime's soft limit of memory in the run with a million VMs.
const millionLimit = "1900MiB"

// write replaces a file.
func write(name string, content []byte) error {
	const readable = 0o644
	return os.WriteFile(name, content, readable) //nolint:gosec // figures are for all to read
}
