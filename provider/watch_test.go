package provider_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// told streams what it is, and counts how often it was asked and how often it was ranged over.
type told struct {
	provider.Unimplemented
	names        []string
	asked, began *int
}

func (p told) WatchVMs(_ context.Context, _, _ string, opts provider.WatchOptions) stream {
	*p.asked++
	return func(yield func(domain.Event[*domain.VM], error) bool) {
		*p.began++
		for _, name := range append(slices.Clone(p.names), opts.Selector) {
			if !yield(domain.Event[*domain.VM]{Value: &domain.VM{Name: name}}, nil) {
				return
			}
		}
	}
}

// namesOf are the names that a stream tells, and its error.
func namesOf(events stream) (names []string, err error) {
	for event, err := range events {
		if err != nil {
			return names, err
		}
		names = append(names, event.Value.Name)
	}
	return names, nil
}

// TestWrapStream: hooks run whenever a stream is ranged over, and may replace its options, itself, or refuse it.
func TestWrapStream(t *testing.T) {
	cases := map[string]struct {
		hook  provider.Hook
		names []string
		code  domain.Code
	}{
		"nothing": {
			hook:  func(ctx context.Context, _ *provider.Call, next func(context.Context) error) error { return next(ctx) },
			names: []string{"a", "b", "asked"},
		},
		"other options": {
			hook: func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
				call.Options = provider.WatchOptions{Selector: "changed"}
				return next(ctx)
			},
			names: []string{"a", "b", "changed"},
		},
		"another stream": {
			hook: func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
				if err := next(ctx); err != nil {
					return err
				}
				events, _ := call.Result.(stream)
				call.Result = stream(func(yield func(domain.Event[*domain.VM], error) bool) {
					for event, err := range events {
						if event.Value.Name != "a" && !yield(event, err) {
							return
						}
					}
				})
				return nil
			},
			names: []string{"b", "asked"},
		},
		"a refusal": {
			hook: func(context.Context, *provider.Call, func(context.Context) error) error {
				return domain.CodeClusterRebuilding
			},
			code: domain.CodeClusterRebuilding,
		},
		"something that is no stream": {
			hook: func(_ context.Context, call *provider.Call, _ func(context.Context) error) error {
				call.Result = []string{"a"}
				return nil
			},
			code: domain.CodeInternal,
		},
	}
	for what, c := range cases {
		t.Run(what, func(t *testing.T) {
			var asked, began, hooked int
			count := func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
				hooked++
				before := began
				err := next(ctx)
				if call.Op != provider.OpWatchVMs || call.Ref != (domain.Ref{Cluster: "c", Namespace: "ns"}) || began != before {
					t.Errorf("the hook saw %s of %s, and %d streams that have begun", call.Op, call.Ref, began-before)
				}
				return err
			}
			p := provider.Wrap(told{names: []string{"a", "b"}, asked: &asked, began: &began}, count, c.hook)
			events := p.WatchVMs(t.Context(), "c", "ns", provider.WatchOptions{Selector: "asked"})
			if hooked != 0 {
				t.Error("hooks ran before the stream was ranged over")
			}
			for range 2 {
				names, err := namesOf(events)
				if diff := cmp.Diff(c.names, names); diff != "" || domain.CodeOf(err) != c.code {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			}
			if hooked != 2 {
				t.Errorf("hooks ran %d times for two streams", hooked)
			}
			for range events {
				break // and nothing panics
			}
		})
	}
}

func TestUnimplementedStream(t *testing.T) {
	var errs []string
	for event, err := range (provider.Unimplemented{}).WatchVMs(t.Context(), "c", "ns", provider.WatchOptions{}) {
		errs = append(errs, fmt.Sprint(event.Type, errors.Is(err, errors.ErrUnsupported)))
	}
	if diff := cmp.Diff([]string{"true"}, errs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
