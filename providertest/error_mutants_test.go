package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var errorMutants = []mutant{
	// The shape of an error.
	{"an error keeps the code of its cause beside its own", erring(func(call *provider.Call, err error) error {
		if call.Op == provider.OpListVMs {
			return errors.Join(err, domain.CodeInternal)
		}
		return err
	})},
	{"an error is only its code", erring(func(call *provider.Call, err error) error {
		if call.Op == provider.OpCreateVM {
			return domain.CodeOf(err)
		}
		return err
	})},
	{"an ended context is passed through as it is", erring(func(_ *provider.Call, err error) error {
		if domain.CodeOf(err) == domain.CodeDeadlineExceeded {
			return context.DeadlineExceeded
		}
		return err
	})},
	{"an error stands behind text alone", erring(func(call *provider.Call, err error) error {
		if call.Op == provider.OpResetVM {
			return fmt.Errorf("reset %s: %v", call.Ref.Name, err) //nolint:errorlint // that is what is broken
		}
		return err
	})},
	{"success is a nil *domain.Error", on(provider.OpDeleteVM, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
		own, _ := errors.AsType[*domain.Error](next(ctx))
		return own
	})},
	{"a token that was never made begins the list anew", asking(provider.OpListVMs, func(_ *provider.Call, opts provider.ListOptions) provider.ListOptions {
		if opts.Continue == "never-made" {
			opts.Continue = ""
		}
		return opts
	})},
	{"an update's error is that of the read it begins with", changing(func(call *provider.Call, e *domain.Error) {
		if e.Op == provider.OpUpdateVM {
			e.Op = provider.OpGetVM
		}
	})},
	{"an error of a list does not tell the cluster", changing(func(call *provider.Call, e *domain.Error) {
		if call.Op == provider.OpListPreferences {
			e.Params = domain.Params{domain.ParamNamespace: call.Ref.Namespace}
		}
	})},
	{"a name that is refused is not told", changing(func(_ *provider.Call, e *domain.Error) {
		if e.Code == domain.CodeInvalidName {
			delete(e.Params, domain.ParamName)
		}
	})},
	{"an error about a migration names its VM nowhere", changing(func(call *provider.Call, e *domain.Error) {
		if call.Op == provider.OpMigrateVM {
			delete(e.Params, domain.ParamName)
		}
	})},

	// What may be tried again.
	{"the provider's own time limit is taken for the caller's", instead(domain.CodeVerbTimeout, domain.CodeDeadlineExceeded)},
	{"a cluster that cannot be reached is INTERNAL", instead(domain.CodeClusterUnreachable, domain.CodeInternal)},
	{"a VM that is off is taken for a cluster that cannot be asked now", mistakingState(provider.OpStopVM, domain.CodeClusterSyncing)},
	{"another UID is taken for a lost race", instead(domain.CodeUIDConflict, domain.CodeRevisionConflict)},

	// The two kinds of 409.
	{"409 is always Conflict", erring(func(_ *provider.Call, err error) error {
		if domain.KindOf(err) == domain.KindFailedPrecondition {
			return recoded(err, domain.CodeRevisionConflict)
		}
		return err
	})},
	{"409 is always a transition", instead(domain.CodeRevisionConflict, domain.CodeTransitionInProgress)},
	{"a verb that the state forbids is tried again and again", func(Backend) provider.Hook {
		return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			for range 9 {
				if domain.KindOf(err) != domain.KindFailedPrecondition {
					break
				}
				err = next(ctx)
			}
			return err
		}
	}},
	{"an update that lost its race says that it was done", func(b Backend) provider.Hook {
		return only(provider.OpUpdateVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeRevisionConflict {
				vm, err := b.Provider.GetVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name)
				call.Result = provider.UpdateResult{VM: vm, Applied: domain.AppliedLive}
				return err
			}
			return err
		})
	}},
	{"an update of a revision that lost a race drops the revision and tries again", on(provider.OpUpdateVM,
		func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if opts, ok := call.Options.(provider.UpdateOptions); ok && domain.CodeOf(err) == domain.CodeRevisionConflict && opts.Revision != "" {
				opts.Revision = ""
				call.Options = opts
				return next(ctx)
			}
			return err
		})},

	// Limits and permissions.
	{"the server's wish is dropped", changing(func(_ *provider.Call, e *domain.Error) { e.RetryAfter = 0 })},
	{"without a wish of the server's one is made up", changing(func(_ *provider.Call, e *domain.Error) {
		if e.Code == domain.CodeThrottled && e.RetryAfter == 0 {
			e.RetryAfter = time.Second
		}
	})},
	{"a quota is a missing permission", instead(domain.CodeQuotaExceeded, domain.CodePermissionDenied)},
	{"a quota is the server asking to slow down", instead(domain.CodeQuotaExceeded, domain.CodeThrottled)},
	{"a read without permission finds nothing", on(provider.OpGetVM, mistaking(domain.CodePermissionDenied, domain.CodeVMNotFound))},
	{"an empty 401 of a verb is a bad credential", on(provider.OpStartVM, mistaking(domain.CodePermissionDenied, domain.CodeClusterCredentials))},
	{"a verb that is denied is tried as an update", func(b Backend) provider.Hook {
		return only(provider.OpStartVM, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodePermissionDenied {
				_ = b.FailNext(Fault{}) // the API server has no such second authorizer
				denied := "denied"
				_, _, _ = b.Provider.UpdateVM(ctx, call.Ref.Cluster, call.Ref.Namespace, call.Ref.Name,
					domain.VMChange{Annotations: map[string]*string{"start": &denied}}, provider.UpdateOptions{})
			}
			return err
		})
	}},

	// Secrets.
	{"the error of a lost connection tells the request's header", func(b Backend) provider.Hook {
		return func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeClusterUnreachable {
				return causing(err, errors.New("Authorization: Bearer "+b.Secret))
			}
			return err
		}
	}},
	{"a refused spec is repeated in the error's cause", ofDocuments(func(document string, e *domain.Error) {
		if e.Code == domain.CodeInvalidSpec {
			e.Err = errors.New("denied: " + document)
		}
	})},
	{"a refused spec is repeated in a field", ofDocuments(func(document string, e *domain.Error) {
		for n := range e.Fields {
			if e.Fields[n].Field == "cloudInit.userData" {
				e.Fields[n].Detail = document[:min(len(document), 100)]
			}
		}
	})},
	{"a server's failure repeats what was sent, in the params", ofDocuments(func(document string, e *domain.Error) {
		if e.Code == domain.CodeInternal {
			e.Params["body"] = document
		}
	})},

	// What is not available.
	{"a dry run of a reset resets", asking(provider.OpResetVM, func(_ *provider.Call, opts provider.ResetOptions) provider.ResetOptions {
		opts.DryRun = false
		return opts
	})},
	{"a dry run of a soft reboot is done when nothing is", on(provider.OpSoftRebootVM,
		func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == domain.CodeCapabilityUnsupported {
				return nil
			}
			return err
		})},
	{"CAPABILITY_UNSUPPORTED has no cause", changing(func(_ *provider.Call, e *domain.Error) { delete(e.Params, domain.ParamCause) })},
	{"what is not supported is an invalid option", instead(domain.CodeCapabilityUnsupported, domain.CodeInvalidOption)},
}

// erring rewrites the errors of every verb.
func erring(rewrite func(call *provider.Call, err error) error) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if err := next(ctx); err != nil {
				return rewrite(call, err)
			}
			return nil
		}
	}
}

// changing changes the *domain.Error of every verb.
func changing(change func(call *provider.Call, e *domain.Error)) func(Backend) provider.Hook {
	return erring(func(call *provider.Call, err error) error {
		own, ok := errors.AsType[*domain.Error](err)
		if !ok {
			return err
		}
		other := *own
		if other.Params = maps.Clone(own.Params); other.Params == nil {
			other.Params = domain.Params{}
		}
		other.Fields = append([]domain.FieldError(nil), own.Fields...)
		change(call, &other)
		return &other
	})
}

// ofDocuments changes the errors of creates that send a cloud-init document.
func ofDocuments(change func(document string, e *domain.Error)) func(Backend) provider.Hook {
	return changing(func(call *provider.Call, e *domain.Error) {
		if spec, ok := call.Input.(domain.VMSpec); ok && spec.CloudInit != nil {
			change(spec.CloudInit.UserData.Reveal(), e)
		}
	})
}

// causing is an error with another cause.
func causing(err, cause error) error {
	e := domain.E(domain.CodeOf(err), nil, cause)
	if own, ok := errors.AsType[*domain.Error](err); ok {
		e.Op, e.Params = own.Op, own.Params
	}
	return e
}

// mistakingState answers a code where a verb is refused by the VM's state.
func mistakingState(op provider.Op, code domain.Code) func(Backend) provider.Hook {
	return on(op, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if domain.KindOf(err) == domain.KindFailedPrecondition {
			return recoded(err, code)
		}
		return err
	})
}
