package selector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The two fields that a server can select custom resources by.
const (
	FieldName      = "metadata.name"
	FieldNamespace = "metadata.namespace"
)

// Fields is a parsed field selector. The zero value selects everything. It is immutable, and safe for concurrent use.
type Fields struct{ terms []fieldTerm }

type fieldTerm struct {
	field  string
	differ bool
	value  string
}

// ParseFields reads a field selector: terms field=value, field==value and field!=value, joined by commas. The fields
// are metadata.name and metadata.namespace: Kubernetes answers 400 for any other field of a custom resource. Space
// counts, a backslash escapes a comma, an equals sign or a backslash in a value, and empty terms are skipped.
func ParseFields(s string) (Fields, error) {
	var f Fields
	for _, part := range splitTerms(s) {
		if part == "" {
			continue
		}
		term, err := parseTerm(part)
		if err != nil {
			return Fields{}, invalid("fieldSelector", err)
		}
		f.terms = append(f.terms, term)
	}
	slices.SortFunc(f.terms, compareTerms)
	f.terms = slices.Compact(f.terms)
	return f, nil
}

func compareTerms(a, b fieldTerm) int {
	return cmp.Or(strings.Compare(a.field, b.field), strings.Compare(a.operator(), b.operator()), strings.Compare(a.value, b.value))
}

// splitTerms cuts at the commas that no backslash escapes.
func splitTerms(s string) []string {
	var terms []string
	start, escaped := 0, false
	for i := range len(s) {
		switch {
		case escaped:
			escaped = false
		case s[i] == '\\':
			escaped = true
		case s[i] == ',':
			terms = append(terms, s[start:i])
			start = i + 1
		}
	}
	return append(terms, s[start:])
}

func parseTerm(s string) (fieldTerm, error) {
	before, after, ok := strings.Cut(s, "=")
	if !ok {
		return fieldTerm{}, fmt.Errorf("%.80q has no operator", s)
	}
	t := fieldTerm{field: before}
	rest := after
	// An exclamation mark or a second equals sign belongs to the operator, wherever the first one stands.
	if field, ok := strings.CutSuffix(t.field, "!"); ok {
		t.field, t.differ = field, true
	} else {
		rest = strings.TrimPrefix(rest, "=")
	}
	if t.field != FieldName && t.field != FieldNamespace {
		return t, fmt.Errorf("field %.80q is not selectable", t.field)
	}
	var err error
	t.value, err = unescape(rest)
	return t, err
}

func unescape(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '=', ',':
			return "", fmt.Errorf("unescaped %q in a value", s[i])
		case '\\':
			i++
			if i == len(s) || s[i] != '\\' && s[i] != ',' && s[i] != '=' {
				return "", fmt.Errorf("a backslash that escapes nothing")
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), nil
}

// Empty says that the selector selects everything.
func (f Fields) Empty() bool { return len(f.terms) == 0 }

// Matches says whether the object of that name is selected.
func (f Fields) Matches(namespace, name string) bool {
	for _, t := range f.terms {
		value := name
		if t.field == FieldNamespace {
			value = namespace
		}
		if (value == t.value) == t.differ {
			return false
		}
	}
	return true
}

func (t fieldTerm) operator() string {
	if t.differ {
		return "!="
	}
	return "="
}

var escaper = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `=`, `\=`)

// String returns the canonical form. [ParseFields] of it is the same selector.
func (f Fields) String() string {
	var parts []string
	for _, t := range f.terms {
		parts = append(parts, t.field+t.operator()+escaper.Replace(t.value))
	}
	return strings.Join(parts, ",")
}
