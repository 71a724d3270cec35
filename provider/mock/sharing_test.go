package mock_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/mock"
)

// TestNothingIsShared changes every value, map and slice of what goes in and what comes out; nobody else may notice.
func TestNothingIsShared(t *testing.T) {
	virtual(t, func(t *testing.T) {
		c := on(t, mock.Options{InstanceTypes: []domain.InstanceType{{Name: "big", VCPUs: 1, MemoryBytes: 1, Labels: map[string]string{"a": "b"}, GPUs: []string{"x"}}},
			Preferences: []domain.Preference{{Name: "pref", Labels: map[string]string{"a": "b"}}}})
		in := spec("vm")
		in.Labels = map[string]string{"a": "b"}
		in.Annotations = map[string]string{"a": "b"}
		in.GuestLabels = map[string]string{"a": "b"}
		in.NodeSelector = map[string]string{"a": "b"}
		in.Networks = []domain.Network{{Name: "default"}}
		in.Preference = &domain.Matcher{Name: "pref"}
		in.Tolerations = []domain.Toleration{{Key: "a", Effect: "NoExecute", Operator: "Exists", Seconds: new(int64(1))}}
		out := c.create(in)
		scramble(reflect.ValueOf(&in))
		c.is("vm", domain.StatusRunning)
		m, err := c.p.MigrateVM(c.ctx(), "mock", "team", "vm", provider.MigrateOptions{})
		c.good(err)
		time.Sleep(time.Second)
		// What is compared is text: a value could be changed by the same hand that changes what it is compared with.
		look := func() string { return text(t, c.get("vm")) }
		want := look()
		wantTypes, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
		c.good(err)
		wantPreferences, err := c.p.ListPreferences(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
		c.good(err)
		typesText, preferencesText := text(t, wantTypes), text(t, wantPreferences)
		change := domain.VMChange{Labels: map[string]*string{"c": new("d")}, Tolerations: []domain.Toleration{{Key: "z", Effect: "NoExecute", Operator: "Exists", Seconds: new(int64(2))}},
			SetDisks: []domain.Disk{{Name: "more", Kind: domain.DiskClaim, Claim: "claim"}}}
		changed, _, err := c.p.UpdateVM(c.ctx(), "mock", "team", "vm", change, provider.UpdateOptions{DryRun: true})
		c.good(err)
		list, err := c.p.ListVMs(c.ctx(), "mock", "*", provider.ListOptions{})
		c.good(err)
		migrations, err := c.p.ListMigrations(c.ctx(), "mock", "team", "vm", provider.ListOptions{})
		c.good(err)
		types, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
		c.good(err)
		preferences, err := c.p.ListPreferences(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{})
		c.good(err)
		instanceType, err := c.p.GetInstanceType(c.ctx(), "mock", provider.ClusterScope, "big")
		c.good(err)
		preference, err := c.p.GetPreference(c.ctx(), "mock", provider.ClusterScope, "pref")
		c.good(err)
		for _, value := range []any{out, m, instanceType, preference, changed, list, migrations, types, preferences, c.get("vm"), &change} {
			scramble(reflect.ValueOf(value))
		}
		if diff := cmp.Diff(want, look()); diff != "" {
			t.Errorf("somebody else's value changed the VM (-want +got):\n%s", diff)
		}
		if types, err := c.p.ListInstanceTypes(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{}); text(t, types) != typesText {
			t.Errorf("instance types: %v, %v", types, err)
		}
		if preferences, err := c.p.ListPreferences(c.ctx(), "mock", provider.ClusterScope, provider.ListOptions{}); text(t, preferences) != preferencesText {
			t.Errorf("preferences: %v, %v", preferences, err)
		}
		change = domain.VMChange{Labels: map[string]*string{"c": new("d")}, SetDisks: []domain.Disk{{Name: "more", Kind: domain.DiskClaim, Claim: "claim"}},
			Tolerations: []domain.Toleration{{Key: "z", Effect: "NoExecute", Operator: "Exists", Seconds: new(int64(2))}}}
		_, _, err = c.p.UpdateVM(c.ctx(), "mock", "team", "vm", change, provider.UpdateOptions{})
		c.good(err)
		want = look()
		scramble(reflect.ValueOf(&change))
		if diff := cmp.Diff(want, look()); diff != "" {
			t.Errorf("the change is still in use (-want +got):\n%s", diff)
		}
		seed := c.get("vm")
		c.good(c.p.Seed([]*domain.VM{seed}))
		want = look()
		scramble(reflect.ValueOf(seed))
		if diff := cmp.Diff(want, look()); diff != "" {
			t.Errorf("the seed is still in use (-want +got):\n%s", diff)
		}
	})
}

func text(t *testing.T, value any) string {
	t.Helper()
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// scramble changes everything that can be reached from a value.
func scramble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scramble(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			scramble(v.Index(i))
		}
	case reflect.Map:
		for _, k := range slices.Clone(v.MapKeys()) {
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(v.MapIndex(k))
			scramble(element)
			v.SetMapIndex(k, element)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scramble(v.Field(i))
			}
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("scrambled")
		}
	case reflect.Int64, reflect.Int32, reflect.Int:
		if v.CanSet() {
			v.SetInt(-42)
		}
	}
}
