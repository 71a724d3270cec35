package selector

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kv-shepherd/shepherd-go/domain"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		why, in, want string
	}{
		{"nothing selects everything", "", ""},
		{"space is nothing", " \t\r\n", ""},
		{"one equals sign", "a=b", "a=b"},
		{"two mean the same", "a==b", "a=b"},
		{"space does not count", " a\t==\n b ", "a=b"},
		{"an empty value behind the operator", "a=", "a="},
		{"an empty value before a comma", "a=,b", "a=,b"},
		{"unequal", "a!=b", "a!=b"},
		{"unequal to empty", "a!=", "a!="},
		{"a set", "a in (c,b)", "a in (b,c)"},
		{"a set needs no space", "a in(b , c)", "a in (b,c)"},
		{"a set of one is an equality", "a in (b)", "a=b"},
		{"a set drops repetition", "a in (b,b)", "a=b"},
		{"not in a set", "a notin (b,c)", "a notin (b,c)"},
		{"the empty set holds the empty value", "a in ()", "a="},
		{"a comma alone too", "a notin (,)", "a!="},
		{"an empty value first", "a in (,b)", "a in (,b)"},
		{"an empty value last", "a in (b,)", "a in (,b)"},
		{"an empty value between", "x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z!="},
		{"exists", "a", "a"},
		{"does not exist", "!a", "!a"},
		{"space behind the mark", "! a", "!a"},
		{"requirements are sorted", "b=1,a,!a", "a,!a,b=1"},
		{"requirements are not repeated", "a=1,a==1,a in (1)", "a=1"},
		{"contradictions are kept", "a=1,a=2", "a=1,a=2"},
		{"operators as keys and values", "in in (in,notin),notin=in", "in in (in,notin),notin=in"},
		{"keys with a prefix", "kubevirt.io/vm-name=x", "kubevirt.io/vm-name=x"},
		{"upper case in key and value", "App.Name_1=Web", "App.Name_1=Web"},
		{"the longest key", strings.Repeat("a", 63) + "=" + strings.Repeat("b", 63), strings.Repeat("a", 63) + "=" + strings.Repeat("b", 63)},
		{"greater", "a > 1", "a>1"},
		{"less", "a<10", "a<10"},
	} {
		got, err := Parse(c.in)
		if err != nil || got.String() != c.want {
			t.Errorf("%s: Parse(%q) = %q, %v; want %q", c.why, c.in, got, err, c.want)
		}
		if got.Empty() != (c.want == "") {
			t.Errorf("%s: Parse(%q).Empty() = %v", c.why, c.in, got.Empty())
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ why, in string }{
		{"a comma ends it", "a,"},
		{"a comma begins it", ",a"},
		{"two commas", "a,,b"},
		{"a comma alone", ","},
		{"no key", "=a"},
		{"a key and no operator", "a b"},
		{"two marks", "!!a"},
		{"a mark and a value", "!a=b"},
		{"a mark alone", "!"},
		{"three equals signs", "a===b"},
		{"a negated value", "a=!b"},
		{"a value in parentheses", "a=(b)"},
		{"two values", "a=b=c"},
		{"no set", "a in"},
		{"no parenthesis", "a in b"},
		{"an open set", "a in (b"},
		{"an empty open set", "a in ("},
		{"a closed one alone", "a)"},
		{"no comma in the set", "a in (b c)"},
		{"an operator in the set", "a in (b=c)"},
		{"a set in a set", "a in ((b))"},
		{"two empty values at the end, which Kubernetes cannot read", "a in (b,,)"},
		{"a key with a bad character", "a$=b"},
		{"a key that begins with a dash", "-a=b"},
		{"a key with two prefixes", "a/b/c=d"},
		{"an empty prefix", "/a=b"},
		{"a prefix with upper case", "A.b/c=d"},
		{"a key that is too long", strings.Repeat("a", 64)},
		{"a value that is too long", "a=" + strings.Repeat("b", 64)},
		{"a value with a bad character", "a=b/c"},
		{"a bad value in a set", "a in (b,-)"},
		{"greater than no number", "a>b"},
		{"greater than nothing", "a>"},
		{"a NUL, where Kubernetes stops reading", "a=b\x00,c"},
		{"a NUL first", "\x00"},
		{"not UTF-8", "a=\xff"},
		{"not ASCII", "ключ=x"},
		{"a semicolon", "a=b;c=d"},
		{"quotes", `a="b"`},
	} {
		got, err := Parse(c.in)
		if domain.CodeOf(err) != domain.CodeInvalidSelector {
			t.Errorf("%s: Parse(%q) = %q, %v; want %s", c.why, c.in, got, err, domain.CodeInvalidSelector)
		}
		if !got.Empty() {
			t.Errorf("%s: Parse(%q) refused, and returned %q", c.why, c.in, got)
		}
	}
}

func TestMatches(t *testing.T) {
	vm := map[string]string{"app": "web", "tier": "", "n": "5", "word": "x"}
	for _, c := range []struct {
		why, selector string
		want          bool
	}{
		{"everything", "", true},
		{"equal", "app=web", true},
		{"another value", "app=db", false},
		{"a missing key equals nothing", "zone=", false},
		{"an empty value", "tier=", true},
		{"unequal", "app!=db", true},
		{"unequal, but it is", "app!=web", false},
		{"a missing key is unequal", "zone!=a", true},
		{"a missing key is in no set", "zone in (a,b)", false},
		{"a missing key is not in the set", "zone notin (a,b)", true},
		{"in", "app in (db,web)", true},
		{"notin", "app notin (db,web)", false},
		{"the empty value in a set", "tier in (a,)", true},
		{"exists, though empty", "tier", true},
		{"does not exist", "!zone", true},
		{"does not exist, but does", "!tier", false},
		{"all must hold", "app=web,zone", false},
		{"greater", "n>4", true},
		{"not greater than itself", "n>5", false},
		{"less", "n<6", true},
		{"no number is neither", "word<6", false},
		{"a missing key is neither", "zone<6", false},
	} {
		s, err := Parse(c.selector)
		if err != nil {
			t.Fatalf("%s: %v", c.why, err)
		}
		if got := s.Matches(vm); got != c.want {
			t.Errorf("%s: %q.Matches(%v) = %v", c.why, s, vm, got)
		}
	}
	if s, _ := Parse("!a,b!=c"); !s.Matches(nil) {
		t.Errorf("an object without labels has no label a, and none equal to c: %q", s)
	}
}

func TestParseFields(t *testing.T) {
	for _, c := range []struct {
		why, in, want string
		code          domain.Code
	}{
		{"nothing selects everything", "", "", ""},
		{"a name", "metadata.name=web", "metadata.name=web", ""},
		{"two equals signs", "metadata.name==web", "metadata.name=web", ""},
		{"unequal", "metadata.namespace!=a", "metadata.namespace!=a", ""},
		{"both, sorted", "metadata.namespace=a,metadata.name=b", "metadata.name=b,metadata.namespace=a", ""},
		{"empty terms are skipped", ",metadata.name=b,,", "metadata.name=b", ""},
		{"an empty value", "metadata.name=", "metadata.name=", ""},
		{"escapes", `metadata.name=a\,b\=c\\`, `metadata.name=a\,b\=c\\`, ""},
		{"another field", "status.phase=Running", "", domain.CodeInvalidSelector},
		{"space counts", "metadata.name =web", "", domain.CodeInvalidSelector},
		{"space around", " metadata.name=web", "", domain.CodeInvalidSelector},
		{"no operator", "metadata.name", "", domain.CodeInvalidSelector},
		{"three equals signs", "metadata.name===web", "", domain.CodeInvalidSelector},
		{"an unescaped equals sign", "metadata.name=a=b", "", domain.CodeInvalidSelector},
		{"a backslash at the end", `metadata.name=a\`, "", domain.CodeInvalidSelector},
		{"a backslash that escapes nothing", `metadata.name=\a`, "", domain.CodeInvalidSelector},
		{"a set", "metadata.name in (a)", "", domain.CodeInvalidSelector},
		{"an operator alone", "=", "", domain.CodeInvalidSelector},
	} {
		got, err := ParseFields(c.in)
		if diff := cmp.Diff(c.code, domain.CodeOf(err)); diff != "" {
			t.Errorf("%s: ParseFields(%q) code (-want +got):\n%s", c.why, c.in, diff)
		}
		if got.String() != c.want || got.Empty() != (c.want == "") {
			t.Errorf("%s: ParseFields(%q) = %q, want %q", c.why, c.in, got, c.want)
		}
	}
}

func TestFieldsMatch(t *testing.T) {
	for _, c := range []struct {
		selector string
		want     bool
	}{
		{"", true},
		{"metadata.name=web", true},
		{"metadata.name=db", false},
		{"metadata.name!=db,metadata.namespace=team", true},
		{"metadata.name=web,metadata.namespace!=team", false},
		{"metadata.name=web,metadata.name=db", false},
	} {
		f, err := ParseFields(c.selector)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Matches("team", "web"); got != c.want {
			t.Errorf("%q.Matches(team, web) = %v", c.selector, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "a=b,c!=d", "x in (foo,,baz),y,z notin ()", "!a", "a>1", "in in (in)", "a in (b,,)", "a=\x00"} {
		f.Add(seed, "a", "b")
	}
	f.Fuzz(func(t *testing.T, in, key, value string) {
		s, err := Parse(in)
		if err != nil {
			if domain.CodeOf(err) != domain.CodeInvalidSelector {
				t.Fatalf("Parse(%q) = %v", in, err)
			}
			return
		}
		again, err := Parse(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("Parse(%q) is %q, and reads back as %q, %v", in, s, again, err)
		}
		labels := map[string]string{key: value}
		if s.Matches(labels) != again.Matches(labels) || s.Matches(nil) != again.Matches(nil) {
			t.Fatalf("%q and its canonical form %q select differently", in, s)
		}
	})
}

func FuzzParseFields(f *testing.F) {
	for _, seed := range []string{"", "metadata.name=a", `metadata.namespace!=\,\=\\`, ",,", "metadata.name==="} {
		f.Add(seed, "a", "b")
	}
	f.Fuzz(func(t *testing.T, in, namespace, name string) {
		s, err := ParseFields(in)
		if err != nil {
			return
		}
		again, err := ParseFields(s.String())
		if err != nil || again.String() != s.String() || s.Matches(namespace, name) != again.Matches(namespace, name) {
			t.Fatalf("ParseFields(%q) is %q, and reads back as %q, %v", in, s, again, err)
		}
	})
}
