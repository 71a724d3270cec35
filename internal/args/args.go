// Package args checks the arguments of a provider's methods before anything is sent, the same way in every provider.
package args

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
	"github.com/kv-shepherd/shepherd-go/internal/vmspec"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// Error gives an error the operation and the object it was about, unless it names them already. Every error a
// provider returns goes through here. nil stays nil.
func Error(op string, ref domain.Ref, err error) error {
	if err == nil {
		return nil
	}
	e := &domain.Error{Code: domain.CodeOf(err), Err: err}
	if own, ok := err.(*domain.Error); ok { //nolint:errorlint // a wrapped one keeps its wrapping as the cause
		clone := *own
		e = &clone
	}
	if e.Op == "" {
		e.Op = op
	}
	params := ref.Params()
	maps.Copy(params, e.Params)
	e.Params = params
	return e
}

// Context refuses a context that has ended: no call begins under it.
func Context(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return domain.E(domain.CodeOf(err), nil, err)
	}
	return nil
}

// Object checks the names of a verb on something that may exist.
func Object(ctx context.Context, cluster, namespace, name string) error {
	if err := names.Check(
		names.Cluster("cluster", cluster),
		names.Namespace("namespace", namespace),
		names.VM("name", name),
	); err != nil {
		return err
	}
	return Context(ctx)
}

// Spec checks the arguments of a verb that takes a whole spec. prefix is that of the identity labels, key the
// idempotency key.
func Spec(ctx context.Context, cluster, namespace string, spec domain.VMSpec, prefix, key string) error {
	if err := names.Check(
		names.Cluster("cluster", cluster),
		names.Namespace("namespace", namespace),
		names.VMNew("name", spec.Name),
	); err != nil {
		return err
	}
	const longest = 253
	if len(key) > longest {
		return Option("idempotencyKey", domain.FieldTooLong)
	}
	if err := domain.Invalid(vmspec.ValidateFor(vmspec.Options{Namespace: namespace, LabelPrefix: prefix}, spec)...); err != nil {
		return err
	}
	return Context(ctx)
}

// Option makes the INVALID_OPTION error of one option.
func Option(field, reason string) error {
	return &domain.Error{
		Code:   domain.CodeInvalidOption,
		Params: domain.Params{domain.ParamField: field},
		Fields: []domain.FieldError{{Field: field, Reason: reason}},
	}
}

// Grace checks a grace period: whole seconds, not negative; nil is fine.
func Grace(grace *time.Duration) error {
	switch {
	case grace == nil:
		return nil
	case *grace < 0:
		return Option("gracePeriod", domain.FieldOutOfRange)
	case *grace%time.Second != 0:
		return Option("gracePeriod", domain.FieldInvalid)
	}
	return nil
}

// RestartGrace checks the grace period of a restart, which is none or zero: KubeVirt refuses any other with 400.
func RestartGrace(grace *time.Duration) error {
	if grace != nil && *grace != 0 {
		return Option("gracePeriod", domain.FieldOutOfRange)
	}
	return nil
}

// Verdict turns the outcome of a dry run of a create into the answer of a validation: what the spec would be refused
// for is a result, anything that kept the question from being asked is an error.
func Verdict(warnings []string, err error) (domain.Validation, error) {
	switch domain.KindOf(err) {
	case "":
		return domain.Validation{Valid: true, Warnings: warnings}, nil
	case domain.KindInvalidArgument, domain.KindAlreadyExists, domain.KindFailedPrecondition, domain.KindConflict:
	case domain.KindNotFound:
		if errors.Is(err, domain.CodeClusterNotFound) {
			return domain.Validation{}, err
		}
	case domain.KindResourceExhausted:
		if !errors.Is(err, domain.CodeQuotaExceeded) {
			return domain.Validation{}, err
		}
	default:
		return domain.Validation{}, err
	}
	verdict := domain.Validation{Code: domain.CodeOf(err), Warnings: warnings}
	if e, ok := errors.AsType[*domain.Error](err); ok {
		verdict.Fields = e.Fields
	}
	return verdict, nil
}

// Scoped is Object for things of a namespace or, with provider.ClusterScope, of the whole cluster.
func Scoped(ctx context.Context, cluster, namespace, name string) error {
	checks := []*domain.FieldError{names.Cluster("cluster", cluster), names.Object("name", name)}
	if namespace != provider.ClusterScope {
		checks = append(checks, names.Namespace("namespace", namespace))
	}
	if err := names.Check(checks...); err != nil {
		return err
	}
	return Context(ctx)
}

// NoDryRun refuses a dry run of the verbs that KubeVirt has none for: it would ignore the wish and do it.
func NoDryRun(asked bool) error {
	if !asked {
		return nil
	}
	return domain.E(domain.CodeCapabilityUnsupported, domain.Params{domain.ParamField: "dryRun", domain.ParamCause: "not_implemented"}, nil)
}
