package providertest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// The family CTX: contexts that end before, during and after calls.
var contextChecks = slices.Concat(endChecks, waitChecks)

// Calls whose context ends.
var endChecks = []check{
	{
		id:    "CTX-01",
		why:   "a call with a context that was canceled before is CANCELED, and sends nothing",
		needs: need(NeedRequests),
		run:   checkCanceledBefore,
	},
	{
		id:    "CTX-02",
		why:   "a call that is canceled while it waits returns at once, with CANCELED, for which errors.Is of context.Canceled holds",
		needs: faults(FaultHang),
		run:   checkCanceledWithin,
	},
	{
		id: "CTX-03",
		why: "a call returns when the caller's deadline passes, with DEADLINE_EXCEEDED, and the provider's own limit is " +
			"VERB_TIMEOUT",
		needs: faults(FaultHang),
		run:   checkDeadlines,
	},
}

func checkCanceledBefore(e *env) {
	vm := e.halted("vm")
	before := e.Requests()
	e.get("vm")
	e.holds(e.Requests() != before, "a read counts as no request: nothing can be told")

	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	for method := range reflect.TypeFor[provider.Provider]().Methods() {
		before := e.Requests()
		err := e.invoke(ctx, method, e.cluster, e.ns, "vm")
		if len(e.h.Missing) == 0 || domain.KindOf(err) != domain.KindUnsupported { // the provider may have no such verb
			e.code(method.Name, err, domain.CodeCanceled)
		}
		e.same("requests of "+method.Name, before, e.Requests())
	}
	e.sameVMs("VMs after the canceled calls", []*domain.VM{vm}, e.list(provider.ListOptions{}).Items)
}

// blocking are calls that wait for the cluster, reads and writes.
func (e *env) blocking() []blockingCall {
	return []blockingCall{
		{"get", false, func(ctx context.Context) error {
			return second(e.Provider.GetVM(ctx, e.cluster, e.ns, "vm"))
		}},
		{"list", false, func(ctx context.Context) error {
			return second(e.Provider.ListVMs(ctx, e.cluster, e.ns, provider.ListOptions{}))
		}},
		{"create", true, func(ctx context.Context) error {
			return second(e.Provider.CreateVM(ctx, e.cluster, e.ns, e.spec("new", domain.RunStrategyHalted), provider.CreateOptions{}))
		}},
		{"delete", true, func(ctx context.Context) error {
			return e.Provider.DeleteVM(ctx, e.cluster, e.ns, "vm", provider.DeleteOptions{})
		}},
	}
}

type blockingCall struct {
	what  string
	write bool // the request that hangs is the write, not a read before it
	do    func(ctx context.Context) error
}

// while is how long a call is left waiting before something ends it.
func (e *env) while() time.Duration { return 10 * e.h.interval() }

// promptly is how long a call may take to return once its context has ended.
func (e *env) promptly() time.Duration {
	if e.h.Virtual {
		return 100 * time.Millisecond
	}
	return 2 * time.Second
}

// interrupted makes a call that gets no answer and cancels it after a while. It returns how much later the call returned,
// and with what.
func (e *env) interrupted(c blockingCall, kind FaultKind) (late time.Duration, err error) {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	var canceled, returned time.Time
	e.failing(Fault{Kind: kind, Write: c.write}, func() {
		e.concurrently(2, func(n int) {
			if n == 0 {
				err = c.do(ctx)
				returned = time.Now()
				return
			}
			e.sleep(e.while())
			canceled = time.Now()
			cancel()
		})
	})
	return returned.Sub(canceled), err
}

func checkCanceledWithin(e *env) {
	e.halted("vm")
	for _, c := range e.blocking() {
		late, err := e.interrupted(c, FaultHang)
		e.code("canceled "+c.what, err, domain.CodeCanceled)
		e.holds(errors.Is(err, context.Canceled), "canceled %s: errors.Is of context.Canceled does not hold for %v", c.what, err)
		e.holds(late <= e.promptly(), "canceled %s: it returned %s later", c.what, late)
	}
}

func checkDeadlines(e *env) {
	e.halted("vm")
	over, cancel := context.WithDeadline(e.ctx, time.Now().Add(-time.Second))
	defer cancel()
	for _, c := range e.blocking() {
		e.code(c.what+" after the deadline", c.do(over), domain.CodeDeadlineExceeded)

		late, err := e.overdue(c)
		e.code(c.what+" until the deadline", err, domain.CodeDeadlineExceeded)
		e.holds(errors.Is(err, context.DeadlineExceeded), "%s: errors.Is of context.DeadlineExceeded does not hold for %v", c.what, err)
		e.holds(late <= e.promptly(), "%s: it returned %s after its deadline", c.what, late)
	}

	// The provider's own limit. A caller with all the time in the world must be told whose time ran out.
	const longest = 2 * time.Minute
	patient, cancel := context.WithTimeout(e.ctx, longest)
	defer cancel()
	e.failing(Fault{Kind: FaultHang}, func() {
		err := second(e.Provider.GetVM(patient, e.cluster, e.ns, "vm"))
		e.code("get without an answer", err, domain.CodeVerbTimeout)
	})
}

// overdue makes a call that gets no answer before its deadline. It returns how much later the call returned, and with what.
func (e *env) overdue(c blockingCall) (late time.Duration, err error) {
	e.failing(Fault{Kind: FaultHang, Write: c.write}, func() {
		deadline := time.Now().Add(e.while())
		ctx, cancel := context.WithDeadline(e.ctx, deadline)
		defer cancel()
		err = c.do(ctx)
		late = time.Since(deadline)
	})
	return late, err
}
