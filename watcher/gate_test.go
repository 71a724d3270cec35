package watcher_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/watcher"
)

// TestStateGate is table 2.0: what a state means to writes.
func TestStateGate(t *testing.T) {
	now := time.Now()
	type answer struct {
		Code  domain.Code
		After time.Duration
	}
	cases := map[string]struct {
		state watcher.State
		want  answer
	}{
		"idle":              {watcher.State{Phase: domain.SyncIdle}, answer{domain.CodeClusterSyncing, 5 * time.Second}},
		"syncing":           {watcher.State{Phase: domain.SyncSyncing}, answer{domain.CodeClusterSyncing, 5 * time.Second}},
		"live":              {watcher.State{Phase: domain.SyncLive}, answer{}},
		"retrying":          {watcher.State{Phase: domain.SyncRetrying, Reason: domain.ReasonStreamBroken}, answer{}},
		"rebuilding":        {watcher.State{Phase: domain.SyncRebuilding, Reason: domain.ReasonExpired}, answer{domain.CodeClusterRebuilding, 5 * time.Second}},
		"open":              {watcher.State{Phase: domain.SyncOpen, RetryAt: now.Add(40 * time.Second)}, answer{domain.CodeClusterUnreachable, 40 * time.Second}},
		"open, almost over": {watcher.State{Phase: domain.SyncOpen, RetryAt: now.Add(-time.Second)}, answer{domain.CodeClusterUnreachable, time.Second}},
		"probing":           {watcher.State{Phase: domain.SyncProbing}, answer{domain.CodeClusterUnreachable, time.Second}},
		"stopped":           {watcher.State{Phase: domain.SyncStopped}, answer{Code: domain.CodeClosed}},
		"unauthorized":      {blocked(domain.ReasonUnauthorized), answer{Code: domain.CodeClusterCredentials}},
		"missing":           {blocked(domain.ReasonAPIMissing), answer{Code: domain.CodeKubeVirtMissing}},
		"identity":          {blocked(domain.ReasonIdentityChanged), answer{Code: domain.CodeClusterIdentityChanged}},
		"forbidden":         {blocked(domain.ReasonForbidden), answer{}},
		"bad config":        {blocked(domain.ReasonBadConfig), answer{}},
		"too large":         {blocked(domain.ReasonTooLarge), answer{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got answer
			if err := c.state.Gate(now); err != nil {
				got = answer{err.Code, err.RetryAfter}
				if err.Code.Kind() != domain.KindUnavailable {
					t.Errorf("kind %v is not HTTP 503", err.Code.Kind())
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Gate (-want +got):\n%s", diff)
			}
		})
	}
}

func blocked(reason domain.SyncReason) watcher.State {
	return watcher.State{Phase: domain.SyncBlocked, Reason: reason}
}

// called is a provider that answers every call, and counts them.
type called struct {
	provider.Unimplemented
	ops []provider.Op
}

func (c *called) GetVM(context.Context, string, string, string) (*domain.VM, error) {
	c.ops = append(c.ops, provider.OpGetVM)
	return &domain.VM{}, nil
}

func (c *called) StartVM(context.Context, string, string, string, provider.StartOptions) error {
	c.ops = append(c.ops, provider.OpStartVM)
	return nil
}

func (c *called) StopVM(context.Context, string, string, string, provider.StopOptions) error {
	c.ops = append(c.ops, provider.OpStopVM)
	return nil
}

func (c *called) PauseVM(context.Context, string, string, string, provider.PauseOptions) error {
	c.ops = append(c.ops, provider.OpPauseVM)
	return nil
}

func (c *called) DeleteVM(context.Context, string, string, string, provider.DeleteOptions) error {
	c.ops = append(c.ops, provider.OpDeleteVM)
	return nil
}

// TestGate holds which calls pass a gate, which are told of, and what the others are answered.
func TestGate(t *testing.T) {
	start := func(ctx context.Context, p provider.Provider) error {
		return p.StartVM(ctx, "c", "ns", "vm", provider.StartOptions{})
	}
	stop := func(uid string) func(context.Context, provider.Provider) error {
		return func(ctx context.Context, p provider.Provider) error {
			return p.StopVM(ctx, "c", "ns", "vm", provider.StopOptions{UID: uid})
		}
	}
	pause := func(ctx context.Context, p provider.Provider) error {
		return p.PauseVM(ctx, "c", "ns", "vm", provider.PauseOptions{UID: "u"})
	}
	remove := func(ctx context.Context, p provider.Provider) error {
		return p.DeleteVM(ctx, "c", "ns", "vm", provider.DeleteOptions{UID: "u"})
	}
	read := func(ctx context.Context, p provider.Provider) error {
		_, err := p.GetVM(ctx, "c", "ns", "vm")
		return err
	}
	rebuilding, other := watcher.State{Phase: domain.SyncRebuilding}, blocked(domain.ReasonIdentityChanged)
	cases := map[string]struct {
		why      string
		state    watcher.State
		unknown  bool
		pastGate bool
		call     func(context.Context, provider.Provider) error
		code     domain.Code
		exempt   int
	}{
		"open gate":            {why: "a write passes and nobody is told", state: watcher.State{Phase: domain.SyncLive}, call: start},
		"closed":               {why: "a write waits", state: rebuilding, call: start, code: domain.CodeClusterRebuilding},
		"read":                 {why: "reads have no gate", state: other, call: read},
		"nobody watches":       {why: "a cluster without a watcher has no gate", state: other, unknown: true, call: start},
		"stop without uid":     {why: "it might stop another machine of that name", state: rebuilding, call: stop(""), code: domain.CodeClusterRebuilding},
		"stop":                 {why: "in an emergency a machine must be stoppable", state: rebuilding, call: stop("u"), exempt: 1},
		"pause":                {why: "as stop", state: rebuilding, call: pause, exempt: 1},
		"delete":               {why: "as stop", state: rebuilding, call: remove, exempt: 1},
		"past the gate":        {why: "an operator knows what the watcher does not", state: rebuilding, pastGate: true, call: start, exempt: 1},
		"past an open gate":    {why: "nothing was passed", state: watcher.State{Phase: domain.SyncLive}, pastGate: true, call: start},
		"stop, other cluster":  {why: "nothing passes to another cluster", state: other, call: stop("u"), code: domain.CodeClusterIdentityChanged},
		"past, other cluster":  {why: "not even an operator", state: other, pastGate: true, call: start, code: domain.CodeClusterIdentityChanged},
		"stopped, with uid":    {why: "emergency verbs need no watcher", state: watcher.State{Phase: domain.SyncStopped}, call: stop("u"), exempt: 1},
		"stopped, without uid": {why: "the rest does", state: watcher.State{Phase: domain.SyncStopped}, call: start, code: domain.CodeClosed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			behind := &called{}
			exempt := 0
			p := provider.Wrap(behind, watcher.Gate(
				func(cluster string) (watcher.State, bool) { return c.state, !c.unknown && cluster == "c" },
				watcher.GateOptions{OnExempt: func(_ context.Context, call *provider.Call, s watcher.State) {
					exempt++
					if call.Ref.Name != "vm" || s.Phase != c.state.Phase {
						t.Errorf("told of %+v in %+v", call, s)
					}
				}}))
			ctx := t.Context()
			if c.pastGate {
				ctx = provider.PastGate(ctx)
			}
			err := c.call(ctx, p)
			if domain.CodeOf(err) != c.code || exempt != c.exempt {
				t.Errorf("%s: answered %v, told of %d exempt calls, want %q and %d", c.why, err, exempt, c.code, c.exempt)
			}
			if passed := len(behind.ops) == 1; passed != (c.code == "") {
				t.Errorf("%s: passed %v", c.why, passed)
			}
			if e, ok := errors.AsType[*domain.Error](err); ok && (e.Op == "" || e.Params[domain.ParamCluster] != "c") {
				t.Errorf("the answer does not say what was refused: %+v", e)
			}
		})
	}
}

// TestGateWithoutHook: who wants to be told of nothing is told of nothing.
func TestGateWithoutHook(t *testing.T) {
	behind := &called{}
	p := provider.Wrap(behind, watcher.Gate(func(string) (watcher.State, bool) { return watcher.State{}, true }, watcher.GateOptions{}))
	if err := p.StopVM(t.Context(), "c", "ns", "vm", provider.StopOptions{UID: "u"}); err != nil || len(behind.ops) != 1 {
		t.Errorf("%v, %d calls", err, len(behind.ops))
	}
}
