package provider_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/provider"
)

// TestIsRead holds that every method is told apart, by its name, and that what is not known is a write.
func TestIsRead(t *testing.T) {
	hook := func(_ context.Context, call *provider.Call, _ func(context.Context) error) error {
		verb, _, _ := strings.Cut(call.Op, "_")
		if got, want := provider.IsRead(call.Op), slices.Contains([]string{"get", "list", "watch", "validate"}, verb); got != want {
			t.Errorf("IsRead(%s) = %v", call.Op, got)
		}
		return errors.New("enough")
	}
	callEveryMethod(t, provider.Wrap(provider.Unimplemented{}, hook), func(name string, err error) {
		if err == nil {
			t.Errorf("%s passed the hook", name)
		}
	})
	if provider.IsRead("SomethingNew") {
		t.Error("an unknown method is taken for a read: a gate would let it pass")
	}
}

func TestPastGate(t *testing.T) {
	if provider.IsPastGate(t.Context()) {
		t.Error("every context passes gates")
	}
	past := provider.PastGate(t.Context())
	inner, cancel := context.WithCancel(past)
	defer cancel()
	if !provider.IsPastGate(past) || !provider.IsPastGate(inner) {
		t.Error("the mark is lost")
	}
}
