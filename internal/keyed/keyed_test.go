package keyed

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

type thing struct{ key, value string }

// TestSet holds a set against a map.
func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, model := Set[thing]{Key: func(v thing) string { return v.key }}, map[string]string{}
		keys, values := rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SampledFrom([]string{"1", "2"})
		var filled []thing
		for _, key := range rapid.SliceOfDistinct(keys, func(k string) string { return k }).Draw(t, "filled") {
			filled, model[key] = append(filled, thing{key, "0"}), "0"
		}
		set.Fill(filled)
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			v := thing{keys.Draw(t, "key"), values.Draw(t, "value")}
			had, there := model[v.key]
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				set.Put(v)
				model[v.key] = v.value
			case 1:
				if !there {
					set.Append(v)
					model[v.key] = v.value
				}
			default:
				got, removed := set.Remove(v.key)
				if removed != there || got.value != had {
					t.Fatalf("removed %q: %t %q, want %t %q", v.key, removed, got.value, there, had)
				}
				delete(model, v.key)
			}
			got := map[string]string{}
			for _, v := range set.Values() {
				got[v.key] = v.value
			}
			if !maps.Equal(got, model) || len(set.Values()) != len(model) {
				t.Fatalf("%v, want %v", set.Values(), model)
			}
		}
	})
}
