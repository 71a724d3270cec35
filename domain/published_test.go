package domain

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what is published from the tables of this package")

// TestPublished holds the files that are printed from the tables against the tables.
func TestPublished(t *testing.T) {
	for path, content := range map[string][]byte{
		"lifecycle.json":       lifecycleJSON(t),
		"../docs/lifecycle.md": lifecycleDoc(),
		"../docs/errors.md":    errorsDoc(t),
	} {
		if *update {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		published, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(published, content) {
			t.Errorf("%s is not in step with the tables: make generate", path)
		}
	}
}

func lifecycleJSON(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(Lifecycle()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func lifecycleDoc() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "# The lifecycle table")
	fmt.Fprintln(&b)
	fmt.Fprintln(&b, "Printed from `domain.Lifecycle()`; as JSON in `domain/lifecycle.json`. For one verb the first line that matches decides.")
	for _, verb := range Verbs() {
		fmt.Fprintf(&b, "\n## %s\n\n| run strategy | instance | flags | answer | why |\n|---|---|---|---|---|\n", verb)
		for _, r := range Lifecycle() {
			if r.Verb != verb {
				continue
			}
			flags := words(r.Is)
			for _, not := range r.Not {
				flags = strings.TrimPrefix(flags+", not "+string(not), ", ")
			}
			answer := "allowed"
			if r.Code != "" {
				answer = "`" + string(r.Code) + "`"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", words(r.Strategy), words(r.Instance), flags, answer, r.Why)
		}
	}
	return b.Bytes()
}

func words[T ~string](list []T) string {
	var s []string
	for _, w := range list {
		s = append(s, string(w))
	}
	return strings.Join(s, ", ")
}

func errorsDoc(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintln(&b, "# The error codes")
	fmt.Fprintln(&b)
	fmt.Fprintln(&b, "Printed from package domain. Codes are never renamed. Retry says whether the same call may succeed later;")
	fmt.Fprintln(&b, "breaker, whether a circuit breaker counts the error as a failure of the cluster.")
	fmt.Fprintln(&b)
	fmt.Fprintln(&b, "| code | kind | HTTP | retry | breaker | meaning |\n|---|---|---|---|---|---|")
	for _, c := range commentedCodes(t) {
		fmt.Fprintf(&b, "| `%s` | %s | %d | %s | %s | %s |\n", c.code, c.code.Kind(), c.code.HTTPStatus(), c.code.Retry(), c.code.Breaker(), c.comment)
	}
	return b.Bytes()
}

type commentedCode struct {
	code    Code
	name    string
	comment string
}

// commentedCodes reads the constants of code.go in their order: the comments are the one place that tells the meaning.
func commentedCodes(t *testing.T) []commentedCode {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var codes []commentedCode
	for _, decl := range file.Decls {
		constants, ok := decl.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			value := spec.(*ast.ValueSpec)
			text, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, commentedCode{Code(text), value.Names[0].Name, strings.TrimSpace(value.Comment.Text())})
		}
	}
	return codes
}

func TestEveryCodeHasARowAndAComment(t *testing.T) {
	codes := commentedCodes(t)
	if len(codes) < 80 {
		t.Fatalf("found %d constants in code.go", len(codes))
	}
	for _, c := range codes {
		row, ok := codeTable[c.code]
		if !ok {
			t.Errorf("%s is in no row of the table", c.name)
		}
		if kindStatus[row.kind] == 0 || row.retry == "" || row.breaker == "" {
			t.Errorf("%s: incomplete row %+v", c.name, row)
		}
		if c.comment == "" {
			t.Errorf("%s has no comment", c.name)
		}
		if want := strings.ToUpper(string(c.code)); string(c.code) != want {
			t.Errorf("%s is not upper case", c.code)
		}
	}
	if len(codes) != len(Codes()) {
		t.Errorf("%d constants, %d rows", len(codes), len(Codes()))
	}
}
