package providertest

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

var listMutants = slices.Concat(pageMutants, cursorMutants, selectMutants, wholeMutants)

var pageMutants = []mutant{
	{"a list ignores its limit", asking(provider.OpListVMs, func(_ *provider.Call, opts provider.ListOptions) provider.ListOptions {
		opts.Limit = min(opts.Limit, 0)
		return opts
	})},
	{"a page begins with the last VM of the page before", overlapping},
	{"a list is sorted by namespace, then by name", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		slices.SortFunc(page.Items, func(a, b *domain.VM) int {
			return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
		})
		return page
	})},
	{"a negative limit is none", asking(provider.OpListVMs, func(_ *provider.Call, opts provider.ListOptions) provider.ListOptions {
		opts.Limit = max(opts.Limit, 0)
		return opts
	})},
	{"a limit above the maximum is refused", asking(provider.OpListVMs, func(_ *provider.Call, opts provider.ListOptions) provider.ListOptions {
		if opts.Limit > provider.MaxLimit {
			opts.Limit = math.MinInt
		}
		return opts
	})},
	{"pages go by position, so that a delete skips a VM", byPosition},
	{"a page is expired when the VM before it is gone", anchored},
}

var cursorMutants = []mutant{
	{"an expired token is an invalid one", instead(domain.CodeCursorExpired, domain.CodeInvalidCursor)},
	{"an expired token begins anew", beginningAnew(domain.CodeCursorExpired)},
	{"a token that cannot be read begins anew", beginningAnew(domain.CodeInvalidCursor)},
	{"the last character of a token does not count", careless},
	{"a token brings its own selector", selecting},
	{"a token brings its own namespace", func(b Backend) provider.Hook {
		var of memory[domain.Ref]
		return only(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			err := next(ctx)
			opts := optionsOf(call)
			if made, known := of.get(opts.Continue); known && err != nil {
				page, err := b.Provider.ListVMs(ctx, made.Cluster, made.Namespace, opts)
				call.Result = page
				return err
			}
			if page, ok := call.Result.(*domain.VMList); ok && err == nil {
				of.set(page.Continue, call.Ref)
			}
			return err
		})
	}},
}

// memory is what goes with each token that was handed out.
type memory[T any] struct {
	mu sync.Mutex
	of map[string]T
}

func (m *memory[T]) set(token string, value T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil {
		m.of = map[string]T{}
	}
	if token != "" {
		m.of[token] = value
	}
}

func (m *memory[T]) get(token string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.of[token]
	return value, ok
}

func (m *memory[T]) tokens() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.of))
}

func optionsOf(call *provider.Call) provider.ListOptions {
	opts, _ := call.Options.(provider.ListOptions)
	return opts
}

// listing breaks ListVMs where it succeeds: what is remembered of the page before is at hand by the token.
func listing[T any](rewrite func(b Backend, ctx context.Context, call *provider.Call, page *domain.VMList, before T) (T, error)) func(Backend) provider.Hook {
	return func(b Backend) provider.Hook {
		var of memory[T]
		return only(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			before, _ := of.get(optionsOf(call).Continue)
			if err := next(ctx); err != nil {
				return err
			}
			page, ok := call.Result.(*domain.VMList)
			if !ok {
				return nil
			}
			now, err := rewrite(b, ctx, call, page, before)
			of.set(page.Continue, now)
			return err
		})
	}
}

var overlapping = listing(func(_ Backend, _ context.Context, _ *provider.Call, page *domain.VMList, before *domain.VM) (*domain.VM, error) {
	last := before
	if len(page.Items) > 0 {
		last = page.Items[len(page.Items)-1]
	}
	if before != nil {
		page.Items = slices.Insert(page.Items, 0, before)
	}
	return last, nil
})

var byPosition = listing(func(b Backend, ctx context.Context, call *provider.Call, page *domain.VMList, before int) (int, error) {
	opts := optionsOf(call)
	if opts.Continue == "" {
		return len(page.Items), nil
	}
	opts.Continue, opts.Limit = "", 0
	whole, err := b.Provider.ListVMs(ctx, call.Ref.Cluster, call.Ref.Namespace, opts)
	if err != nil {
		return 0, err
	}
	from := min(before, len(whole.Items))
	to := min(before+len(page.Items), len(whole.Items))
	page.Items = whole.Items[from:to]
	return to, nil
})

var anchored = listing(func(b Backend, ctx context.Context, _ *provider.Call, page *domain.VMList, before *domain.VM) (*domain.VM, error) {
	if before != nil {
		if _, err := b.Provider.GetVM(ctx, before.Cluster, before.Namespace, before.Name); err != nil {
			return before, domain.E(domain.CodeCursorExpired, nil, err)
		}
	}
	if len(page.Items) == 0 {
		return before, nil
	}
	return page.Items[len(page.Items)-1], nil
})

// beginningAnew lists from the start where a token is refused.
func beginningAnew(code domain.Code) func(Backend) provider.Hook {
	return on(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if domain.CodeOf(err) != code {
			return err
		}
		opts := optionsOf(call)
		opts.Continue = ""
		call.Options = opts
		return next(ctx)
	})
}

func careless(Backend) provider.Hook {
	var of memory[bool]
	return only(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		opts := optionsOf(call)
		for _, token := range of.tokens() {
			if len(token) == len(opts.Continue) && token[:len(token)-1] == opts.Continue[:len(token)-1] {
				opts.Continue = token
				call.Options = opts
			}
		}
		err := next(ctx)
		if page, ok := call.Result.(*domain.VMList); ok && err == nil {
			of.set(page.Continue, true)
		}
		return err
	})
}

func selecting(Backend) provider.Hook {
	var of memory[provider.ListOptions]
	return only(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		opts := optionsOf(call)
		if made, known := of.get(opts.Continue); known {
			opts.LabelSelector, opts.FieldSelector = made.LabelSelector, made.FieldSelector
			call.Options = opts
		}
		err := next(ctx)
		if page, ok := call.Result.(*domain.VMList); ok && err == nil {
			of.set(page.Continue, opts)
		}
		return err
	})
}

var selectMutants = []mutant{
	{"!= does not select what lacks the label", answering(provider.OpListVMs, func(call *provider.Call, page *domain.VMList) *domain.VMList {
		key, _, unequal := strings.Cut(optionsOf(call).LabelSelector, "!=")
		page.Items = slices.DeleteFunc(page.Items, func(vm *domain.VM) bool {
			_, has := vm.Labels[key]
			return unequal && !has
		})
		return page
	})},
	{"a label selector of bad syntax selects nothing", on(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		if domain.CodeOf(err) == domain.CodeInvalidSelector && optionsOf(call).LabelSelector != "" {
			call.Result = &domain.VMList{}
			return nil
		}
		return err
	})},
	{"a field selector that is not known selects everything", on(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		err := next(ctx)
		opts := optionsOf(call)
		if domain.CodeOf(err) != domain.CodeInvalidSelector || opts.FieldSelector == "" {
			return err
		}
		opts.FieldSelector = ""
		call.Options = opts
		return next(ctx)
	})},
	{"the total is the page's length", answering(provider.OpListVMs, func(_ *provider.Call, page *domain.VMList) *domain.VMList {
		page.Total = new(int64(len(page.Items)))
		return page
	})},
	{"the total does not heed the selector", listing(func(b Backend, ctx context.Context, call *provider.Call, page *domain.VMList, _ bool) (bool, error) {
		whole, err := b.Provider.ListVMs(ctx, call.Ref.Cluster, call.Ref.Namespace, provider.ListOptions{})
		if err != nil {
			return false, err
		}
		page.Total = whole.Total
		return true, nil
	})},
	{"an empty namespace means all", func(b Backend) provider.Hook {
		return only(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
			if call.Ref.Namespace != "" {
				return next(ctx)
			}
			page, err := b.Provider.ListVMs(ctx, call.Ref.Cluster, provider.AllNamespaces, optionsOf(call))
			call.Result = page
			return err
		})
	}},
	{"AllNamespaces is a namespace without VMs", on(provider.OpListVMs, func(ctx context.Context, call *provider.Call, next func(context.Context) error) error {
		if call.Ref.Namespace == provider.AllNamespaces {
			call.Result = &domain.VMList{}
			return nil
		}
		return next(ctx)
	})},
	{"a namespace without VMs is a missing one", listing(func(_ Backend, _ context.Context, call *provider.Call, page *domain.VMList, _ bool) (bool, error) {
		if len(page.Items) == 0 && optionsOf(call) == (provider.ListOptions{}) {
			return false, domain.E(domain.CodeNamespaceNotFound, nil, nil)
		}
		return false, nil
	})},
}
