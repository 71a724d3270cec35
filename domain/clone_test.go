package domain

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCloneSharesNothing fills a VM by reflection, so that no field is forgotten that a VM gets later.
func TestCloneSharesNothing(t *testing.T) {
	var vm VM
	fill(t, reflect.ValueOf(&vm).Elem())
	c := vm.Clone()
	if diff := cmp.Diff(&vm, c); diff != "" {
		t.Fatalf("the copy differs (-original +copy):\n%s", diff)
	}
	apart(t, "vm", reflect.ValueOf(&vm), reflect.ValueOf(c))
}

func TestCloneOfNothing(t *testing.T) {
	if (*VM)(nil).Clone() != nil {
		t.Error("a copy of nil is something")
	}
	if diff := cmp.Diff(&VM{}, new(VM).Clone()); diff != "" {
		t.Errorf("the copy of an empty VM (-original +copy):\n%s", diff)
	}
}

// fill gives every field a value, and every list, map and pointer something to point at.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key)
		fill(t, element)
		v.SetMapIndex(key, element)
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	default:
		t.Fatalf("a VM has a %s: teach this test, and Clone, about it", v.Type())
	}
}

// apart fails where two values share memory.
func apart(t *testing.T, path string, a, b reflect.Value) {
	t.Helper()
	if a.Type() == reflect.TypeFor[time.Time]() {
		return
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", path)
		}
	}
	switch a.Kind() {
	case reflect.Pointer:
		apart(t, path, a.Elem(), b.Elem())
	case reflect.Slice:
		for n := range a.Len() {
			apart(t, path, a.Index(n), b.Index(n))
		}
	case reflect.Struct:
		for field, value := range a.Fields() {
			apart(t, path+"."+field.Name, value, b.FieldByIndex(field.Index))
		}
	}
}
