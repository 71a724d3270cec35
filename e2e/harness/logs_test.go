package harness

import (
	"strings"
	"testing"
)

func TestLastLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", printedWidth+10)
	cases := map[string]struct{ in, want string }{
		"empty":    {"", ""},
		"short":    {"a\nb\n", "a\nb"},
		"too many": {"a\nb\nc\n", "b\nc"},
		"too wide": {long, long[:printedWidth]},
	}
	for name, c := range cases {
		if got := string(lastLines([]byte(c.in), 2)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
