package providertest

import (
	"errors"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

func checkRetryable(e *env) {
	vm := e.halted("vm")
	for _, p := range append(e.provokedByVerbs(), e.provokedByState(vm)...) {
		if p.err != nil { // ERR-01 finds fault with that
			e.retryable(p.what, p.err, p.want == domain.CodeRevisionConflict)
		}
	}
	get := func() error { return second(e.Provider.GetVM(e.ctx, e.cluster, e.ns, "vm")) }
	remove := func() error { return e.remove("vm") }
	for _, c := range []struct {
		kind FaultKind
		call func() error
		code domain.Code
	}{
		{FaultUnreachable, get, domain.CodeClusterUnreachable},
		{FaultUnreachable, remove, domain.CodeClusterUnreachable},
		{FaultThrottled, get, domain.CodeThrottled},
		{FaultThrottled, remove, domain.CodeThrottled},
		{FaultHang, get, domain.CodeVerbTimeout},
		{FaultWriteRace, remove, domain.CodeRevisionConflict},
	} {
		e.failing(Fault{Kind: c.kind, Write: c.kind == FaultWriteRace}, func() {
			err := c.call()
			e.code(string(c.kind), err, c.code)
			e.retryable(string(c.kind), err, true)
		})
	}
}

// retryable finds fault with an error that asks to be tried again and must not, or must and does not.
func (e *env) retryable(what string, err error, want bool) {
	own, ok := errors.AsType[*domain.Error](err)
	if e.holds(ok && own != nil, "%s: no *domain.Error: %v", what, err) {
		e.holds(own.Retryable() == want, "%s: retryable is %t: %v", what, own.Retryable(), err)
	}
}

func checkConflicts(e *env) {
	e.running("on")
	before := e.halted("off")
	for what, call := range map[string]func() error{
		"start of a VM that runs":     func() error { return e.start("on") },
		"stop of a VM that is off":    func() error { return e.stop("off") },
		"restart of a VM that is off": func() error { return e.restart("off") },
	} {
		// A provider may look first, try, and look again why it was refused: VM and instance, twice.
		const looks = 4
		sent := e.Requests()
		e.kind(what, call(), domain.KindFailedPrecondition)
		now := e.Requests()
		e.holds(now.Writes-sent.Writes <= 1 && now.Reads-sent.Reads <= looks, "%s: %d reads and %d writes for one refusal",
			what, now.Reads-sent.Reads, now.Writes-sent.Writes)
	}

	e.failing(Fault{Kind: FaultWriteRace, Write: true}, func() {
		_, _, err := e.update("off", label("race", "lost"))
		e.code("update, which loses every race", err, domain.CodeRevisionConflict)
		e.code("start, which loses every race", e.start("off"), domain.CodeRevisionConflict)
	})
	e.same("revision after races that were lost", before.Revision, e.quiet("off").Revision)

	e.failing(Fault{Kind: FaultWriteRace, Write: true, Count: 1}, func() {
		_, _, err := e.Provider.UpdateVM(e.ctx, e.cluster, e.ns, "off", label("race", "revision"), provider.UpdateOptions{Revision: before.Revision})
		e.code("update of a revision, which loses a race", err, domain.CodeRevisionConflict)
	})
	e.same("revision after an update of it was lost", before.Revision, e.quiet("off").Revision)

	var err error
	e.failing(Fault{Kind: FaultWriteRace, Write: true, Count: 1}, func() { _, _, err = e.update("off", label("race", "once")) })
	if err == nil { // then it has tried again by itself, as it may
		e.same("label after an update that says it was done", "once", e.get("off").Labels["race"])
		return
	}
	e.code("update, which loses one race", err, domain.CodeRevisionConflict)
	e.same("label after an update that says it was lost", "", e.get("off").Labels["race"])
}

func checkLimits(e *env) {
	e.halted("vm")
	get := func() error { return second(e.Provider.GetVM(e.ctx, e.cluster, e.ns, "vm")) }
	remove := func() error { return e.remove("vm") }
	create := func() error {
		return second(e.Provider.CreateVM(e.ctx, e.cluster, e.ns, e.spec("new", domain.RunStrategyHalted), provider.CreateOptions{}))
	}
	for _, c := range []struct {
		what  string
		fault Fault
		call  func() error
		code  domain.Code
	}{
		{"get, throttled for 7 s", Fault{Kind: FaultThrottled, RetryAfter: 7}, get, domain.CodeThrottled},
		{"delete, throttled for 7 s", Fault{Kind: FaultThrottled, RetryAfter: 7}, remove, domain.CodeThrottled},
		{"get, throttled for an unknown time", Fault{Kind: FaultThrottled}, get, domain.CodeThrottled},
		{"create beyond a quota", Fault{Kind: FaultQuota, Write: true}, create, domain.CodeQuotaExceeded},
		{"create without permission", Fault{Kind: FaultForbidden}, create, domain.CodePermissionDenied},
		{"delete without permission", Fault{Kind: FaultForbidden}, remove, domain.CodePermissionDenied},
		{"get without permission", Fault{Kind: FaultForbidden}, get, domain.CodePermissionDenied},
	} {
		e.failing(c.fault, func() {
			err := c.call()
			e.code(c.what, err, c.code)
			if own, ok := errors.AsType[*domain.Error](err); ok {
				e.same(c.what+": RetryAfter", time.Duration(c.fault.RetryAfter)*time.Second, own.RetryAfter)
			}
		})
	}
	e.same("VMs after the refusals", 1, len(e.list(provider.ListOptions{}).Items))
}

func checkVerbDenied(e *env) {
	before := e.halted("vm")
	e.failing(Fault{Kind: FaultVerbDenied, Write: true}, func() {
		e.code("start", e.start("vm"), domain.CodePermissionDenied)
	})
	e.same("revision after the refusal", before.Revision, e.quiet("vm").Revision)
	e.must("start with permission", e.start("vm"))
	e.settles("vm", domain.StatusRunning)
}
