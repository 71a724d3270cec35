package mapper

import (
	"slices"
	"time"
)

// conditionRules says which conditions of either object the join reads, and what of each. All others are left out of a
// view, whichever door it came through: they are many, and their messages are long. The first of a type counts.
//
// Beside its status, explained is the status in which reason and message are read, and since whether its time is.
var conditionRules = [...]struct {
	kind      string
	explained string
	since     bool
}{
	{kind: "Ready", since: true},
	{kind: "Paused", explained: "True", since: true},
	{kind: "AgentConnected"},
	{kind: "LiveMigratable", explained: "False"},
	{kind: "Synchronized", explained: "False", since: true},
	{kind: "PodScheduled", explained: "False", since: true},
	{kind: "Provisioning"},
	{kind: "DataVolumesReady"},
	{kind: "Failure", explained: "True", since: true},
	{kind: "RestartRequired", explained: "True"},
	{kind: "ManualRecoveryRequired", explained: "True", since: true},
}

// ruleOf finds the rule of a type of condition, or -1.
func ruleOf(kind string) int {
	for n := range conditionRules {
		if conditionRules[n].kind == kind {
			return n
		}
	}
	return -1
}

// reduceConditions leaves out what nothing reads, in place.
func reduceConditions(conditions []conditionView) []conditionView {
	var seen [len(conditionRules)]bool
	kept := conditions[:0]
	for n := range conditions {
		c := conditions[n]
		if rule := ruleOf(c.kind); rule >= 0 && !seen[rule] {
			seen[rule] = true
			c.reduce(rule)
			kept = append(kept, c)
		}
	}
	clear(conditions[len(kept):])
	return kept
}

// conditionStatuses are what a status can be; any other word means unknown.
var conditionStatuses = [...]string{"Unknown", "True", "False"}

func (c *conditionView) reduce(rule int) {
	if !slices.Contains(conditionStatuses[:], c.status) {
		c.status = conditionStatuses[0]
	}
	if c.status != conditionRules[rule].explained {
		c.reason, c.message = "", ""
	}
	if !conditionRules[rule].since {
		c.since = time.Time{}
	}
}

// walk expects a condition that was reduced. Type and status are one number.
func (c *conditionView) walk(coder *coder) {
	var code uint32
	if coder.mode == writing {
		code = uint32(ruleOf(c.kind)*len(conditionStatuses) + slices.Index(conditionStatuses[:], c.status))
	}
	coder.uint32(&code)
	if coder.mode == reading {
		c.kind = conditionRules[code/uint32(len(conditionStatuses))].kind
		c.status = conditionStatuses[code%uint32(len(conditionStatuses))]
	}
	rule := &conditionRules[ruleOf(c.kind)]
	if c.status == rule.explained {
		coder.text(&c.reason)
		coder.message(&c.message)
	}
	if rule.since {
		coder.time(&c.since)
	}
}
