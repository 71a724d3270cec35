package jsontree

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWalks(t *testing.T) {
	o := Object{"a": Object{"b": []any{Object{"name": "x"}, Object{"metadata": Object{"name": "y"}}, 7}}, "n": 1}
	if got := At(o, "a", "b", "c"); got != nil {
		t.Errorf("through a list: %v", got)
	}
	if got := At(o, "n", "c"); got != nil {
		t.Errorf("through a number: %v", got)
	}
	var names []string
	for _, element := range List(o, "a", "b") {
		names = append(names, ElementName(element))
	}
	if diff := cmp.Diff([]string{"x", "y", ""}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if got := List(o, "a"); got != nil {
		t.Errorf("an object as a list: %v", got)
	}
	Make(o, "a", "new", "deep")["k"] = "v"
	if got := At(o, "a", "new", "deep", "k"); got != "v" {
		t.Errorf("made: %v", got)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	o := Object{"list": []any{Object{"k": "v"}}, "none": nil}
	c, ok := Clone(o).(Object)
	if diff := cmp.Diff(o, c); !ok || diff != "" {
		t.Fatalf("Clone() (-want +got):\n%s", diff)
	}
	List(c, "list")[0].(Object)["k"] = "changed"
	if got := List(o, "list")[0].(Object)["k"]; got != "v" {
		t.Errorf("the original was changed: %v", got)
	}
}
