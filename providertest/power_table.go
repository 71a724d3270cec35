package providertest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
)

var tableChecks = []check{{
	id: "POW-24",
	why: "AvailableActions is exact: what it allows never fails with FAILED_PRECONDITION, what it refuses fails with exactly " +
		"its code",
	needs: need(NeedPower), // the other verbs are left out where their need is missing
	run: func(e *env) {
		for _, at := range moments {
			if e.takes(at.strategy) && e.has(at.needs...) {
				at.check(e)
			}
		}
		if e.has(NeedSituate) {
			checkSituations(e)
		}
	},
}}

// verbs send each verb of the lifecycle table with its default options.
var verbs = map[domain.Verb]func(e *env, name string) error{
	domain.VerbStart:      (*env).start,
	domain.VerbStop:       (*env).stop,
	domain.VerbRestart:    (*env).restart,
	domain.VerbPause:      (*env).pause,
	domain.VerbUnpause:    (*env).unpause,
	domain.VerbSoftReboot: (*env).softReboot,
	domain.VerbReset:      (*env).reset,
	domain.VerbMigrate: func(e *env, name string) error {
		_, err := e.migrate(name)
		return err
	},
	domain.VerbUpdate: func(e *env, name string) error {
		_, _, err := e.update(name, label("changed", "1"))
		return err
	},
	domain.VerbDelete: (*env).remove,
}

// verbNeeds are those of the verbs that not every provider has.
var verbNeeds = map[domain.Verb]Need{
	domain.VerbPause: NeedPause, domain.VerbUnpause: NeedPause, domain.VerbSoftReboot: NeedReboot, domain.VerbReset: NeedReboot,
	domain.VerbMigrate: NeedMigration, domain.VerbUpdate: NeedUpdate,
}

// knows says whether the provider has a verb.
func (e *env) knows(verb domain.Verb) bool {
	need, some := verbNeeds[verb]
	return !some || e.has(need)
}

// actions are what the lifecycle table says of a VM, of the verbs that the provider has.
func (e *env) actions(name string) []domain.Action {
	return slices.DeleteFunc(domain.AvailableActions(e.get(name)), func(a domain.Action) bool { return !e.knows(a.Verb) })
}

// sends reads a VM, sends it a verb, and says in what the answer contradicts the lifecycle table; "" when in nothing.
func (e *env) sends(name string, verb domain.Verb) (contradiction string) {
	at := e.get(name).Situation()
	want := domain.Decide(verb, at)
	err := verbs[verb](e, name)
	switch got := domain.CodeOf(err); {
	case got == want, want == "" && outsideTable(got), got != "" && got == e.decideNow(name, verb):
		return ""
	case want == "":
		return fmt.Sprintf("%s is allowed and gets %s, at %+v (%v)", verb, named(got), at, err)
	default:
		return fmt.Sprintf("%s is %s and gets %s, at %+v (%v)", verb, want, named(got), at, err)
	}
}

// decideNow is what a verb gets now. A refusal that is right now was right when it was given, unless the VM has changed
// since: a refused verb changes nothing, but a VM may go on by itself between a read and the verb.
func (e *env) decideNow(name string, verb domain.Verb) domain.Code {
	vm, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, name)
	if err != nil {
		return domain.CodeOf(err)
	}
	return domain.Decide(verb, vm.Situation())
}

// outsideTable are the answers that a verb may get though the table allows it: permission, quota, what the cluster
// cannot do, and the race with another writer.
func outsideTable(code domain.Code) bool {
	return slices.Contains([]domain.Kind{domain.KindPermissionDenied, domain.KindResourceExhausted, domain.KindUnsupported,
		domain.KindConflict}, code.Kind())
}

// moment is a point in the life of a VM that every VM passes by itself.
type moment struct {
	name     string
	strategy domain.RunStrategy
	reach    func(e *env, spec domain.VMSpec)
	// passes: the VM goes on by itself, and may have done so between the read and the verb.
	passes bool
	needs  []Need
}

var moments = []moment{
	{"halted", domain.RunStrategyHalted, neverOn, false, nil},
	{"manual", domain.RunStrategyManual, neverOn, false, nil},
	{"on", domain.RunStrategyAlways, turnedOn, false, nil},
	{"paused", domain.RunStrategyAlways, func(e *env, spec domain.VMSpec) {
		e.runs(spec)
		e.must("pause "+spec.Name, e.pause(spec.Name))
		e.settles(spec.Name, domain.StatusPaused)
		e.quiet(spec.Name)
	}, false, need(NeedPause)},
	{"starting", domain.RunStrategyAlways, func(e *env, spec domain.VMSpec) {
		e.create(spec)
		e.until(spec.Name, "an instance", func(vm *domain.VM) bool { return vm.Instance != domain.InstanceNone })
	}, true, nil},
	{"leaving", domain.RunStrategyAlways, func(e *env, spec domain.VMSpec) {
		e.runs(spec)
		e.must("stop "+spec.Name, e.stop(spec.Name))
	}, true, nil},
}

// check sends every verb. A refused one changes nothing, so that all of those go to the same VM; each that is allowed
// gets one of its own.
func (m moment) check(e *env) {
	probe := m.make(e, "refused")
	var allowed []string
	for _, action := range e.actions(probe) {
		if action.Allowed {
			allowed = append(allowed, string(action.Verb))
			continue
		}
		m.send(e, probe, action.Verb)
	}
	e.allAtOnce(allowed, func(verb string) { m.send(e, m.make(e, verb), domain.Verb(verb)) })
}

// send sends a verb to a VM. At a moment that passes, what it finds must be found again and again on others.
func (m moment) send(e *env, name string, verb domain.Verb) {
	contradiction := e.sends(name, verb)
	for n := range 2 {
		if contradiction == "" || !m.passes {
			break
		}
		contradiction = e.sends(m.make(e, fmt.Sprintf("%s-%d", verb, n)), verb)
	}
	e.holds(contradiction == "", "%s: %s", m.name, contradiction)
}

// make makes a VM that is at this moment.
func (m moment) make(e *env, suffix string) (name string) {
	name = m.name + "-" + strings.ReplaceAll(suffix, "_", "-")
	m.reach(e, e.spec(name, m.strategy))
	return name
}
