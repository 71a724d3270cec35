package setup

import (
	"encoding/json"
	"testing"
)

// hasPath says whether a set of managed fields has a path.
func hasPath(tb testing.TB, fields []byte, path ...string) bool {
	tb.Helper()
	var at map[string]any
	Must(tb, "decode managed fields", json.Unmarshal(fields, &at))
	for _, key := range path {
		next, ok := at[key].(map[string]any)
		if !ok {
			return false
		}
		at = next
	}
	return true
}
