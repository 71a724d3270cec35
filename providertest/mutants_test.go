package providertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// mutant is a provider that is broken in one way: the Mock behind a hook that rewrites calls or answers.
type mutant struct {
	// name says what is broken.
	name string
	// hook makes the hook for one provider. What it remembers, it remembers for that provider only.
	hook func(b Backend) provider.Hook
}

// mutants are all of them, in the files of the families whose contracts they break.
func mutants() []mutant {
	var all []mutant
	for _, family := range [][]mutant{crudMutants, listMutants, powerMutants, errorMutants, concurrencyMutants,
		contextMutants, migrationMutants, instanceTypeMutants} {
		all = append(all, family...)
	}
	return all
}

// TestMutants proves the suite: every mutant fails a check, every check fails for a mutant.
func TestMutants(t *testing.T) {
	h := mockHarness()
	killers := map[string][]string{} // mutants by check
	var matrix strings.Builder
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			var kills []string
			for _, c := range checks() {
				if h.inBubbleFails(t, m, c) {
					kills = append(kills, c.id)
					killers[c.id] = append(killers[c.id], m.name)
				}
			}
			if len(kills) == 0 {
				t.Errorf("no check notices")
			}
			fmt.Fprintf(&matrix, "%-70s %s\n", m.name, strings.Join(kills, " "))
		})
	}
	for _, c := range checks() {
		if len(killers[c.id]) == 0 {
			t.Errorf("%s fails for no mutant", c.id)
		}
	}
	const fewest = 60
	if n := len(mutants()); n < fewest {
		t.Errorf("%d mutants, want at least %d", n, fewest)
	}
	t.Logf("%d mutants, %d checks:\n%s", len(mutants()), len(checks()), matrix.String())
}

// inBubbleFails says whether a check fails for a mutant.
func (h Harness) inBubbleFails(t *testing.T, m mutant, c check) (fails bool) {
	t.Helper()
	h.inBubble(t, func(t *testing.T) {
		b := h.New(t)
		b.Provider = provider.Wrap(b.Provider, m.hook(b))
		fails = len(c.hold(newEnv(t, h, b, c.id))) > 0
	})
	return fails
}

// Ways to break a provider.

// on breaks one verb.
func on(op provider.Op, broken provider.Hook) func(Backend) provider.Hook {
	return func(Backend) provider.Hook { return only(op, broken) }
}

func only(op provider.Op, broken provider.Hook) provider.Hook {
	return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if call.Op != op {
			return next(ctx)
		}
		return broken(ctx, call, next)
	}
}

// answering rewrites the answer of a verb that succeeded.
func answering[T any](op provider.Op, rewrite func(call *provider.Call, answer T) T) func(Backend) provider.Hook {
	return on(op, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if err := next(ctx); err != nil {
			return err
		}
		if answer, ok := call.Result.(T); ok {
			call.Result = rewrite(call, answer)
		}
		return nil
	})
}

// asking rewrites the options of a verb.
func asking[O any](op provider.Op, rewrite func(call *provider.Call, opts O) O) func(Backend) provider.Hook {
	return on(op, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if opts, ok := call.Options.(O); ok {
			call.Options = rewrite(call, opts)
		}
		return next(ctx)
	})
}

// instead answers one code where another belongs, for any verb.
func instead(of, code domain.Code) func(Backend) provider.Hook {
	return func(Backend) provider.Hook {
		return func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			if domain.CodeOf(err) == of {
				return recoded(err, code)
			}
			return err
		}
	}
}

// forgiving answers nothing where an error belongs.
func forgiving(op provider.Op, code domain.Code) func(Backend) provider.Hook {
	return on(op, func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if domain.CodeOf(err) == code {
			return nil
		}
		return err
	})
}

// recoded is an error with another code, all else as it was.
func recoded(err error, code domain.Code) error {
	own, ok := errors.AsType[*domain.Error](err)
	if !ok {
		return domain.E(code, nil, err)
	}
	other := *own
	other.Code = code
	return &other
}
