package mock_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// every calls every method there is with arguments that it takes, and returns the errors by operation.
func every(t *testing.T, p provider.Provider) map[string]error {
	t.Helper()
	errs := map[string]error{}
	v := reflect.ValueOf(provider.Wrap(p, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		errs[call.Op] = err
		return err
	}))
	for method := range reflect.TypeFor[provider.Provider]().Methods() {
		in := []reflect.Value{reflect.ValueOf(t.Context())}
		words := []string{"mock", "team", "vm"}
		for n := 1; n < method.Type.NumIn(); n++ {
			switch arg := method.Type.In(n); arg {
			case reflect.TypeFor[string]():
				in = append(in, reflect.ValueOf(words[n-1]))
			case reflect.TypeFor[domain.VMSpec]():
				in = append(in, reflect.ValueOf(spec("vm")))
			case reflect.TypeFor[domain.VMChange]():
				in = append(in, reflect.ValueOf(domain.VMChange{Labels: map[string]*string{"a": new("b")}}))
			default:
				in = append(in, reflect.Zero(arg))
			}
		}
		out := v.MethodByName(method.Name).Call(in)
		if told, ok := out[0].Interface().(stream); ok {
			for _, err := range told {
				errs[provider.OpWatchVMs] = err
				break
			}
			continue
		}
		failed := !out[len(out)-1].IsNil()
		for _, value := range out[:len(out)-1] {
			if failed && !value.IsZero() {
				t.Errorf("%s returns %v with an error", method.Name, value)
			}
		}
	}
	return errs
}

// TestEveryMethodMeetsFaults: each by its own operation, with what the error of a provider must have.
func TestEveryMethodMeetsFaults(t *testing.T) {
	p := mock.New(mock.Options{})
	if err := p.Faults(mock.Fault{Code: domain.CodeThrottled, RetryAfter: time.Second, Params: domain.Params{"reason": "busy"}, After: true}); err != nil {
		t.Fatal(err)
	}
	errs := every(t, p)
	if want := reflect.TypeFor[provider.Provider]().NumMethod(); len(errs) != want {
		t.Fatalf("%d operations, want %d", len(errs), want)
	}
	reads := map[string]bool{provider.OpGetVM: true, provider.OpListVMs: true, provider.OpValidateVM: true, provider.OpGetMigration: true,
		provider.OpListMigrations: true, provider.OpGetInstanceType: true, provider.OpListInstanceTypes: true,
		provider.OpGetPreference: true, provider.OpListPreferences: true, provider.OpWatchVMs: true}
	for op, err := range errs {
		e, ok := errors.AsType[*domain.Error](err)
		if !ok || e.Code != domain.CodeThrottled || e.Op != op || e.RetryAfter != time.Second || e.Params["reason"] != "busy" ||
			e.Params[domain.ParamCluster] != "mock" || e.Params[domain.ParamNamespace] != "team" {
			t.Errorf("%s: %#v", op, err)
			continue
		}
		if e.OutcomeUnknown == reads[op] {
			t.Errorf("%s: OutcomeUnknown is %t", op, e.OutcomeUnknown)
		}
		if err := p.Faults(mock.Fault{Op: op}); err != nil {
			t.Errorf("a fault of %s alone: %v", op, err)
		}
	}
	if reads, writes := p.Requests(); reads != 10 || writes != len(errs)-10 {
		t.Errorf("%d reads and %d writes of %d calls", reads, writes, len(errs))
	}
}

func TestFaultsRefused(t *testing.T) {
	c := on(t, mock.Options{})
	c.good(c.p.Faults(mock.Fault{Code: domain.CodeInternal}))
	for field, f := range map[string]mock.Fault{
		"faults[1].op":          {Op: "nap"},
		"faults[1].probability": {Probability: 1.1},
		"faults[1].count":       {Count: -1},
		"faults[1].delay":       {Delay: -1},
		"faults[1].retryAfter":  {RetryAfter: -1},
		"faults[1].code":        {Code: "OUCH"},
		"faults[1].cluster":     {Cluster: "other"},
	} {
		want := domain.CodeInvalidOption
		if f.Cluster != "" {
			want = domain.CodeClusterNotFound
		}
		err := c.p.Faults(mock.Fault{}, f)
		if e, ok := errors.AsType[*domain.Error](err); !ok || e.Code != want || e.Params[domain.ParamField] != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	c.code(c.p.Faults(mock.Fault{Probability: math.NaN()}), domain.CodeInvalidOption)
	c.code(c.p.Faults(mock.Fault{Probability: -0.1}), domain.CodeInvalidOption)
	_, err := c.p.GetVM(c.ctx(), "mock", "team", "vm")
	c.code(err, domain.CodeInternal) // the faults from before are still there
	c.good(c.p.Faults())
	_, err = c.p.GetVM(c.ctx(), "mock", "team", "vm")
	c.code(err, domain.CodeVMNotFound)
}

// TestFaultMatches: which calls meet a rule, and which rule a call meets.
func TestFaultMatches(t *testing.T) {
	const hit = domain.CodeInternal
	p := mock.New(mock.Options{Clusters: []string{"a", "b"}})
	create := func(cluster, namespace, name string, dry bool) error {
		s := spec(name)
		s.RunStrategy = domain.RunStrategyHalted
		_, err := p.CreateVM(t.Context(), cluster, namespace, s, provider.CreateOptions{DryRun: dry})
		return err
	}
	get := func(cluster, namespace, name string) error {
		_, err := p.GetVM(t.Context(), cluster, namespace, name)
		return err
	}
	for why, c := range map[string]struct {
		faults []mock.Fault
		run    func() []error
		want   []domain.Code
	}{
		"another operation, cluster, namespace or name": {
			[]mock.Fault{{Op: provider.OpCreateVM, Cluster: "a", Namespace: "team", Name: "vm", Code: hit}},
			func() []error {
				return []error{create("a", "team", "vm", false), get("a", "team", "vm"), create("b", "team", "vm", false),
					create("a", "other", "vm", false), create("a", "team", "vm2", false)}
			},
			[]domain.Code{hit, domain.CodeVMNotFound, "", "", ""},
		},
		"writes only": {
			[]mock.Fault{{Writes: true, Code: hit}},
			func() []error {
				return []error{create("a", "team", "vm", false), create("a", "team", "vm", true), get("a", "team", "vm")}
			},
			[]domain.Code{hit, "", domain.CodeVMNotFound},
		},
		"a list by its namespace": {
			[]mock.Fault{{Op: provider.OpListVMs, Namespace: provider.AllNamespaces, Code: hit}},
			func() []error {
				return []error{second(p.ListVMs(t.Context(), "a", "*", provider.ListOptions{})), second(p.ListVMs(t.Context(), "a", "team", provider.ListOptions{}))}
			},
			[]domain.Code{hit, ""},
		},
		"as often as it says": {
			[]mock.Fault{{Code: hit, Count: 2}, {Code: domain.CodeThrottled, Count: 1}},
			func() []error {
				return []error{get("a", "x", "x"), get("a", "x", "x"), get("a", "x", "x"), get("a", "x", "x")}
			},
			[]domain.Code{hit, hit, domain.CodeThrottled, domain.CodeVMNotFound},
		},
		"a call that is refused before uses nothing up": {
			[]mock.Fault{{Code: hit, Count: 1}},
			func() []error { return []error{get("a", "x", "no name"), get("c", "x", "x"), get("a", "x", "x")} },
			[]domain.Code{domain.CodeInvalidName, domain.CodeClusterNotFound, hit},
		},
		"the first that matches": {
			[]mock.Fault{{Name: "spared"}, {Code: hit}},
			func() []error { return []error{get("a", "x", "x"), get("a", "x", "spared")} },
			[]domain.Code{hit, domain.CodeVMNotFound},
		},
	} {
		t.Run(why, func(t *testing.T) {
			p.Reset()
			if err := p.Faults(c.faults...); err != nil {
				t.Fatal(err)
			}
			var got []domain.Code
			for _, err := range c.run() {
				got = append(got, domain.CodeOf(err))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFaultProbability: the same seed has the same calls fail, about as many as it says, and Count counts those.
func TestFaultProbability(t *testing.T) {
	strikes := func(seed uint64, f mock.Fault) (pattern string, n int) {
		p := mock.New(mock.Options{Seed: seed})
		f.Code = domain.CodeInternal
		if err := p.Faults(f); err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			_, err := p.GetVM(t.Context(), "mock", "team", "vm")
			if errors.Is(err, domain.CodeInternal) {
				pattern, n = pattern+"x", n+1
			} else {
				pattern += "."
			}
		}
		return pattern, n
	}
	first, n := strikes(7, mock.Fault{Probability: 0.25})
	if n < 200 || n > 300 {
		t.Errorf("%d of 1000 at a quarter", n)
	}
	if again, _ := strikes(7, mock.Fault{Probability: 0.25}); again != first {
		t.Error("the same seed, another pattern")
	}
	if other, _ := strikes(8, mock.Fault{Probability: 0.25}); other == first {
		t.Error("another seed, the same pattern")
	}
	if _, n := strikes(7, mock.Fault{Probability: 0.25, Count: 10}); n != 10 {
		t.Errorf("%d strikes of 10", n)
	}
	if _, n := strikes(7, mock.Fault{Probability: 1}); n != 1000 {
		t.Errorf("%d strikes of 1000", n)
	}
}

// outcome is how a call ended.
type outcome struct {
	Code    domain.Code
	Unknown bool
	Took    time.Duration
}

func outcomeOf(begin time.Time, err error) outcome {
	e, _ := errors.AsType[*domain.Error](err)
	return outcome{domain.CodeOf(err), e != nil && e.OutcomeUnknown, time.Since(begin)}
}

// TestFaultDelays: what ends a call that takes long, when, and whether a write may have happened.
func TestFaultDelays(t *testing.T) {
	for why, c := range map[string]struct {
		fault    mock.Fault
		deadline time.Duration // of the caller
		cancel   time.Duration
		read     outcome
		write    outcome
		made     bool
	}{
		"a delay alone": {
			fault: mock.Fault{Delay: time.Second},
			read:  outcome{domain.CodeVMNotFound, false, time.Second}, write: outcome{"", false, time.Second}, made: true,
		},
		"a delay behind the effect": {
			fault: mock.Fault{Delay: time.Second, After: true},
			read:  outcome{domain.CodeVMNotFound, false, time.Second}, write: outcome{"", false, time.Second}, made: true,
		},
		"an error after a while": {
			fault: mock.Fault{Delay: time.Second, Code: domain.CodeClusterUnreachable},
			read:  outcome{domain.CodeClusterUnreachable, false, time.Second}, write: outcome{domain.CodeClusterUnreachable, false, time.Second},
		},
		"a lost answer": {
			fault: mock.Fault{Code: domain.CodeClusterUnreachable, After: true},
			read:  outcome{domain.CodeClusterUnreachable, false, 0}, write: outcome{domain.CodeClusterUnreachable, true, 0}, made: true,
		},
		"no answer at all": {
			fault: mock.Fault{Delay: mock.Never},
			read:  outcome{domain.CodeVerbTimeout, false, 15 * time.Second}, write: outcome{domain.CodeVerbTimeout, true, 15 * time.Second},
		},
		"no answer to what happened": {
			fault: mock.Fault{Delay: mock.Never, After: true},
			read:  outcome{domain.CodeVerbTimeout, false, 15 * time.Second}, write: outcome{domain.CodeVerbTimeout, true, 15 * time.Second}, made: true,
		},
		"just as long as the limit": {
			fault: mock.Fault{Delay: 15 * time.Second},
			read:  outcome{domain.CodeVerbTimeout, false, 15 * time.Second}, write: outcome{domain.CodeVerbTimeout, true, 15 * time.Second},
		},
		"the caller's deadline": {
			fault: mock.Fault{Delay: mock.Never}, deadline: 2 * time.Second,
			read: outcome{domain.CodeDeadlineExceeded, false, 2 * time.Second}, write: outcome{domain.CodeDeadlineExceeded, true, 2 * time.Second},
		},
		"the caller's deadline at the same instant": {
			fault: mock.Fault{Delay: mock.Never}, deadline: 15 * time.Second,
			read: outcome{domain.CodeDeadlineExceeded, false, 15 * time.Second}, write: outcome{domain.CodeDeadlineExceeded, true, 15 * time.Second},
		},
		"the caller gives up": {
			fault: mock.Fault{Delay: mock.Never, After: true}, cancel: 3 * time.Second,
			read: outcome{domain.CodeCanceled, false, 3 * time.Second}, write: outcome{domain.CodeCanceled, true, 3 * time.Second}, made: true,
		},
		"a deadline that is never reached": {
			fault: mock.Fault{Delay: time.Second, Code: domain.CodeThrottled}, deadline: 2 * time.Second,
			read: outcome{domain.CodeThrottled, false, time.Second}, write: outcome{domain.CodeThrottled, false, time.Second},
		},
	} {
		t.Run(why, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				c2 := on(t, mock.Options{})
				c2.good(c2.p.Faults(c.fault))
				ctx := func() context.Context {
					ctx := c2.ctx()
					if c.deadline > 0 {
						bounded, cancel := context.WithTimeout(ctx, c.deadline)
						t.Cleanup(cancel)
						ctx = bounded
					}
					if c.cancel > 0 {
						open, cancel := context.WithCancel(ctx)
						time.AfterFunc(c.cancel, cancel)
						ctx = open
					}
					return ctx
				}
				begin := time.Now()
				_, err := c2.p.GetVM(ctx(), "mock", "team", "vm")
				if diff := cmp.Diff(c.read, outcomeOf(begin, err)); diff != "" {
					t.Errorf("a read (-want +got):\n%s", diff)
				}
				if (c.cancel > 0) != errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
				begin = time.Now()
				_, err = c2.p.CreateVM(ctx(), "mock", "team", with(domain.RunStrategyHalted), provider.CreateOptions{IdempotencyKey: "k"})
				if diff := cmp.Diff(c.write, outcomeOf(begin, err)); diff != "" {
					t.Errorf("a write (-want +got):\n%s", diff)
				}
				c2.good(c2.p.Faults())
				made := c2.mayGet("vm")
				if (made != nil) != c.made {
					t.Errorf("made: %t", made != nil)
				}
				again, err := c2.p.CreateVM(c2.ctx(), "mock", "team", with(domain.RunStrategyHalted), provider.CreateOptions{IdempotencyKey: "k"})
				if err != nil || made != nil && again.UID != made.UID {
					t.Errorf("the same intent again: %+v, %v", again, err)
				}
			})
		})
	}
}

// TestTimeout is that of the options.
func TestTimeout(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Timeout: time.Minute})
		c.good(c.p.Faults(mock.Fault{Delay: mock.Never}))
		begin := time.Now()
		_, err := c.p.GetVM(c.ctx(), "mock", "team", "vm")
		if diff := cmp.Diff(outcome{domain.CodeVerbTimeout, false, time.Minute}, outcomeOf(begin, err)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestDelayHoldsNobody: while one call waits, others to the same cluster go on, and see what it has done.
func TestDelayHoldsNobody(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{Clusters: []string{"mock", "other"}})
		c.good(c.p.Faults(mock.Fault{Op: provider.OpCreateVM, Delay: time.Hour, After: true}, mock.Fault{Op: provider.OpStartVM, Delay: mock.Never}))
		ctx, cancel := context.WithCancel(c.ctx())
		done := make(chan error, 2)
		go func() {
			done <- second(c.p.CreateVM(ctx, "mock", "team", with(domain.RunStrategyHalted), provider.CreateOptions{}))
		}()
		synctest.Wait()
		vm := c.get("vm")
		go func() { done <- c.p.StartVM(ctx, "mock", "team", "vm", provider.StartOptions{}) }()
		synctest.Wait()
		if reads, writes := c.p.Requests(); reads != 1 || writes != 2 {
			t.Errorf("%d reads, %d writes while they wait", reads, writes)
		}
		if again := c.get("vm"); again.UID != vm.UID || again.RunStrategy != domain.RunStrategyHalted {
			t.Errorf("%+v", again)
		}
		if _, err := c.p.ListVMs(c.ctx(), "other", "*", provider.ListOptions{}); err != nil {
			t.Error(err)
		}
		cancel()
		for range 2 {
			err := <-done
			if e, ok := errors.AsType[*domain.Error](err); !ok || e.Code != domain.CodeCanceled || !e.OutcomeUnknown || e.Params[domain.ParamName] != "vm" {
				t.Errorf("%v", err)
			}
		}
		c.good(c.p.Faults())
		if vm := c.get("vm"); vm.RunStrategy != domain.RunStrategyHalted {
			t.Error("a start that was cut off before its effect has had it")
		}
	})
}
