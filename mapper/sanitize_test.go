package mapper

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func TestText(t *testing.T) {
	cases := map[string]struct{ why, in, want string }{
		"plain":         {"nothing to do", "Fedora Linux 42", "Fedora Linux 42"},
		"umlauts":       {"letters are letters", "Grüße 漢字 🙂", "Grüße 漢字 🙂"},
		"NUL":           {"PostgreSQL refuses it", "a\x00b", "ab"},
		"bad UTF-8":     {"PostgreSQL refuses it", "a\xff\xfeb", "a\uFFFDb"},
		"lines":         {"one log line", "a\nb\r\nc\td", "a b  c d"},
		"escape":        {"no terminal sequences", "\x1b[31mred", "[31mred"},
		"C1":            {"the same in one character", "a\u009b31mb", "a31mb"},
		"DEL":           {"", "a\x7fb", "ab"},
		"bidi override": {"a name that reads backwards", "user\u202etxt.exe", "usertxt.exe"},
		"bidi isolate":  {"", "a\u2066b\u2069", "ab"},
		"bidi mark":     {"", "a\u200fb\u061cc", "abc"},
		"zero joiner":   {"needed in Persian and emoji", "a\u200db", "a\u200db"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for door, got := range map[string]string{"text": text(c.in), "message": message(c.in)} {
				if got != c.want {
					t.Errorf("%s\n%s(%q) = %q, want %q", c.why, door, c.in, got, c.want)
				}
			}
		})
	}
}

func TestTextIsBounded(t *testing.T) {
	if got := text(strings.Repeat("é", 300)); utf8.RuneCountInString(got) != 256 {
		t.Errorf("text: %d runes", utf8.RuneCountInString(got))
	}
	if got := message(strings.Repeat("é", 600)); len(got) != 1024 || !utf8.ValidString(got) {
		t.Errorf("message: %d bytes", len(got))
	}
	if got := message("a" + strings.Repeat("é", 600)); len(got) != 1023 || !utf8.ValidString(got) {
		t.Errorf("a message is cut between two characters: %d bytes", len(got))
	}
}

func TestValueKeepsWhatItCan(t *testing.T) {
	long := strings.Repeat("line\n", 1000)
	in := map[string]string{"a": long, "b": "x\x00\xff", "c": "\u202e"}
	want := map[string]string{"a": long, "b": "x\uFFFD", "c": "\u202e"}
	if diff := cmp.Diff(want, values(in)); diff != "" {
		t.Errorf("annotations are documents (-want +got):\n%s", diff)
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "a", "\x00", "\xff", "\u202e", strings.Repeat("é", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		short, long := text(s), message(s)
		for _, got := range []string{short, long} {
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f || turnsDirection(r) }) {
				t.Errorf("%q is not clean", got)
			}
		}
		if utf8.RuneCountInString(short) > maxTextRunes || len(long) > maxMessageBytes {
			t.Errorf("too long: %d, %d", len(short), len(long))
		}
		if text(short) != short || message(long) != long {
			t.Error("cleaning twice changes something")
		}
	})
}

func TestIdentityIsThatOfTheDomain(t *testing.T) {
	labels := map[string]string{}
	for n, key := range domain.IdentityLabelKeys("example.com") {
		labels[key] = string(rune('a' + n))
	}
	labels["other.io/system"] = "not ours"
	keys := newIdentityKeys("example.com")
	if diff := cmp.Diff(domain.IdentityFromLabels("example.com", labels), keys.of(labels)); diff != "" {
		t.Errorf("two readings of one identity (-domain +mapper):\n%s", diff)
	}
}
