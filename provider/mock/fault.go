package mock

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/args"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Never as the delay of a [Fault] means that the request gets no answer at all: the call ends with its context, or by
// [Options.Timeout].
const Never = time.Duration(math.MaxInt64)

// Fault is a rule that has calls meet trouble between the caller and the cluster. A call meets it where a real provider
// sends its request: what is refused for its arguments, an ended context or an unknown cluster meets none. A call is
// one request, whether it reads before it writes or not; a write that the VM's state would refuse meets it as well.
type Fault struct {
	// Op, Cluster, Namespace and Name are those of the calls that may meet it, as the caller names them; empty is any.
	// A list has no name, one of migrations that of the VM.
	Op        provider.Op
	Cluster   string
	Namespace string
	Name      string
	// Writes spares reads and dry runs.
	Writes bool
	// Probability that such a call meets it, more than 0 and at most 1. Zero is always.
	Probability float64
	// Count is how many calls meet it before the rule is spent. Zero is no end.
	Count int

	// Delay is how long the request takes, before its effect or, with After, behind it; see [Never]. Other calls do not
	// wait. A write whose context ends, or whose time limit passes, while it waits has OutcomeUnknown: its caller cannot
	// know better.
	Delay time.Duration
	// Code is what the call is answered with then, along with Params and RetryAfter. Empty is only the delay; without
	// one either, the rule keeps the calls that meet it from those behind it.
	Code       domain.Code
	Params     domain.Params
	RetryAfter time.Duration
	// After lets the request have its effect first and loses the answer: the error of a write has OutcomeUnknown. Else
	// nothing happens.
	After bool
}

// Faults replaces all faults: for each call the first rule decides that it matches, that is not spent and whose
// probability strikes. Without any, no call fails any more. The same Options.Seed, faults and calls since have the same
// calls fail; calls that run at the same time come in any order.
//
// CLUSTER_NOT_FOUND, and INVALID_OPTION for a rule that cannot be, by its field in param field; then the faults stay as
// they were.
func (p *Provider) Faults(faults ...Fault) error {
	for n, f := range faults {
		if err := p.checkFault(fmt.Sprintf("faults[%d]", n), f); err != nil {
			return err
		}
	}
	if len(faults) == 0 {
		p.faults.Store(nil)
		return nil
	}
	set := &faultSet{rules: slices.Clone(faults), met: make([]int, len(faults)), random: rand.New(rand.NewPCG(p.seed, 0))} //nolint:gosec // it must be repeatable
	for n := range set.rules {
		set.rules[n].Params = maps.Clone(set.rules[n].Params)
	}
	p.faults.Store(set)
	return nil
}

func (p *Provider) checkFault(field string, f Fault) error {
	switch {
	case f.Op != "" && !slices.Contains(operations(), f.Op):
		return args.Option(field+".op", domain.FieldNotSupported)
	case !(f.Probability >= 0 && f.Probability <= 1): // so that NaN is refused
		return args.Option(field+".probability", domain.FieldOutOfRange)
	case f.Count < 0:
		return args.Option(field+".count", domain.FieldOutOfRange)
	case f.Delay < 0:
		return args.Option(field+".delay", domain.FieldOutOfRange)
	case f.RetryAfter < 0:
		return args.Option(field+".retryAfter", domain.FieldOutOfRange)
	case f.Code != "" && !slices.Contains(domain.Codes(), f.Code):
		return args.Option(field+".code", domain.FieldNotSupported)
	case f.Cluster == "":
		return nil
	}
	if _, err := p.cluster(f.Cluster); err != nil {
		return domain.E(domain.CodeClusterNotFound, domain.Params{domain.ParamCluster: f.Cluster, domain.ParamField: field + ".cluster"}, nil)
	}
	return nil
}

// operations are all there are.
func operations() []provider.Op {
	return []provider.Op{
		provider.OpGetVM, provider.OpListVMs, provider.OpCreateVM, provider.OpApplyVM, provider.OpUpdateVM,
		provider.OpValidateVM, provider.OpDeleteVM, provider.OpStartVM, provider.OpStopVM, provider.OpRestartVM,
		provider.OpPauseVM, provider.OpUnpauseVM, provider.OpSoftRebootVM, provider.OpResetVM, provider.OpMigrateVM,
		provider.OpGetMigration, provider.OpListMigrations, provider.OpCancelMigration, provider.OpGetInstanceType,
		provider.OpListInstanceTypes, provider.OpGetPreference, provider.OpListPreferences,
	}
}
