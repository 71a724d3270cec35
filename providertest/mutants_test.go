package providertest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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

// family is the contracts of one family with the mutants that break them.
type family struct {
	checks  []check
	mutants []mutant
}

func families() []family {
	return []family{
		{crudChecks, crudMutants}, {listChecks, listMutants}, {powerChecks, powerMutants}, {errorChecks, errorMutants},
		{concurrencyChecks, concurrencyMutants}, {contextChecks, contextMutants}, {migrationChecks, migrationMutants},
		{instanceTypeChecks, instanceTypeMutants}, {watchChecks, watchMutants},
	}
}

// everyCheck holds mutants against the checks of all families, not only of their own: it takes minutes.
var everyCheck = flag.Bool("every-check", false, "hold every mutant against every check")

// TestMutants proves the suite: every mutant fails a check, every check fails for a mutant.
func TestMutants(t *testing.T) {
	if raceEnabled {
		t.Skip("mutants are made of the checks that TestMock runs, and say nothing about races")
	}
	m := matrix{kills: map[string][]string{}}
	t.Run("all", func(t *testing.T) { // ends when the last of them has
		for _, f := range families() {
			against := f.checks
			if *everyCheck {
				against = checks()
			}
			for _, broken := range f.mutants {
				m.names = append(m.names, broken.name)
				t.Run(broken.name, func(t *testing.T) {
					t.Parallel()
					m.hold(t, broken, against)
				})
			}
		}
	})
	for _, c := range checks() {
		if m.killers(c.id) == 0 {
			t.Errorf("%s fails for no mutant", c.id)
		}
	}
	const fewest = 60
	if n := len(m.names); n < fewest {
		t.Errorf("%d mutants, want at least %d", n, fewest)
	}
	t.Logf("%d mutants, %d checks:\n%s", len(m.names), len(checks()), m.String())
}

// matrix says which checks kill which mutants.
type matrix struct {
	mu    sync.Mutex
	names []string
	kills map[string][]string
}

// hold tries one mutant.
func (m *matrix) hold(t *testing.T, broken mutant, against []check) {
	t.Helper()
	h := mockHarness()
	var kills []string
	for _, c := range against {
		if h.fails(t, broken, c) {
			kills = append(kills, c.id)
		}
	}
	if len(kills) == 0 {
		t.Errorf("no check notices")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, twice := m.kills[broken.name]; twice {
		t.Errorf("two mutants have this name")
	}
	m.kills[broken.name] = kills
}

func (m *matrix) killers(check string) (n int) {
	for _, kills := range m.kills {
		if slices.Contains(kills, check) {
			n++
		}
	}
	return n
}

// String is a line for each mutant.
func (m *matrix) String() string {
	var b strings.Builder
	for _, name := range m.names {
		fmt.Fprintf(&b, "%-70s %s\n", name, strings.Join(m.kills[name], " "))
	}
	return b.String()
}

// fails says whether a check fails for a mutant.
func (h Harness) fails(t *testing.T, m mutant, c check) (fails bool) {
	t.Helper()
	h.inBubble(t, func(t *testing.T) {
		b := h.New(t)
		b.Provider = provider.Wrap(b.Provider, m.hook(b))
		fails = len(c.hold(newEnv(t, h, b, c.id))) > 0
		time.Sleep(time.Hour) // what a mutant leaves behind must end before its bubble does
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
