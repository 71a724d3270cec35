package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// artifactsVariable names a directory that receives the logs of every test
// binary, for CI to keep.
const artifactsVariable = "E2E_ARTIFACTS"

// printedLines is how much of the end of each log a failed run prints, and
// printedWidth how much of a line.
const (
	printedLines = 40
	printedWidth = 300
)

func logDir() (string, error) {
	parent := os.Getenv(artifactsVariable)
	if parent != "" {
		if err := os.MkdirAll(parent, 0o750); err != nil {
			return "", fmt.Errorf("make the directory for artifacts: %w", err)
		}
	}
	dir, err := os.MkdirTemp(parent, "e2e-logs-")
	if err != nil {
		return "", fmt.Errorf("make a directory for logs: %w", err)
	}
	return dir, nil
}

func printLogs(dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "--- end of %s\n%s\n", filepath.Base(file), lastLines(text, printedLines))
	}
}

func lastLines(text []byte, count int) []byte {
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	lines = lines[max(0, len(lines)-count):]
	for n, line := range lines {
		lines[n] = line[:min(len(line), printedWidth)]
	}
	return bytes.Join(lines, []byte("\n"))
}
