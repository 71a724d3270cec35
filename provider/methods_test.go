package provider_test

import (
	"context"
	"iter"
	"reflect"
	"strings"
	"testing"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
)

// callEveryMethod calls each method of Provider with plain arguments and hands its error to check.
func callEveryMethod(t *testing.T, p provider.Provider, check func(name string, err error)) int {
	t.Helper()
	of := reflect.TypeFor[provider.Provider]()
	for method := range of.Methods() {
		var in []reflect.Value
		for i := range method.Type.NumIn() {
			switch arg := method.Type.In(i); {
			case i == 0:
				in = append(in, reflect.ValueOf(t.Context()))
			case arg.Kind() == reflect.String:
				in = append(in, reflect.ValueOf("x"))
			case arg == reflect.TypeFor[domain.VMSpec]():
				in = append(in, reflect.ValueOf(domain.VMSpec{Name: "x"}))
			default:
				in = append(in, reflect.Zero(arg))
			}
		}
		out := reflect.ValueOf(p).MethodByName(method.Name).Call(in)
		check(method.Name, errorOf(out[len(out)-1]))
	}
	return of.NumMethod()
}

// stream is what a method that follows something returns.
type stream = iter.Seq2[domain.Event[*domain.VM], error]

// errorOf is the error of a call: its last value, or the first one of its stream.
func errorOf(last reflect.Value) (err error) {
	events, ok := last.Interface().(stream)
	if !ok {
		err, _ = last.Interface().(error)
		return err
	}
	for _, err = range events {
		break
	}
	return err
}

// TestSignatures holds the shape of the interface: context, cluster, namespace first, one options struct by value at the
// end of everything but reads of one object, an error last, or a stream of events and errors.
func TestSignatures(t *testing.T) {
	of := reflect.TypeFor[provider.Provider]()
	for method := range of.Methods() {
		sig := method.Type
		if sig.In(0) != reflect.TypeFor[context.Context]() {
			t.Errorf("%s does not begin with a context", method.Name)
		}
		for i := 1; i <= 2; i++ {
			if sig.In(i).Kind() != reflect.String {
				t.Errorf("%s: argument %d is no string", method.Name, i)
			}
		}
		last := sig.In(sig.NumIn() - 1)
		read := len(method.Name) > 3 && method.Name[:3] == "Get"
		if read != (last.Kind() == reflect.String) || !read && last.Kind() != reflect.Struct {
			t.Errorf("%s ends in %s", method.Name, last)
		}
		watch := strings.HasPrefix(method.Name, "Watch")
		if watch != (sig.Out(0) == reflect.TypeFor[stream]()) || watch && sig.NumOut() != 1 {
			t.Errorf("%s: a method that watches returns a stream and nothing else, and no other one does", method.Name)
		}
		if !watch && sig.Out(sig.NumOut()-1) != reflect.TypeFor[error]() {
			t.Errorf("%s does not end in an error", method.Name)
		}
	}
}
