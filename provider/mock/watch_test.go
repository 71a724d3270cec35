package mock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// story is what a stream tells within a while, an event a line.
func (c calls) story(opts provider.WatchOptions, d time.Duration, then func(event domain.Event[*domain.VM])) (lines []string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx(), d)
	defer cancel()
	for event, err := range c.p.WatchVMs(ctx, "mock", "team", opts) {
		switch item, ok := errors.AsType[*domain.ItemError](err); {
		case ok:
			lines = append(lines, fmt.Sprint("not readable: ", item.Ref.Name, " ", domain.CodeOf(err)))
			continue
		case err != nil:
			lines = append(lines, string(domain.CodeOf(err)))
			continue
		}
		line := string(event.Type)
		if vm := event.Value; vm != nil {
			line += " " + vm.Name + " " + string(vm.Status)
		}
		if event.FinalStateUnknown {
			line += " unseen"
		}
		lines = append(lines, line)
		then(event)
	}
	return lines
}

func (c calls) tells(want, got []string) {
	c.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWatchLife: a stream tells each step of a VM's life when it happens, though nobody else looks.
func TestWatchLife(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		start := time.Now()
		got := c.story(provider.WatchOptions{}, time.Minute, func(event domain.Event[*domain.VM]) {
			switch vm := event.Value; {
			case event.Type == domain.EventSynced:
				c.create(spec("vm"))
			case vm.Status == domain.StatusRunning && vm.GuestAgent == domain.FactYes:
				if took := time.Since(start); took > time.Second || took == 0 || !vm.Read.At.Equal(time.Now()) || vm.Read.From != domain.ReadLive {
					t.Errorf("RUNNING after %s, read %v", took, vm.Read)
				}
				c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}))
			}
		})
		c.tells([]string{
			"SYNCED", "ADDED vm UNOBSERVED", "MODIFIED vm PENDING", "MODIFIED vm STARTING", "MODIFIED vm RUNNING",
			"MODIFIED vm DELETING", "DELETED vm DELETING", "DEADLINE_EXCEEDED",
		}, slices.Compact(got))
	})
}

// TestWatchTrouble: a VM that cannot be read, a lost place, a Mock that is reset.
func TestWatchTrouble(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		halted := func(name string) domain.VMSpec {
			s := with(domain.RunStrategyHalted)
			s.Name = name
			return s
		}
		for _, name := range []string{"a", "b", "c"} {
			c.create(halted(name))
		}
		synctest.Wait()
		time.Sleep(time.Second)
		bad := domain.Ref{Cluster: "mock", Namespace: "team", Name: "b"}
		c.good(c.p.SetKnobs(bad, mock.Knobs{Unmappable: true}))
		step := 0
		got := c.story(provider.WatchOptions{}, time.Minute, func(event domain.Event[*domain.VM]) {
			if event.Type != domain.EventSynced && event.Type != domain.EventModified {
				return
			}
			switch step++; step {
			case 1: // synced
				c.good(c.p.SetKnobs(bad, mock.Knobs{}))
			case 2: // it can be read again
				c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "a", provider.DeleteOptions{}))
				time.Sleep(time.Second)
				c.create(halted("d"))
				c.p.ExpireStreams()
			case 4: // synced anew
				c.p.Reset()
			}
		})
		c.tells([]string{
			"ADDED a STOPPED", "not readable: b INCOMPATIBLE_SCHEMA", "ADDED c STOPPED", "SYNCED", "MODIFIED b STOPPED",
			"REBUILDING", "DELETED a STOPPED unseen", "MODIFIED b STOPPED", "ADDED d UNOBSERVED", "SYNCED",
			"DELETED b STOPPED", "DELETED c STOPPED", "DELETED d UNOBSERVED", "DEADLINE_EXCEEDED",
		}, got)
	})
}

// TestWatchBegin: what keeps a stream from beginning is its only value.
func TestWatchBegin(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Clusters: []string{"mock", "other"}, History: 1})
		c.create(spec("vm"))
		revision := func(cluster string, opts provider.WatchOptions) string {
			for event, err := range c.p.WatchVMs(c.ctx(), cluster, "team", opts) {
				c.good(err)
				if event.Type == domain.EventSynced {
					return event.Revision
				}
			}
			return ""
		}
		old := revision("mock", provider.WatchOptions{})
		time.Sleep(time.Second)
		for range 3 {
			revision("mock", provider.WatchOptions{}) // looks at the VM
			c.good(c.p.DeleteVM(c.ctx(), "mock", "team", "vm", provider.DeleteOptions{}))
			c.create(spec("vm2"))
			c.p.Reset()
			c.create(spec("vm"))
		}
		for what, tc := range map[string]struct {
			cluster string
			opts    provider.WatchOptions
			fault   mock.Fault
			want    domain.Code
		}{
			"an unknown cluster":     {cluster: "nowhere", want: domain.CodeClusterNotFound},
			"another's revision":     {cluster: "mock", opts: provider.WatchOptions{Revision: revision("other", provider.WatchOptions{})}, want: domain.CodeInvalidCursor},
			"a future revision":      {cluster: "other", opts: provider.WatchOptions{Revision: old}, want: domain.CodeInvalidCursor},
			"an old revision":        {cluster: "mock", opts: provider.WatchOptions{Revision: old}, want: domain.CodeRevisionExpired},
			"a negative queue":       {cluster: "mock", opts: provider.WatchOptions{Queue: -1}, want: domain.CodeInvalidOption},
			"a fault":                {cluster: "mock", fault: mock.Fault{Op: provider.OpWatchVMs, Code: domain.CodePermissionDenied}, want: domain.CodePermissionDenied},
			"a cluster that is slow": {cluster: "mock", fault: mock.Fault{Delay: mock.Never}, want: domain.CodeVerbTimeout},
		} {
			c.good(c.p.Faults(tc.fault))
			n := 0
			for event, err := range c.p.WatchVMs(c.ctx(), tc.cluster, "team", tc.opts) {
				e, ok := errors.AsType[*domain.Error](err)
				if n++; n > 1 || !ok || e.Code != tc.want || e.Op != provider.OpWatchVMs || e.Params[domain.ParamCluster] != tc.cluster || event.Type != "" {
					t.Errorf("%s: value %d is %v, %v, want %s", what, n, event, err, tc.want)
				}
				if n > 3 {
					break
				}
			}
			c.good(c.p.Faults())
		}
	})
}

// TestWatchOwn: what a stream tells belongs to its consumer.
func TestWatchOwn(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{})
		made := spec("vm")
		made.Labels = map[string]string{"tier": "web"}
		c.create(made)
		var seen []string
		for range 2 {
			for event, err := range c.p.WatchVMs(c.ctx(), "mock", "team", provider.WatchOptions{}) {
				c.good(err)
				if event.Value == nil {
					break
				}
				seen = append(seen, event.Value.Labels["tier"])
				event.Value.Labels["tier"] = "scrambled"
				event.Value.Name = "scrambled"
			}
		}
		c.tells([]string{"web", "web"}, seen)
		c.tells([]string{"web"}, []string{c.get("vm").Labels["tier"]})
	})
}
