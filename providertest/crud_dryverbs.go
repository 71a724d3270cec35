package providertest

import (
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// dryVerb is the dry run of a verb that acts on a VM's power or place.
type dryVerb struct {
	verb  domain.Verb
	needs []Need
	call  func(e *env, name string) error
}

// dryVerbs by the VM that they are sent to, which is in a state that allows them.
var (
	dryOnHalted = []dryVerb{
		{domain.VerbStart, need(NeedPower), func(e *env, name string) error {
			return e.Provider.StartVM(e.ctx, e.cluster, e.ns, name, provider.StartOptions{DryRun: true})
		}},
	}
	dryOnRunning = []dryVerb{
		{domain.VerbStop, need(NeedPower), func(e *env, name string) error {
			return e.Provider.StopVM(e.ctx, e.cluster, e.ns, name, provider.StopOptions{DryRun: true})
		}},
		{domain.VerbRestart, need(NeedPower), func(e *env, name string) error {
			return e.Provider.RestartVM(e.ctx, e.cluster, e.ns, name, provider.RestartOptions{DryRun: true})
		}},
		{domain.VerbMigrate, need(NeedMigration), func(e *env, name string) error {
			return second(e.Provider.MigrateVM(e.ctx, e.cluster, e.ns, name, provider.MigrateOptions{DryRun: true}))
		}},
		{domain.VerbPause, need(NeedPause), func(e *env, name string) error {
			return e.Provider.PauseVM(e.ctx, e.cluster, e.ns, name, provider.PauseOptions{DryRun: true})
		}},
	}
	dryOnPaused = []dryVerb{
		{domain.VerbUnpause, need(NeedPause), func(e *env, name string) error {
			return e.Provider.UnpauseVM(e.ctx, e.cluster, e.ns, name, provider.UnpauseOptions{DryRun: true})
		}},
	}
)

// dryPower sends a dry run of each verb, to a VM that is off and to one that runs and is paused in the end.
func dryPower(e *env, halted *domain.VM) {
	e.sendsDry(halted, dryOnHalted)
	if !slices.ContainsFunc(dryOnRunning, func(v dryVerb) bool { return e.has(v.needs...) }) {
		return
	}
	on := e.running("on")
	e.sendsDry(on, dryOnRunning)
	if e.has(NeedReboot) {
		checkNoDryReboot(e, "on")
	}
	if e.has(NeedPause) {
		e.must("pause", e.pause("on"))
		e.settles("on", domain.StatusPaused)
		e.sendsDry(e.quiet("on"), dryOnPaused)
	}
	e.must("delete on", e.remove("on"))
	e.gone("on")
}

// sendsDry looks at the VM after every verb, and when whatever one of them may have begun has ended.
func (e *env) sendsDry(before *domain.VM, verbs []dryVerb) {
	for _, v := range verbs {
		if !e.has(v.needs...) {
			continue
		}
		what := "dry run of " + string(v.verb)
		e.code(what, v.call(e, before.Name), domain.Decide(v.verb, before.Situation()))
		e.samePower(what, before)
	}
	e.staysPowered("the dry runs", before)
	if e.has(NeedMigration) {
		e.same("migrations after the dry runs", 0, len(e.migrations(before.Name, provider.ListOptions{}).Items))
	}
}

// checkNoDryReboot: what reaches into the guest has no dry run, and must not be taken for the real call.
func checkNoDryReboot(e *env, name string) {
	e.unwritten("dry runs that there are not", name, func() {
		e.unsupported(provider.OpSoftRebootVM, e.Provider.SoftRebootVM(e.ctx, e.cluster, e.ns, name, provider.SoftRebootOptions{DryRun: true}))
		e.unsupported(provider.OpResetVM, e.Provider.ResetVM(e.ctx, e.cluster, e.ns, name, provider.ResetOptions{DryRun: true}))
	})
}
