package names

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func TestSyntax(t *testing.T) {
	l63, l64 := strings.Repeat("a", 63), strings.Repeat("a", 64)
	s253 := strings.Repeat("a", 80) + "." + strings.Repeat("b", 172)
	const label, subdomain, key, annotation, value = 1, 2, 4, 8, 16
	cases := map[string]struct {
		why string
		in  string
		is  int
	}{
		"plain":             {"good for all", "vm-1", label | subdomain | key | annotation | value},
		"empty":             {"only a label's value may be empty", "", value},
		"digit first":       {"DNS-1123, not 1035: digits may begin", "1vm", label | subdomain | key | annotation | value},
		"upper case":        {"DNS names are lower case", "Vm", key | annotation | value},
		"dash first":        {"dashes are inside only", "-a", 0},
		"dash last":         {"dashes are inside only", "a-", 0},
		"dots":              {"dots make a subdomain", "a.b.c", subdomain | key | annotation | value},
		"two dots":          {"no empty part; but label keys and values do not look at parts", "a..b", key | annotation | value},
		"dot last":          {"no root dot", "a.b.", 0},
		"63":                {"the longest label", l63, label | subdomain | key | annotation | value},
		"64":                {"parts of a subdomain have no limit of their own", l64, subdomain},
		"253":               {"the longest subdomain", s253, subdomain},
		"254":               {"too long", s253 + "b", 0},
		"underscore":        {"label keys and values take underscores", "a_b", key | annotation | value},
		"slash":             {"a prefix and a name", "example.com/a", key | annotation},
		"two slashes":       {"one prefix", "a/b/c", 0},
		"empty prefix":      {"a slash needs a prefix", "/a", 0},
		"empty name":        {"a slash needs a name", "a/", 0},
		"upper case prefix": {"annotation keys are compared in lower case", "Example.com/a", annotation},
		"long prefix":       {"the prefix has the length of a subdomain", s253 + "/" + l63, key | annotation},
		"longer prefix":     {"and no more", s253 + "b/a", 0},
		"space":             {"no white space", "a b", 0},
		"newline":           {"a trailing newline is not overlooked", "a\n", 0},
		"non-ASCII":         {"ASCII only", "ä", 0},
		"NUL":               {"ASCII letters only", "a\x00b", 0},
		"path":              {"names enter URLs", "../../etc", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := 0
			for bit, is := range map[int]func(string) bool{
				label: IsLabel, subdomain: IsSubdomain, key: IsLabelKey, annotation: IsAnnotationKey, value: IsLabelValue,
			} {
				if is(c.in) {
					got |= bit
				}
			}
			if got != c.is {
				t.Errorf("%s\n%q: got %05b, want %05b", c.why, c.in, got, c.is)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	if err := Check(Cluster("cluster", "c1"), Namespace("namespace", "team-a"), VM("name", "a.b")); err != nil {
		t.Errorf("good names: %v", err)
	}
	err := Check(Cluster("cluster", ""), Namespace("namespace", "A"), VMNew("name", strings.Repeat("a", 64)))
	if !errors.Is(err, domain.CodeInvalidName) {
		t.Fatalf("got %v, want INVALID_NAME", err)
	}
	e, _ := errors.AsType[*domain.Error](err)
	got := map[string]string{}
	for _, f := range e.Fields {
		got[f.Field] = f.Reason
	}
	want := map[string]string{"cluster": domain.FieldRequired, "namespace": domain.FieldInvalid, "name": domain.FieldTooLong}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("every wrong name is listed (-want +got):\n%s", diff)
	}
}

func TestMetadata(t *testing.T) {
	got := Labels("labels", map[string]string{"b b": "x", "a": "-", "c": "ok"})
	want := []domain.FieldError{
		{Field: `labels["a"]`, Reason: domain.FieldInvalid},
		{Field: `labels["b b"]`, Reason: domain.FieldInvalid},
	}
	strip := func(fs []domain.FieldError) []domain.FieldError {
		for n := range fs {
			fs[n].Detail = ""
		}
		return fs
	}
	if diff := cmp.Diff(want, strip(got)); diff != "" {
		t.Errorf("labels, in the order of keys (-want +got):\n%s", diff)
	}
	size := map[string]string{"a": strings.Repeat("x", MaxAnnotations-1)}
	if got := Annotations("annotations", size); got != nil {
		t.Errorf("256 KiB of annotations: %v", got)
	}
	size["b"] = ""
	want = []domain.FieldError{{Field: "annotations", Reason: domain.FieldTooLong}}
	if diff := cmp.Diff(want, strip(Annotations("annotations", size))); diff != "" {
		t.Errorf("one byte more (-want +got):\n%s", diff)
	}
}

func TestElementIsOneShortLine(t *testing.T) {
	got := Element("labels", strings.Repeat("\n", 1000))
	if strings.Contains(got, "\n") || len(got) > 300 {
		t.Errorf("a hostile key must not break a log line: %d bytes", len(got))
	}
}
