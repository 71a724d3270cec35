package providertest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func checkOneCode(e *env) {
	vm := e.halted("vm")
	for _, p := range append(e.provokedByVerbs(), e.provokedByState(vm)...) {
		if p.want != "" {
			e.code(p.what, p.err, p.want)
		}
		e.oneCode(p.what, p.err)
	}
	_, err := e.Provider.GetVM(e.ctx, e.cluster, e.ns, "vm")
	e.holds(err == nil, "get of a VM that is there: the error is not nil: %#v", err) // a nil pointer would not be, either
	err = e.remove("vm")
	e.holds(err == nil, "delete of a VM that is there: the error is not nil: %#v", err)
}

// oneCode finds fault with an error that has not exactly one code, or hides it when it is wrapped.
func (e *env) oneCode(what string, err error) {
	if err == nil {
		e.Errorf("%s: no error", what)
		return
	}
	code := domain.CodeOf(err)
	wrapped := fmt.Errorf("of a layer above: %w", fmt.Errorf("of a layer between: %w", err))
	var codes []domain.Code
	for _, c := range domain.Codes() {
		if errors.Is(wrapped, c) {
			codes = append(codes, c)
		}
	}
	e.same(what+": codes that hold", []domain.Code{code}, codes)
	own, ok := errors.AsType[*domain.Error](wrapped)
	if e.holds(ok && own != nil, "%s: no *domain.Error: %#v", what, err) {
		e.same(what+": code of the *domain.Error", code, own.Code)
	}
}

func checkErrorTells(e *env) {
	vm := e.halted("vm")
	for _, p := range append(e.provokedByVerbs(), e.provokedByState(vm)...) {
		own, ok := errors.AsType[*domain.Error](p.err)
		if !ok || own == nil {
			continue // ERR-01 finds fault with that
		}
		e.same(p.what+": operation", p.op, own.Op)
		for param, want := range p.ref.Params() {
			e.same(p.what+": param "+param, want, own.Params[param])
		}
		e.holds(slices.Contains(domain.Codes(), own.Code), "%s: %q is no code", p.what, own.Code)
	}
}
