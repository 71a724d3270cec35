package provider

import (
	"context"
	"fmt"
	"iter"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Call is one call of a Provider method, as a [Hook] sees it. Everything in it is plain data.
type Call struct {
	Op  Op
	Ref domain.Ref
	// Input is the spec or change, nil where the method takes none. Options are the method's options struct, nil for
	// reads of one object. A hook may replace them by values of the same type before it calls next.
	Input   any
	Options any
	// Result is the method's answer once next has returned nil: *domain.VM, *domain.VMList, UpdateResult and so on; nil
	// for methods that return an error only. A hook that answers by itself sets it.
	//
	// That of WatchVMs is the stream, an iter.Seq2[domain.Event[*domain.VM], error]. The hooks run each time it is ranged
	// over, and next returns before anything of it was told: what a hook does about events or about the end it does in a
	// stream of its own that ranges over this one. A context made for next must not end when the hook returns.
	Result any
}

// UpdateResult is the Result of UpdateVM in a [Call].
type UpdateResult struct {
	VM      *domain.VM
	Applied domain.Applied
}

// Hook wraps every call of a provider: it does its part, calls next, and looks at the answer. It may answer without
// calling next, by an error or a Result. Audit, metrics, a write gate, and faults in tests are hooks.
type Hook func(ctx context.Context, call *Call, next func(context.Context) error) error

// Wrap returns a provider whose calls go through the hooks, the first one outermost. Without hooks it returns p.
func Wrap(p Provider, hooks ...Hook) Provider {
	if len(hooks) == 0 {
		return p
	}
	return &wrapped{p, hooks}
}

type wrapped struct {
	p     Provider
	hooks []Hook
}

// run sends a call through the hooks to the method.
func (w *wrapped) run(ctx context.Context, call *Call, method func(context.Context) error) error {
	next := method
	for n := len(w.hooks) - 1; n >= 0; n-- {
		hook, inner := w.hooks[n], next
		next = func(ctx context.Context) error { return hook(ctx, call, inner) }
	}
	return next(ctx)
}

// result is run for methods that return a value.
func result[T any](ctx context.Context, w *wrapped, call *Call, method func(context.Context) (T, error)) (T, error) {
	var none T
	err := w.run(ctx, call, func(ctx context.Context) error {
		value, err := method(ctx)
		if err != nil {
			return err
		}
		call.Result = value
		return nil
	})
	if err != nil {
		return none, err
	}
	return typed[T](call, call.Result)
}

// typed reads back what a hook may have replaced.
func typed[T any](call *Call, value any) (T, error) {
	v, ok := value.(T)
	if !ok {
		return v, &domain.Error{Code: domain.CodeInternal, Op: call.Op, Params: call.Ref.Params(),
			Err: fmt.Errorf("a hook set a %T where a %T belongs", value, v)}
	}
	return v, nil
}

// readCall is a read of one object.
func readCall[T any](ctx context.Context, w *wrapped, op Op, ref domain.Ref,
	method func(ctx context.Context, cluster, namespace, name string) (T, error),
) (T, error) {
	call := &Call{Op: op, Ref: ref}
	return result(ctx, w, call, func(ctx context.Context) (T, error) {
		return method(ctx, ref.Cluster, ref.Namespace, ref.Name)
	})
}

// listCall is a list.
func listCall[T any](ctx context.Context, w *wrapped, op Op, ref domain.Ref, opts ListOptions,
	method func(ctx context.Context, cluster, namespace string, opts ListOptions) (T, error),
) (T, error) {
	return namedCall(ctx, w, op, ref, opts, func(ctx context.Context, cluster, namespace, _ string, opts ListOptions) (T, error) {
		return method(ctx, cluster, namespace, opts)
	})
}

// namedCall is any method on one object that takes options and returns a value.
func namedCall[T, O any](ctx context.Context, w *wrapped, op Op, ref domain.Ref, opts O,
	method func(ctx context.Context, cluster, namespace, name string, opts O) (T, error),
) (T, error) {
	call := &Call{Op: op, Ref: ref, Options: opts}
	return result(ctx, w, call, func(ctx context.Context) (T, error) {
		opts, err := typed[O](call, call.Options)
		if err != nil {
			var none T
			return none, err
		}
		return method(ctx, ref.Cluster, ref.Namespace, ref.Name, opts)
	})
}

// verbCall is a method on one object that takes options and returns an error only.
func verbCall[O any](ctx context.Context, w *wrapped, op Op, ref domain.Ref, opts O,
	method func(ctx context.Context, cluster, namespace, name string, opts O) error,
) error {
	call := &Call{Op: op, Ref: ref, Options: opts}
	return w.run(ctx, call, func(ctx context.Context) error {
		opts, err := typed[O](call, call.Options)
		if err != nil {
			return err
		}
		return method(ctx, ref.Cluster, ref.Namespace, ref.Name, opts)
	})
}

// streamCall is a method that returns a stream. Hooks run when it is ranged over; the error of one is its only value.
func streamCall[T, O any](ctx context.Context, w *wrapped, op Op, ref domain.Ref, opts O,
	method func(ctx context.Context, cluster, namespace string, opts O) iter.Seq2[T, error],
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		stream, err := namedCall(ctx, w, op, ref, opts, func(ctx context.Context, cluster, namespace, _ string, opts O) (iter.Seq2[T, error], error) {
			return method(ctx, cluster, namespace, opts), nil
		})
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		stream(yield)
	}
}

// inputCall is a method that takes a spec or a change, and options.
func inputCall[T, I, O any](ctx context.Context, w *wrapped, op Op, ref domain.Ref, input I, opts O,
	method func(ctx context.Context, input I, opts O) (T, error),
) (T, error) {
	call := &Call{Op: op, Ref: ref, Input: input, Options: opts}
	return result(ctx, w, call, func(ctx context.Context) (T, error) {
		var none T
		input, err := typed[I](call, call.Input)
		if err != nil {
			return none, err
		}
		opts, err := typed[O](call, call.Options)
		if err != nil {
			return none, err
		}
		return method(ctx, input, opts)
	})
}
