package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/kubevirt"
)

// shown is how many of the last events a table has under it.
const shown = 10

// screen draws a fleet. What happens comes from streams, what is from the caches.
type screen struct {
	out      io.Writer
	plain    bool
	fleet    *kubevirt.Fleet
	clusters []string

	mu     sync.Mutex
	last   []string
	states map[string]string // as they were drawn last, by cluster
}

// follow notes what happens in one cluster, until ctx ends. A stream that ended is begun anew.
func (s *screen) follow(ctx context.Context, p provider.VMWatcher, cluster string) {
	for ctx.Err() == nil {
		for e, err := range p.WatchVMs(ctx, cluster, provider.AllNamespaces, provider.WatchOptions{}) {
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				s.note(cluster, "", err.Error())
			case e.Value == nil:
				s.note(cluster, string(e.Type), "")
			default:
				s.note(cluster, string(e.Type), fmt.Sprint(e.Value.Namespace, "/", e.Value.Name, " ", e.Value.Status))
			}
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func (s *screen) note(cluster, what, text string) {
	line := fmt.Sprintf("%s %-8s %-10s %s", time.Now().Format("15:04:05.000"), cluster, what, text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plain {
		fmt.Fprintln(s.out, line)
		return
	}
	s.last = append(s.last, line)
	s.last = s.last[max(0, len(s.last)-shown):]
}

// run draws every second until ctx ends.
func (s *screen) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.draw()
		case <-ctx.Done():
			return
		}
	}
}

// draw draws the table, or the lines of it that have changed.
func (s *screen) draw() {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CLUSTER\tSTATE\tCACHE\tAGE\tVMS\tRUNNING")
	for _, name := range s.clusters {
		state, row := s.row(name)
		fmt.Fprintln(w, row)
		if s.changed(name, state) && s.plain {
			s.note(name, "is", state)
		}
	}
	if err := w.Flush(); err != nil || s.plain {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprint(s.out, "\x1b[H\x1b[2J", table.String(), "\n", strings.Join(s.last, "\n"), "\n")
}

func (s *screen) changed(cluster, state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.states[cluster]
	s.states[cluster] = state
	return before != state
}

// row is one line of the table, and where the cluster stands.
func (s *screen) row(cluster string) (state, row string) {
	now, ok := s.fleet.State(cluster)
	cache := s.fleet.Cache(cluster)
	if !ok || cache == nil {
		return "not followed", cluster + "\tnot followed"
	}
	running, total := 0, 0
	for vm, err := range cache.VMs(provider.AllNamespaces, "") {
		if err == nil {
			total++
			if vm.Status == domain.StatusRunning {
				running++
			}
		}
	}
	fresh := cache.Freshness()
	state = strings.TrimSpace(fmt.Sprint(now.Phase, " ", now.Reason))
	age := fresh.Age.Truncate(time.Second)
	return state + ", " + string(fresh.Status), fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%d", cluster, state, fresh.Status, age, total, running)
}
