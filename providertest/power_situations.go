package providertest

import (
	"fmt"
	"iter"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// checkSituations holds every verb against the lifecycle table in every situation that can be. In which ones a VM can be
// is for the hand to say, which answers INVALID_OPTION to the others.
func checkSituations(e *env) {
	const enough = 10 // findings: more say the same
	made, allowed := 0, map[domain.Verb]int{}
	situate := func(s domain.Situation) (name string, can bool) {
		made++
		name = fmt.Sprintf("vm-%05d", made)
		err := e.Situate(e.ctx, e.cluster, e.ns, name, s)
		if domain.KindOf(err) == domain.KindInvalidArgument {
			return "", false
		}
		e.must("situate "+name, err)
		return name, true
	}
	for s := range situations() {
		if !e.takes(s.Strategy) {
			continue
		}
		probe, can := situate(s)
		if !can {
			continue
		}
		for _, action := range e.actions(probe) {
			name := probe // which a refused verb leaves as it is
			if action.Allowed {
				allowed[action.Verb]++
				name, _ = situate(s)
			}
			if contradiction := e.sends(name, action.Verb); contradiction != "" {
				e.Errorf("%s; made as %+v", contradiction, s)
			}
		}
		if len(e.findings()) >= enough {
			e.Fatalf("and so on")
		}
	}
	for _, verb := range domain.Verbs() {
		e.holds(allowed[verb] > 0 || !e.knows(verb), "no situation could be made in which %s is allowed", verb)
	}
}

// fact is something about a situation that may be so or not, and where it cannot be.
type fact struct {
	set func(*domain.Situation)
	can func(domain.Situation) bool
}

func anywhere(domain.Situation) bool { return true }

func withInstance(s domain.Situation) bool {
	return s.Instance == domain.InstanceStarting || s.Instance == domain.InstanceLive
}

func whileLive(s domain.Situation) bool { return s.Instance == domain.InstanceLive }

// The facts that hold each other up come in every combination, the others alone and in pairs: that is what keeps the
// number of situations below a thousand.
var (
	entwined = []fact{
		{func(s *domain.Situation) { s.Paused = true }, whileLive},
		{func(s *domain.Situation) { s.StopPending = true }, withInstance},
		{func(s *domain.Situation) { s.ChangeQueued = true }, anywhere},
		{func(s *domain.Situation) { s.Deleting = true }, anywhere},
	}
	separate = []fact{
		{func(s *domain.Situation) { s.Paused = true }, whileLive},
		{func(s *domain.Situation) { s.MigrationInFlight = true }, whileLive},
		{func(s *domain.Situation) { s.Migrating, s.MigrationInFlight = true, true }, whileLive},
		{func(s *domain.Situation) { s.SoftRebootable = domain.FactNo }, whileLive},
		{func(s *domain.Situation) { s.LiveMigratable = domain.FactNo }, whileLive},
		{func(s *domain.Situation) { s.Snapshotting = true }, anywhere},
		{func(s *domain.Situation) { s.Restoring = true }, anywhere},
		{func(s *domain.Situation) { s.ManualRecovery = true }, anywhere},
		{func(s *domain.Situation) { s.ProbeForbidsPause = true }, anywhere},
	}
)

// withFacts is the situation with these facts; false when one of them cannot be there.
func withFacts(s domain.Situation, facts ...fact) (domain.Situation, bool) {
	for _, fact := range facts {
		if !fact.can(s) {
			return s, false
		}
		fact.set(&s)
	}
	return s, true
}

// situations are those that the check makes, each once.
func situations() iter.Seq[domain.Situation] {
	var combinations [][]fact
	for bits := range 1 << len(entwined) {
		var facts []fact
		for n, fact := range entwined {
			if bits>>n&1 == 1 {
				facts = append(facts, fact)
			}
		}
		combinations = append(combinations, facts)
	}
	for n, one := range separate {
		combinations = append(combinations, []fact{one})
		for _, other := range separate[n+1:] {
			combinations = append(combinations, []fact{one, other})
		}
	}
	return func(yield func(domain.Situation) bool) {
		seen := map[domain.Situation]bool{}
		for _, strategy := range domain.RunStrategies() {
			for _, instance := range domain.InstanceStates() {
				for _, facts := range combinations {
					s, can := withFacts(domain.Situation{Strategy: strategy, Instance: instance}, facts...)
					if !can || seen[s] {
						continue
					}
					seen[s] = true
					if !yield(s) {
						return
					}
				}
			}
		}
	}
}
