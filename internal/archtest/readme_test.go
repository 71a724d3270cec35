package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeProgram runs the README's program as it stands and compares what it prints with what the README says.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "```go\npackage main")
	program, rest, ok2 := strings.Cut(rest, "```")
	_, rest, ok3 := strings.Cut(rest, "```\n")
	want, _, ok4 := strings.Cut(rest, "```")
	if !ok || !ok2 || !ok3 || !ok4 {
		t.Fatal("the README has no program followed by its output")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte("package main"+program), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "run", file); got != want {
		t.Errorf("the README's program prints\n%s\nwant\n%s", got, want)
	}
}
