package providertest

import (
	"context"
	"errors"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// What goes on, and what must not, when a context has ended.
var waitChecks = []check{
	{
		id: "CTX-04",
		why: "a canceled write has OutcomeUnknown when it may have reached the server, and repeating it with the same key " +
			"comes to one VM",
		needs: all(need(NeedIdempotency), faults(FaultLost)),
		run:   checkLostCreate,
	},
	{
		id:  "CTX-05",
		why: "who cancels a wait for a start or a migration does not cancel the start or the migration",
		run: checkCanceledWait,
	},
	{
		id:    "CTX-06",
		why:   "nothing that a provider's calls have started goes on when it was closed",
		needs: all(faults(FaultHang), need(NeedClose)),
		run:   checkLeftBehind,
	},
}

func checkLostCreate(e *env) {
	opts := provider.CreateOptions{IdempotencyKey: "the-same-intent"}
	create := blockingCall{"create", true, func(ctx context.Context) error {
		return second(e.Provider.CreateVM(ctx, e.cluster, e.ns, e.spec("vm", domain.RunStrategyHalted), opts))
	}}
	early, cancel := context.WithCancel(e.ctx)
	cancel()
	err := create.do(early)
	e.code("create that was canceled before", err, domain.CodeCanceled)
	e.holds(!outcomeUnknown(err), "a create that was never sent has OutcomeUnknown")

	_, err = e.interrupted(create, FaultLost)
	e.code("create whose answer is lost, canceled", err, domain.CodeCanceled)
	e.holds(outcomeUnknown(err), "a create that was sent has no OutcomeUnknown: %v", err)

	var made *domain.VM // the request may still be on its way
	e.eventually("the VM of the lost create exists", func() bool {
		made, err = e.Provider.GetVM(e.ctx, e.cluster, e.ns, "vm")
		return err == nil
	})
	for range 2 {
		again, err := e.createVM(e.spec("vm", domain.RunStrategyHalted), opts)
		if e.code("the same create again", err, "") {
			e.same("UID of the same create again", made.UID, again.UID)
		}
	}
	e.same("UID", made.UID, e.get("vm").UID)
	e.stores("after all creates", "vm")
}

// outcomeUnknown says whether a write that failed may have happened.
func outcomeUnknown(err error) bool {
	own, ok := errors.AsType[*domain.Error](err)
	return ok && own.OutcomeUnknown
}

func checkCanceledWait(e *env) {
	e.create(e.spec("vm", domain.RunStrategyAlways))
	e.giveUpWaiting("vm")
	e.settles("vm", domain.StatusRunning)
	e.quiet("vm")
	if !e.has(NeedMigration) {
		return
	}
	// That to cancel the migration itself does end it, is MIG-05.
	m, err := e.migrate("vm")
	e.must("migrate", err)
	e.giveUpWaiting("vm")
	e.eventually("the migration ends", func() bool {
		m, err = e.Provider.GetMigration(e.ctx, e.cluster, e.ns, m.Name)
		e.must("get the migration", err)
		return m.Phase.Ended()
	})
	e.same("phase of the migration", domain.PhaseSucceeded, m.Phase)
}

// giveUpWaiting begins to wait for what never comes, and cancels that when it has looked once.
func (e *env) giveUpWaiting(name string) {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	_, err := provider.WaitVM(ctx, e.Provider, e.cluster, e.ns, name, func(*domain.VM) bool {
		cancel()
		return false
	}, e.waitOptions())
	e.code("the canceled wait", err, domain.CodeCanceled)
}

func checkLeftBehind(e *env) {
	for _, name := range []string{"vm", "vm-2"} {
		e.create(e.spec(name, domain.RunStrategyHalted))
	}
	mark := newBrand()
	mark.on(e.ctx, func() {
		for _, c := range e.blocking()[:2] {
			e.must(c.what, c.do(e.ctx))
		}
		for range 4 {
			for _, err := range provider.VMs(e.ctx, e.Provider, e.cluster, e.ns, provider.ListOptions{Limit: 1}) {
				e.must("walk", err)
				break
			}
			e.giveUpWaiting("vm")
		}
	})
	for _, c := range e.blocking() {
		call := c.do
		c.do = func(ctx context.Context) (err error) {
			mark.on(ctx, func() { err = call(ctx) })
			return err
		}
		_, err := e.interrupted(c, FaultHang)
		e.code("canceled "+c.what, err, domain.CodeCanceled)
	}
	e.must("close", e.Close(e.ctx))
	e.leavesAtMost(0, mark, "after Close")
}
