package providertest

import (
	"fmt"
	"runtime/debug"
	"slices"
)

// check is one contract, as data.
type check struct {
	// id is that of the contract, and the name of the subtest.
	id string
	// why is the contract's sentence; a failure begins with it.
	why string
	// needs are what the check cannot do without, capabilities first: the first one that is missing decides what is done
	// instead. The knobs and faults it uses count as needs, see knob and fault.
	needs []Need
	run   func(e *env)
}

// checks are all of them, family by family in the order of the contract. A family that comes with a new role is one more
// line here.
func checks() []check {
	return slices.Concat(crudChecks, listChecks, powerChecks, errorChecks, concurrencyChecks, contextChecks,
		migrationChecks, instanceTypeChecks, watchChecks)
}

// all is a list of needs, from needs and lists of needs.
func all(needs ...[]Need) []Need { return slices.Concat(needs...) }

func need(needs ...Need) []Need { return needs }

// knobs are the needs of a check that turns them: made or turned, the hand for it is needed too.
func knobs(k Knobs) []Need { return append(k.needs(), NeedPut) }

// faults are the needs of a check that has requests fail.
func faults(kinds ...FaultKind) []Need {
	needs := []Need{NeedFaults}
	for _, kind := range kinds {
		needs = append(needs, kind.need())
	}
	return needs
}

// hold runs the check and returns what it found wrong; nil when the contract holds. A panic of the provider's is a finding.
func (c check) hold(e *env) (found []string) {
	defer func() {
		if r := recover(); r != nil {
			if _, ended := r.(ended); !ended {
				e.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}
		found = e.findings()
	}()
	c.run(e)
	return nil
}

// failure is the text of a failed check.
func (c check) failure(finding string) string {
	return fmt.Sprintf("%s: %s\n\t%s", c.id, c.why, finding)
}
