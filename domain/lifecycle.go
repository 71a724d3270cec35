package domain

import "slices"

// Verb is something one can ask of a VM that exists.
type Verb string

// The verbs of the lifecycle table.
const (
	VerbStart      Verb = "start"
	VerbStop       Verb = "stop"
	VerbRestart    Verb = "restart"
	VerbPause      Verb = "pause"
	VerbUnpause    Verb = "unpause"
	VerbSoftReboot Verb = "soft_reboot"
	VerbReset      Verb = "reset"
	VerbMigrate    Verb = "migrate"
	VerbUpdate     Verb = "update"
	VerbDelete     Verb = "delete"
)

// Rule is one line of the lifecycle table: where all of its conditions hold, the verb gets Code; an empty Code allows it.
type Rule struct {
	Verb Verb `json:"verb"`
	// Strategy and Instance list the values for which the rule holds; empty means any.
	Strategy []RunStrategy   `json:"strategy,omitempty"`
	Instance []InstanceState `json:"instance,omitempty"`
	// Is and Not list flags that must be set, or must not be.
	Is  []Flag `json:"is,omitempty"`
	Not []Flag `json:"not,omitempty"`
	// Code is the answer, empty for allowed.
	Code Code `json:"code,omitempty"`
	// Why gives the reason, and where KubeVirt decides it.
	Why string `json:"why"`
}

// Flag names a yes-or-no part of a [Situation] in a [Rule].
type Flag string

// The flags; each is the field of Situation of the same name, the two facts as their "no".
const (
	FlagPaused            Flag = "paused"
	FlagStopPending       Flag = "stopPending"
	FlagChangeQueued      Flag = "changeQueued"
	FlagMigrating         Flag = "migrating"
	FlagMigrationInFlight Flag = "migrationInFlight"
	FlagSnapshotting      Flag = "snapshotting"
	FlagRestoring         Flag = "restoring"
	FlagDeleting          Flag = "deleting"
	FlagManualRecovery    Flag = "manualRecovery"
	FlagProbeForbidsPause Flag = "probeForbidsPause"
	FlagNotSoftRebootable Flag = "notSoftRebootable"
	FlagNotLiveMigratable Flag = "notLiveMigratable"
)

var flags = map[Flag]func(Situation) bool{
	FlagPaused:            func(s Situation) bool { return s.Paused },
	FlagStopPending:       func(s Situation) bool { return s.StopPending },
	FlagChangeQueued:      func(s Situation) bool { return s.ChangeQueued },
	FlagMigrating:         func(s Situation) bool { return s.Migrating },
	FlagMigrationInFlight: func(s Situation) bool { return s.MigrationInFlight },
	FlagSnapshotting:      func(s Situation) bool { return s.Snapshotting },
	FlagRestoring:         func(s Situation) bool { return s.Restoring },
	FlagDeleting:          func(s Situation) bool { return s.Deleting },
	FlagManualRecovery:    func(s Situation) bool { return s.ManualRecovery },
	FlagProbeForbidsPause: func(s Situation) bool { return s.ProbeForbidsPause },
	FlagNotSoftRebootable: func(s Situation) bool { return s.SoftRebootable == FactNo },
	FlagNotLiveMigratable: func(s Situation) bool { return s.LiveMigratable == FactNo },
}

func (r Rule) matches(s Situation) bool {
	if len(r.Strategy) > 0 && !slices.Contains(r.Strategy, s.Strategy) ||
		len(r.Instance) > 0 && !slices.Contains(r.Instance, s.Instance) {
		return false
	}
	for _, flag := range r.Is {
		if !flags[flag](s) {
			return false
		}
	}
	for _, flag := range r.Not {
		if flags[flag](s) {
			return false
		}
	}
	return true
}

// Verbs returns the verbs of the lifecycle table, in its order.
func Verbs() []Verb {
	var verbs []Verb
	for _, rule := range lifecycle {
		if !slices.Contains(verbs, rule.Verb) {
			verbs = append(verbs, rule.Verb)
		}
	}
	return verbs
}

// Lifecycle returns a copy of the table. For one verb the first rule that matches decides; the last matches always.
// The same table is published as lifecycle.json beside this file.
func Lifecycle() []Rule {
	rules := slices.Clone(lifecycle)
	for n, r := range rules {
		rules[n].Strategy, rules[n].Instance = slices.Clone(r.Strategy), slices.Clone(r.Instance)
		rules[n].Is, rules[n].Not = slices.Clone(r.Is), slices.Clone(r.Not)
	}
	return rules
}

// Decide looks up what a verb with its default options is answered in a situation: "" when it is allowed, else the
// code of the refusal. Permissions, quotas, feature gates and races are outside the table. A verb that is not in the
// table gets INVALID_OPTION.
func Decide(verb Verb, s Situation) Code {
	for _, rule := range lifecycle {
		if rule.Verb == verb && rule.matches(s) {
			return rule.Code
		}
	}
	return CodeInvalidOption
}

// Action is a verb and what the lifecycle table says of it.
type Action struct {
	Verb    Verb `json:"verb"`
	Allowed bool `json:"allowed"`
	// Code is the refusal, empty when allowed.
	Code Code `json:"code,omitempty"`
}

// AvailableActions returns every verb of the lifecycle table with its answer for this VM. What it allows does not
// fail with FAILED_PRECONDITION, and what it refuses fails with exactly its code, unless the VM changes meanwhile.
func AvailableActions(vm *VM) []Action {
	s := vm.Situation()
	var actions []Action
	for _, verb := range Verbs() {
		code := Decide(verb, s)
		actions = append(actions, Action{Verb: verb, Allowed: code == "", Code: code})
	}
	return actions
}
