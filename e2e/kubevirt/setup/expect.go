package setup

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

// Code compares the code of an error; the empty code is success. The error's text goes to the log only.
func Code(tb testing.TB, what string, want domain.Code, err error) {
	tb.Helper()
	if diff := cmp.Diff(want, domain.CodeOf(err)); diff != "" {
		tb.Errorf("%s: code (-want +got):\n%s%v", what, diff, err)
	}
}

// Must fails the test at once on any error.
func Must(tb testing.TB, what string, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
}

// Error returns the library's error within err, or an empty one.
func Error(err error) *domain.Error {
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return e
	}
	return &domain.Error{}
}

// Diff reports a difference.
func Diff(tb testing.TB, what string, want, got any, opts ...cmp.Option) {
	tb.Helper()
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// ended is a context for what is done after the test, whose own has ended.
func ended(tb testing.TB) context.Context { return context.WithoutCancel(tb.Context()) }
