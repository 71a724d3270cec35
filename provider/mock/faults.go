package mock

import (
	"context"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// faultSet are the rules of one call of Faults, and how far they are spent.
type faultSet struct {
	rules []Fault // never changes

	mu     sync.Mutex
	met    []int // how many calls have met each
	random *rand.Rand
}

// meets returns the fault that a call meets, or nil.
func (p *Provider) meets(k call) *Fault {
	set := p.faults.Load()
	if set == nil {
		return nil
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	for n := range set.rules {
		f := &set.rules[n]
		if !f.matches(k) || f.Count > 0 && set.met[n] >= f.Count || f.Probability > 0 && set.random.Float64() >= f.Probability {
			continue
		}
		set.met[n]++
		return f
	}
	return nil
}

func (f *Fault) matches(k call) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(f.Op, k.op) && is(f.Cluster, k.ref.Cluster) && is(f.Namespace, k.ref.Namespace) && is(f.Name, k.ref.Name) &&
		(k.write || !f.Writes)
}

// suffer waits for as long as the fault says and returns its error; nil when it was only a delay.
func (p *Provider) suffer(ctx context.Context, k call, f *Fault) error {
	if err := p.wait(ctx, f.Delay); err != nil {
		err.OutcomeUnknown = k.write
		return err
	}
	if f.Code == "" {
		return nil
	}
	return &domain.Error{Code: f.Code, Params: maps.Clone(f.Params), RetryAfter: f.RetryAfter, OutcomeUnknown: k.write && f.After}
}

// wait lets a while pass. What ends at the same instant is decided in one order: the caller's context, the Mock's own
// limit, the while.
func (p *Provider) wait(ctx context.Context, d time.Duration) *domain.Error {
	if d == 0 {
		return nil
	}
	timer := time.NewTimer(min(d, p.timeout))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	deadline, bounded := ctx.Deadline()
	switch err := ctx.Err(); {
	case err != nil:
		return domain.E(domain.CodeOf(err), nil, err)
	case bounded && !time.Now().Before(deadline): // its own timer is about to say so
		return domain.E(domain.CodeDeadlineExceeded, nil, context.DeadlineExceeded)
	case d >= p.timeout:
		return domain.E(domain.CodeVerbTimeout, nil, nil)
	}
	return nil
}
