package provider_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// pager lists n VMs; the token is the index of the next. Page failAt is an error, every VM at badAt an item error.
type pager struct {
	provider.Unimplemented
	n, calls, failAt, badAt int
}

func (p *pager) ListVMs(_ context.Context, _, _ string, opts provider.ListOptions) (*domain.VMList, error) {
	p.calls++
	if p.calls == p.failAt {
		return nil, domain.CodeCursorExpired
	}
	start, _ := strconv.Atoi(opts.Continue)
	list := &domain.VMList{}
	for i := start; i < min(start+opts.Limit, p.n); i++ {
		name := fmt.Sprint("vm-", i)
		if i == p.badAt {
			list.ItemErrors = append(list.ItemErrors, &domain.ItemError{Ref: domain.Ref{Name: name}, Err: domain.E(domain.CodeIncompatibleSchema, nil, nil)})
			continue
		}
		list.Items = append(list.Items, &domain.VM{Name: name})
	}
	if end := start + opts.Limit; end < p.n {
		list.Continue = strconv.Itoa(end)
	}
	return list, nil
}

func TestVMs(t *testing.T) {
	for _, c := range []struct {
		why            string
		pager          pager
		items, bad     int
		calls, breakAt int
		err            domain.Code
	}{
		{"all pages", pager{n: 50, badAt: -1}, 50, 0, 8, 0, ""},
		{"nothing", pager{badAt: -1}, 0, 0, 1, 0, ""},
		{"break makes no further call", pager{n: 50, badAt: -1}, 8, 0, 2, 8, ""},
		{"a VM that cannot be read hides no other", pager{n: 20, badAt: 3}, 19, 1, 3, 0, ""},
		{"an error is the last value", pager{n: 50, failAt: 3, badAt: -1}, 14, 0, 3, 0, domain.CodeCursorExpired},
	} {
		var names []string
		var bad int
		var last error
		for vm, err := range provider.VMs(t.Context(), &c.pager, "c", "ns", provider.ListOptions{Limit: 7}) {
			if last != nil {
				t.Errorf("%s: a value after the error", c.why)
			}
			if item, ok := errors.AsType[*domain.ItemError](err); ok {
				bad++
				if domain.CodeOf(item) != domain.CodeIncompatibleSchema {
					t.Errorf("%s: item error %v", c.why, item)
				}
				continue
			}
			if err != nil {
				last = err
				continue
			}
			if names = append(names, vm.Name); len(names) == c.breakAt {
				break
			}
		}
		if len(names) != c.items || bad != c.bad || c.pager.calls != c.calls || domain.CodeOf(last) != c.err {
			t.Errorf("%s: %d items, %d item errors, %d calls, error %v", c.why, len(names), bad, c.pager.calls, last)
		}
		if unique := slices.Compact(slices.Clone(names)); len(unique) != len(names) {
			t.Errorf("%s: duplicates in %v", c.why, names)
		}
	}
}

func TestUnimplemented(t *testing.T) {
	err := provider.Unimplemented{}.DeleteVM(t.Context(), "c", "ns", "vm", provider.DeleteOptions{})
	if !errors.Is(err, errors.ErrUnsupported) || domain.CodeOf(err) != domain.CodeCapabilityUnsupported {
		t.Errorf("DeleteVM() = %v", err)
	}
	e, ok := errors.AsType[*domain.Error](err)
	if !ok || e.Op != provider.OpDeleteVM || e.Params[domain.ParamCause] != "not_implemented" || e.Params[domain.ParamName] != "vm" {
		t.Errorf("error %+v", e)
	}
}
